"""Price against context: provider models put into the cells of a plane with logarithmic axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.models import Provider, ProviderModel
from app.models.base import JsonObject
from app.queries.cache import StateCache, catalog_state
from app.queries.provider_model_conditions import conditions, is_available
from app.queries.provider_model_filter import ProviderModelFilter

COLUMNS_PER_DECADE, ROWS_PER_DECADE = 14, 9
CHEAPEST = 100
_MAPS = StateCache(16)


class _Place(NamedTuple):
    """How many provider models have exactly this context and price; `first` is the lowest id."""

    context: int
    price: float
    models: int
    available: int
    first: int


class Cell(NamedTuple):
    """The provider models of one cell.

    Contexts in tokens, prices in micro-dollars per thousand tokens, both from the least to the
    most that occurs. `public_id` and `name` are those of one of them; `available` are switched on,
    with their provider.
    """

    models: int
    available: int
    context: tuple[int, int]
    price: tuple[float, float]
    public_id: str
    name: str


class Offer(NamedTuple):
    """A provider model with its limit (tokens) and its exact prices."""

    public_id: str
    name: str
    provider: str
    context: int
    pricing: JsonObject


@dataclass(frozen=True, slots=True)
class PriceMap:
    """The cells; how many models they show; how many lack a price or a limit; the cheapest of
    those that cost something."""

    cells: list[Cell]
    shown: int
    missing: int
    cheapest: list[Offer]


def price_map(session: Session, provider_id: str | None = None) -> PriceMap:
    """The map of all provider models, or of one provider's (its public id), without retired ones.

    Remembered until the catalog changes.
    """
    made: PriceMap = _MAPS.get_or_make(
        catalog_state(session), provider_id, lambda: _read(session, provider_id)
    )
    return made


def _read(session: Session, provider_id: str | None) -> PriceMap:
    model = ProviderModel
    seen = conditions(session, ProviderModelFilter(retired=False, provider_id=provider_id))
    placed = [model.context_length > 0, model.prompt_price.is_not(None)]
    # Counted by the database: many models share a context and a price.
    counted = (
        select(
            model.context_length,
            model.prompt_price,
            func.count(),
            func.count().filter(is_available()),
            func.min(model.id),
        )
        .where(*seen, *placed)
        .group_by(model.context_length, model.prompt_price)
        .order_by(model.context_length, model.prompt_price)
    )
    places = [_Place._make(row) for row in session.execute(counted)]
    total = session.execute(select(func.count()).select_from(model).where(*seen)).scalar_one()
    shown = sum(place.models for place in places)
    cheapest = _cheapest(session, seen + placed)
    return PriceMap(_cells(session, places), shown, total - shown, cheapest)


def _cells(session: Session, places: list[_Place]) -> list[Cell]:
    groups: dict[tuple[int, int | None], list[_Place]] = {}
    for place in places:
        across = math.floor(math.log10(place.context) * COLUMNS_PER_DECADE)
        up = math.floor(math.log10(place.price) * ROWS_PER_DECADE) if place.price > 0 else None
        groups.setdefault((across, up), []).append(place)
    names = _names(session, [min(place.first for place in group) for group in groups.values()])
    return [
        Cell(
            sum(place.models for place in group),
            sum(place.available for place in group),
            (min(place.context for place in group), max(place.context for place in group)),
            (min(place.price for place in group), max(place.price for place in group)),
            *names[min(place.first for place in group)],
        )
        for group in groups.values()
    ]


def _names(session: Session, ids: list[int]) -> dict[int, tuple[str, str]]:
    model = ProviderModel
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(ids), 500):
        part = select(model.id, model.public_id, model.model_display_name, model.raw_id).where(
            model.id.in_(ids[start : start + 500])
        )
        for pk, public_id, name, raw_id in session.execute(part):
            found[pk] = public_id, name or raw_id
    return found


def _cheapest(session: Session, among: list[ColumnElement[bool]]) -> list[Offer]:
    model = ProviderModel
    statement = (
        select(
            model.public_id,
            func.coalesce(model.model_display_name, model.raw_id),
            Provider.name,
            model.context_length,
            model.pricing,
        )
        .join(Provider, Provider.id == model.provider_id)
        .where(*among, model.prompt_price > 0)
        .order_by(model.prompt_price, model.context_length.desc(), model.id)
        .limit(CHEAPEST)
    )
    return [Offer._make(row) for row in session.execute(statement)]
