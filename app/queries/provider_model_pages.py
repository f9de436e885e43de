"""The ids on a page of provider models: what `record_pages` has to know of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.list_args import FLAG_NAMES
from app.queries.provider_model_conditions import (
    conditions,
    hidden_ids,
    is_available,
    walking_conditions,
)
from app.queries.provider_model_filter import SORTS, ProviderModelFilter
from app.queries.record_pages import Finder, Listed, Order, orders_of
from app.queries.search import PROVIDER_MODELS

_COLUMNS = {"id": "public_id", "provider_original_model_id": "raw_id"}
# No index on what a switch writes: it would cost a switch of all models more than a list gains.
UNINDEXED = frozenset(
    {
        *("active", "status", "version", "updated_at"),
        *("category_order_number", "model_order_number", "instruct_model_public_id"),
    }
)
_ENTRY = {"model_catalog_id": "public_id", "model_public_id": "public_id", "family": "family"} | {
    name: name for name in FLAG_NAMES
}
_PROVIDER = {"provider_id": "public_id", "provider_vendor": "vendor"}
_ELSEWHERE = {"available", *_ENTRY, *_PROVIDER}


def _orders() -> dict[str, Order]:
    own = {sort: _COLUMNS.get(sort, sort) for sort in SORTS if sort not in _ELSEWHERE}
    return {
        **orders_of(ProviderModel, own, UNINDEXED),
        **{
            sort: Order(
                getattr(CatalogEntry, name).expression,
                nullable=name != "public_id",
                through=(CatalogEntry, ProviderModel.entry_id),
            )
            for sort, name in _ENTRY.items()
        },
        **{
            sort: Order(
                getattr(Provider, name).expression, through=(Provider, ProviderModel.provider_id)
            )
            for sort, name in _PROVIDER.items()
        },
        "available": Order(is_available(), indexed=False),
    }


LISTED = Listed(
    table=ProviderModel,
    search=PROVIDER_MODELS,
    orders=_orders(),
    hidden=hidden_ids,
    conditions=conditions,
    walking=walking_conditions,
    everything=ProviderModelFilter(),
)


def page_of_ids(
    session: Session, wanted: ProviderModelFilter, *, limit: int, offset: int
) -> tuple[Sequence[int], int]:
    """The row ids of a page in their order, and how many provider models match altogether."""
    return Finder(session, LISTED, wanted).page(limit, offset)


def count_provider_models(session: Session, wanted: ProviderModelFilter) -> int:
    """How many provider models match, exactly."""
    return Finder(session, LISTED, wanted).total()


def matching_provider_model_ids(session: Session, wanted: ProviderModelFilter) -> Select[int]:
    """A query for the ids of all that match, in no order, to build set-based statements on."""
    return Finder(session, LISTED, wanted).all_ids()
