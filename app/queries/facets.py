"""Which values are in use, and how often: what a filter or an editor offers to choose from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import CatalogEntry, EntryTag, Provider, ProviderModel
from app.queries.cache import StateCache, catalog_state
from app.queries.entry_conditions import merged_ids
from app.queries.flags import list_flag_keys
from app.queries.provider_model_conditions import deleted_providers

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


@dataclass(frozen=True, slots=True)
class OfferChoices:
    """Values in use with the number of provider models that have them, in alphabetical order.

    ``providers`` are names by public id, whatever they offer.
    """

    categories: dict[str, int]
    statuses: dict[str, int]
    providers: dict[str, str]


def offer_choices_in_use(session: Session) -> OfferChoices:
    """The choices for lists of provider models; deleted providers are left out."""
    return CHOICES.get_or_make(catalog_state(session), "offers", lambda: _count_offers(session))


def provider_names(session: Session) -> dict[str, str]:
    """The names of the providers by public id, in alphabetical order; of the deleted ones none."""
    return CHOICES.get_or_make(catalog_state(session), "names", lambda: _names(session))


def _names(session: Session) -> dict[str, str]:
    providers = select(Provider.public_id, Provider.name).where(Provider.deleted_at.is_(None))
    return _alphabetical(session.execute(providers).all(), by=1)


def _count(session: Session) -> Choices:
    return Choices(
        families=_used(session, CatalogEntry.family, _seen()),
        feature_flags=_flags(session),
        tags=_used(session, EntryTag.tag, EntryTag.entry_id.not_in(merged_ids())),
        statuses=_used(session, CatalogEntry.status, _seen()),
    )


def _flags(session: Session) -> dict[str, int]:
    """Also those that no entry requires yet."""
    used = _used(session, CatalogEntry.requires_feature_flag, _seen())
    return _alphabetical((dict.fromkeys(list_flag_keys(session, LIMIT), 0) | used).items())


def _seen() -> ColumnElement[bool]:
    return CatalogEntry.id.not_in(merged_ids())


def _count_offers(session: Session) -> OfferChoices:
    seen = ProviderModel.provider_id.not_in(deleted_providers())
    return OfferChoices(
        categories=_used(session, ProviderModel.category, seen),
        statuses=_used(session, ProviderModel.status, seen),
        providers=_names(session),
    )


def _used(
    session: Session, column: InstrumentedAttribute[Any], seen: ColumnElement[bool]
) -> dict[str, int]:
    count = func.count()
    statement = (
        select(column, count)
        .where(column.is_not(None), seen)
        .group_by(column)
        .order_by(count.desc(), column)
        .limit(LIMIT)
    )
    return _alphabetical(session.execute(statement).all())


def _alphabetical(pairs: Iterable[Any], by: int = 0) -> dict[str, Any]:
    return dict(sorted(((str(k), v) for k, v in pairs), key=lambda p: (p[by].casefold(), p[0])))
