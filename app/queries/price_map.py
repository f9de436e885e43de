"""Price against context: provider models put into the cells of a plane with logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.cache import StateCache, catalog_state
from app.queries.provider_model_conditions import deleted_providers

COLUMNS_PER_DECADE, ROWS_PER_DECADE = 14, 9
CHEAPEST = 100
_MAPS = StateCache(16)


class _Placed(NamedTuple):
    """A provider model that has a context and a price."""

    id: int
    context: int
    price: float
    is_available: bool


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
    """A provider model with its limit (tokens) and prices (micro-dollars per thousand tokens)."""

    public_id: str
    name: str
    provider: str
    context: int
    prompt_price: float
    completion_price: float | None


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

    One read of the table, remembered until the catalog changes.
    """
    made: PriceMap = _MAPS.get_or_make(
        catalog_state(session), provider_id, lambda: _read(session, provider_id)
    )
    return made


def _read(session: Session, provider_id: str | None) -> PriceMap:
    model = ProviderModel
    seen = [model.retired_at.is_(None), model.provider_id.not_in(deleted_providers())]
    if provider_id is not None:
        one = select(Provider.id).where(Provider.public_id == provider_id)
        seen.append(model.provider_id.in_(one))
    placed = [model.context_length > 0, model.prompt_price.is_not(None)]
    available = and_(model.active, CatalogEntry.active, Provider.active)
    found = (
        select(model.id, model.context_length, model.prompt_price, available)
        .join(CatalogEntry, CatalogEntry.id == model.entry_id)
        .join(Provider, Provider.id == model.provider_id)
        .where(*seen, *placed)
        .order_by(model.id)
    )
    rows = [_Placed._make(row) for row in session.execute(found)]
    total = session.execute(select(func.count()).select_from(model).where(*seen)).scalar_one()
    cells = _cells(session, rows)
    return PriceMap(cells, len(rows), total - len(rows), _cheapest(session, seen + placed))


def _cells(session: Session, rows: Sequence[_Placed]) -> list[Cell]:
    groups: dict[tuple[int, int | None], list[_Placed]] = {}
    for row in rows:
        across = math.floor(math.log10(row.context) * COLUMNS_PER_DECADE)
        up = math.floor(math.log10(row.price) * ROWS_PER_DECADE) if row.price > 0 else None
        groups.setdefault((across, up), []).append(row)
    names = _names(session, [group[0].id for group in groups.values()])
    return [
        Cell(
            len(group),
            sum(bool(row.is_available) for row in group),
            (min(row.context for row in group), max(row.context for row in group)),
            (min(row.price for row in group), max(row.price for row in group)),
            *names[group[0].id],
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


def _cheapest(session: Session, conditions: list[ColumnElement[bool]]) -> list[Offer]:
    model = ProviderModel
    statement = (
        select(
            model.public_id,
            func.coalesce(model.model_display_name, model.raw_id),
            Provider.name,
            model.context_length,
            model.prompt_price,
            model.completion_price,
        )
        .join(Provider, Provider.id == model.provider_id)
        .where(*conditions, model.prompt_price > 0)
        .order_by(model.prompt_price, model.context_length.desc(), model.id)
        .limit(CHEAPEST)
    )
    return [Offer._make(row) for row in session.execute(statement)]
