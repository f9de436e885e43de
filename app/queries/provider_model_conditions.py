"""What a filter of provider models means in SQL: own columns, their entry's, their provider's.

A provider model whose provider is deleted is seen by nobody.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy import false as no
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.conditions import (
    Meanings,
    Spelling,
    at_least,
    at_most,
    capability,
    costs_at_least,
    costs_at_most,
    equal,
    known,
    manual,
    meant,
    plain,
    tested,
)
from app.queries.list_args import FLAG_NAMES
from app.queries.lookup import find_entry_id
from app.queries.provider_model_filter import ProviderModelFilter

_OWN: Meanings = {
    **{name: (getattr(ProviderModel, name), equal) for name in ("status", "active", "category")},
    "manual": (ProviderModel.status, manual),
    "drift": (ProviderModel.drift, known),
    "retired": (ProviderModel.retired_at, known),
    "context_min": (ProviderModel.context_length, at_least),
    "context_max": (ProviderModel.context_length, at_most),
    "prompt_price_min": (ProviderModel.prompt_price, costs_at_least),
    "prompt_price_max": (ProviderModel.prompt_price, costs_at_most),
    "completion_price_min": (ProviderModel.completion_price, costs_at_least),
    "completion_price_max": (ProviderModel.completion_price, costs_at_most),
}
_ENTRYS: Meanings = {
    "family": (CatalogEntry.family, equal),
    **{name: (getattr(CatalogEntry, name), capability) for name in FLAG_NAMES},
}


def deleted_providers() -> Select[int]:
    """The ids of the deleted providers: few, if any."""
    return select(Provider.id).where(Provider.deleted_at.is_not(None))


def hidden_ids() -> Select[int]:
    """The ids of the provider models that nobody sees."""
    hidden = ProviderModel.__table__.alias("hidden")
    return select(hidden.c.id).where(hidden.c.provider_id.in_(deleted_providers()))


def is_available() -> ColumnElement[bool]:
    """Whether a model, its entry and its provider are all switched on, row by row."""
    return and_(
        ProviderModel.active == true(),
        _of_entry([CatalogEntry.active == true()]),
        ProviderModel.provider_id.in_(_active_providers()),
    )


def conditions(session: Session, wanted: ProviderModelFilter) -> list[ColumnElement[bool]]:
    """The conditions on `ProviderModel`, all but the search, for finding all that match."""
    found = _own(session, wanted, plain)
    entrys = meant(_ENTRYS, wanted.restrictions(), plain)
    if entrys:
        entries = select(CatalogEntry.id).where(*entrys)
        found.append(ProviderModel.entry_id.in_(entries))
    if wanted.available is not None:
        switched_on = select(CatalogEntry.id).where(CatalogEntry.active == true())
        found.append(_available(ProviderModel.entry_id.in_(switched_on), plain, wanted.available))
    return found


def walking_conditions(session: Session, wanted: ProviderModelFilter) -> list[ColumnElement[bool]]:
    """The same for testing one model after the other, in an order that an index gives.

    The entry is looked at by a scalar subquery, because no planner turns that one
    into a join.
    """
    spell = tested(session.get_bind().dialect.name)
    found = _own(session, wanted, spell)
    entrys = meant(_ENTRYS, wanted.restrictions(), plain)
    if entrys:
        found.append(_of_entry(entrys))
    if wanted.available is not None:
        switched_on = _of_entry([CatalogEntry.active == true()])
        found.append(_available(switched_on, spell, wanted.available))
    return found


def _own(
    session: Session, wanted: ProviderModelFilter, spell: Spelling
) -> list[ColumnElement[bool]]:
    found = meant(_OWN, wanted.restrictions(), spell)
    provider_id = spell(ProviderModel.provider_id)
    if wanted.provider_id is not None:
        named = select(Provider.id).where(Provider.public_id == wanted.provider_id)
        found.append(provider_id == named.scalar_subquery())
    if wanted.model_key is not None:
        found.append(_named(session, wanted.model_key, spell))
    if found or wanted.restrictions():
        return [*found, provider_id.not_in(deleted_providers())]
    # Nothing else is asked of the rows: then an index alone can give the order.
    return [ProviderModel.id.not_in(hidden_ids())]


def _named(session: Session, key: str, spell: Spelling) -> ColumnElement[bool]:
    names: list[ColumnElement[bool]] = [
        spell(ProviderModel.raw_id) == key,
        spell(ProviderModel.public_id) == key,
    ]
    with suppress(NotFoundError):  # the key may be a model's own id all the same
        names.append(spell(ProviderModel.entry_id) == find_entry_id(session, key))
    return or_(*names)


def _available(
    entry_is_active: ColumnElement[bool], spell: Spelling, wanted: bool
) -> ColumnElement[bool]:
    own, provider_id = spell(ProviderModel.active), spell(ProviderModel.provider_id)
    if wanted:
        return and_(own == true(), provider_id.in_(_active_providers()), entry_is_active)
    return or_(own == no(), provider_id.not_in(_active_providers()), ~entry_is_active)


def _active_providers() -> Select[int]:
    return select(Provider.id).where(Provider.active == true(), Provider.deleted_at.is_(None))


def _of_entry(tests: list[ColumnElement[bool]]) -> ColumnElement[Any]:
    """Whether a provider model's entry passes; never unknown."""
    asked = select(and_(true(), *tests)).where(CatalogEntry.id == ProviderModel.entry_id)
    return asked.correlate(ProviderModel).scalar_subquery()
