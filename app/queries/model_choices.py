"""How many provider models each provider has, and each family: what their table filters by."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.cache import StateCache, catalog_state

LIMIT = 500
CHOICES = StateCache(4)


@dataclass(frozen=True, slots=True)
class ModelCounts:
    """Numbers of provider models, in alphabetical order of what is counted by.

    ``providers`` are counted by public id; ``names`` are their names.
    """

    providers: dict[str, int]
    names: dict[str, str]
    families: dict[str, int]


def count_models_by_choice(session: Session) -> ModelCounts:
    """The counts, deleted providers left out; made once per change of the catalog."""
    return CHOICES.get_or_make(catalog_state(session), "models", lambda: _count(session))


def _count(session: Session) -> ModelCounts:
    offered = (
        select(ProviderModel.provider_id, func.count().label("number"))
        .group_by(ProviderModel.provider_id)
        .subquery()
    )
    statement = (
        select(Provider.public_id, Provider.name, func.coalesce(offered.c.number, 0))
        .outerjoin(offered, offered.c.provider_id == Provider.id)
        .where(Provider.deleted_at.is_(None))
    )
    found = sorted(session.execute(statement).all(), key=lambda row: (row[1].casefold(), row[0]))
    return ModelCounts(
        providers={row[0]: int(row[2]) for row in found},
        names={row[0]: str(row[1]) for row in found},
        families=_families(session),
    )


def _families(session: Session) -> dict[str, int]:
    """The most frequent families; entries are counted first, so that few rows are joined."""
    deleted = select(Provider.id).where(Provider.deleted_at.is_not(None))
    offered = (
        select(ProviderModel.entry_id, func.count().label("number"))
        .where(ProviderModel.provider_id.not_in(deleted))
        .group_by(ProviderModel.entry_id)
        .subquery()
    )
    number = func.sum(offered.c.number)
    statement = (
        select(CatalogEntry.family, number)
        .join(offered, offered.c.entry_id == CatalogEntry.id)
        .where(CatalogEntry.family.is_not(None))
        .group_by(CatalogEntry.family)
        .order_by(number.desc(), CatalogEntry.family)
        .limit(LIMIT)
    )
    found = [(str(family), int(count)) for family, count in session.execute(statement)]
    return dict(sorted(found, key=lambda pair: (pair[0].casefold(), pair[0])))
