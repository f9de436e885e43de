"""What is known of the entries of each family: how many can do a thing, cannot, or nobody says."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from app.core.fields import CAPABILITIES
from app.models import CatalogEntry
from app.queries.cache import StateCache, catalog_state
from app.queries.entry_conditions import merged_ids

_KNOWN = StateCache(2)


class Known(NamedTuple):
    """How many of a family's entries can, and of how many it is known whether they can."""

    can: int
    known: int


class Family(NamedTuple):
    """One family; `name` is None for the entries that belong to none."""

    name: str | None
    entries: int
    capabilities: dict[str, Known]


def capability_coverage(session: Session) -> list[Family]:
    """All families by size, the largest first, those without a family last.

    Merged and retired entries are left out. One statement; remembered until the catalog changes.
    """
    made: list[Family] = _KNOWN.get_or_make(catalog_state(session), "all", lambda: _read(session))
    return made


def _read(session: Session) -> list[Family]:
    numbers = []
    for field in CAPABILITIES:
        column = getattr(CatalogEntry, field.name)
        numbers += [func.count().filter(column == true()), func.count(column)]
    statement = (
        select(CatalogEntry.family, func.count(), *numbers)
        .where(CatalogEntry.retired_at.is_(None), CatalogEntry.id.not_in(merged_ids()))
        .group_by(CatalogEntry.family)
    )
    families = [
        Family(
            name,
            entries,
            {
                field.name: Known(found[2 * at], found[2 * at + 1])
                for at, field in enumerate(CAPABILITIES)
            },
        )
        for name, entries, *found in session.execute(statement).all()
    ]
    return sorted(families, key=lambda one: (one.name is None, -one.entries, one.name or ""))
