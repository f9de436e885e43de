"""Which values are in use, and how often: what a filter or an editor offers to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import CatalogEntry, EntryTag
from app.queries.cache import StateCache, catalog_state
from app.queries.flags import list_flag_keys

LIMIT = 500
CHOICES = StateCache(8)


@dataclass(frozen=True, slots=True)
class Choices:
    """Values in use with the number of entries that have them, in alphabetical order."""

    families: dict[str, int]
    feature_flags: dict[str, int]
    tags: dict[str, int]
    statuses: dict[str, int]


def choices_in_use(session: Session) -> Choices:
    """The choices of the whole catalog, at most 500 of each kind (the most frequent ones).

    Counted once per change of the catalog.
    """
    return CHOICES.get_or_make(catalog_state(session), "choices", lambda: _count(session))


def _count(session: Session) -> Choices:
    return Choices(
        families=_used(session, CatalogEntry.family),
        feature_flags=_flags(session),
        tags=_used(session, EntryTag.tag),
        statuses=_used(session, CatalogEntry.status),
    )


def _flags(session: Session) -> dict[str, int]:
    """Also those that no entry requires yet."""
    used = _used(session, CatalogEntry.requires_feature_flag)
    return _sorted(dict.fromkeys(list_flag_keys(session, LIMIT), 0) | used)


def _used(session: Session, column: InstrumentedAttribute[Any]) -> dict[str, int]:
    count = func.count()
    statement = (
        select(column, count)
        .where(column.is_not(None))
        .group_by(column)
        .order_by(count.desc(), column)
        .limit(LIMIT)
    )
    return _sorted({str(value): int(number) for value, number in session.execute(statement)})


def _sorted(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (pair[0].casefold(), pair[0])))
