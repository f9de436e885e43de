"""Where the cells of a price map lie in a picture, and where each one leads."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from app.blueprints.console.display import provider_model_path
from app.core.prices import dollars
from app.queries.price_map import Cell, PriceMap

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 748, 12, 386  # the edges of the plane in it
FREE = 30  # height of the lane at the bottom for what costs nothing
# Sizes that models are spoken of in, so far apart that their labels do not touch.
CONTEXTS = (1, 10, 100, 1_000, 8_000, 32_000, 128_000, 1_000_000, 10_000_000)
LEAST, MOST = 3.0, 11.0  # radius of a dot, in units of the picture
_UNIT = "per_1k_prompt_tokens"


class Dot(NamedTuple):
    """One cell as a dot; ``said`` names it."""

    x: float
    y: float
    radius: float
    is_available: bool
    path: str
    said: str


class Tick(NamedTuple):
    """A line of the grid with its label; ``at`` is its place along the axis."""

    at: float
    label: str


class Plot(NamedTuple):
    """The whole picture; ``free`` is the height of the lane of free models at the bottom."""

    dots: list[Dot]
    across: list[Tick]
    up: list[Tick]
    free: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = RIGHT
    top: int = TOP
    bottom: int = BOTTOM


def draw(found: PriceMap, provider_id: str | None) -> Plot | None:
    """The picture of a map, None where it shows nothing."""
    if not found.cells:
        return None
    contexts = _reach(cell.context for cell in found.cells)
    priced = [cell.price[1] for cell in found.cells if cell.price[1] > 0]
    prices = _decades(priced) if priced else (3, 4)
    free = FREE if len(priced) < len(found.cells) else 0
    floor = BOTTOM - free

    def x(context: float) -> float:
        share = (math.log10(context) - contexts[0]) / (contexts[1] - contexts[0])
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def y(price: float) -> float:
        if price <= 0:
            return BOTTOM - FREE / 2
        share = (math.log10(price) - prices[0]) / (prices[1] - prices[0])
        return round(floor - share * (floor - TOP), 1)

    dots = [
        Dot(
            x(math.sqrt(cell.context[0] * cell.context[1])),
            y(math.sqrt(cell.price[0] * cell.price[1])),
            round(min(MOST, LEAST + 1.6 * math.log2(cell.models)), 1),
            cell.available > 0,
            _path(cell, provider_id),
            _said(cell),
        )
        for cell in sorted(found.cells, key=lambda one: -one.models)
    ]
    return Plot(
        dots,
        [Tick(x(n), _tokens(n)) for n in _ticks(found, *contexts)],
        [Tick(y(10.0**n), _dollars(10.0**n)) for n in range(prices[0], prices[1] + 1)],
        free,
    )


def _reach(values: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """The logarithms between which all values lie, with room for a dot at either end."""
    listed = list(values)
    least, most = math.log10(min(v[0] for v in listed)), math.log10(max(v[1] for v in listed))
    room = max(0.15, 0.03 * (most - least))
    return least - room, most + room


def _ticks(found: PriceMap, least: float, most: float) -> list[int]:
    """The known sizes in reach; where that is hardly one, the ends of what is there."""
    known = [n for n in CONTEXTS if least <= math.log10(n) <= most]
    ends = {min(c.context[0] for c in found.cells), max(c.context[1] for c in found.cells)}
    return known if len(known) > 1 else sorted(ends)


def _decades(values: Iterable[float]) -> tuple[int, int]:
    """The powers of ten around all values, so that no dot lies beyond the scale."""
    logs = [math.log10(value) for value in values]
    least, most = math.floor(min(logs)), math.ceil(max(logs))
    return least, max(most, least + 1)


def _path(cell: Cell, provider_id: str | None) -> str:
    """The one model's page, or the table of exactly these."""
    if cell.models == 1:
        return provider_model_path(cell.public_id)
    args = {
        "context_min": str(cell.context[0]),
        "context_max": str(cell.context[1]),
        "prompt_price_min": dollars(_UNIT, repr(cell.price[0])),
        "prompt_price_max": dollars(_UNIT, repr(cell.price[1])),
        "retired": "false",
    }
    return "/provider-models?" + urlencode(
        args | ({"provider_id": provider_id} if provider_id else {})
    )


def _said(cell: Cell) -> str:
    contexts, prices = _span(cell.context, _tokens), _span(cell.price, _dollars)
    who = cell.name if cell.models == 1 else f"{cell.models:,} models, among them {cell.name}"
    return f"{who}: {contexts} tokens, {prices} per million in"


def _span(ends: tuple[float, float], word: Callable[[float], str]) -> str:
    least, most = word(ends[0]), word(ends[1])
    return least if least == most else f"{least} to {most}"


def _dollars(price: float) -> str:
    if price >= 10**9 and price % 10**9 == 0:
        return f"${int(price) // 10**9:,}M"
    if price >= 1_000_000 and price % 1_000_000 == 0:
        return f"${int(price) // 1_000_000:,}k"
    return "free" if price <= 0 else f"${dollars(_UNIT, repr(price))}"


def _tokens(count: float) -> str:
    number = int(count)
    if number >= 1_000_000 and number % 10_000 == 0:
        return f"{number / 1_000_000:g}M"
    return f"{number // 1000}k" if number >= 1000 and number % 1000 == 0 else f"{number:,}"
