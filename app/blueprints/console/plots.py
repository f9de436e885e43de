"""Prices and limits over time: what a plot of the page draws, and the table behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.blueprints.console.display import with_cents
from app.core.prices import UNITS, dollars
from app.models import db, now
from app.queries.history import Step, list_steps
from app.queries.record_detail import OfferRow

LINES = 8
Number = str | None
Read = Callable[[Any], Number]
# How the prices of offers changed, by the offer's id, oldest first.
PriceSteps = Mapping[int, Sequence[Step]]
_LIMITS = {"context_length": "Context", "max_completion_tokens": "Completion"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is called, and (moment, exact value or None for unknown) where it turns."""

    label: str
    points: Sequence[tuple[int, Number]]
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True)
class PlotRow:
    """A moment at which a value of the plot changed; ``step`` is None where the record begins."""

    at: int
    values: Sequence[Number]
    changed: frozenset[int]
    step: Step | None


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines with a common axis. ``left_out`` counts the lines there was no room for."""

    id: str
    title: str
    unit: str
    lines: Sequence[Line]
    left_out: int = 0

    @property
    def has_changed(self) -> bool:
        return any(len(line.points) > 1 for line in self.lines)

    def rows(self) -> list[PlotRow]:
        """Every change, newest first; at the end what was there from the beginning."""
        found = []
        for at in sorted({at for line in self.lines for at, _ in line.points}):
            turned = [
                n for n, line in enumerate(self.lines) if any(t == at for t, _ in line.points)
            ]
            steps = (s for n in turned for s in self.lines[n].steps if s.created_at == at)
            values = [_value_at(line, at) for line in self.lines]
            found.append(PlotRow(at, values, frozenset(turned), next(steps, None)))
        return found[::-1]

    def data(self) -> dict[str, Any]:
        """What the script draws: moments, and for each line its values there."""
        moments = sorted({at for line in self.lines for at, _ in line.points} | {now()})
        values = [[_number(_value_at(line, at)) for at in moments] for line in self.lines]
        labels = [line.label for line in self.lines]
        return {"title": self.title, "unit": self.unit, "labels": labels, "x": moments, "y": values}


def model_plots(model: Any) -> list[Plot]:
    """The prices of a provider model, those of tokens and others apart, and its limits."""
    steps = list_steps(db.session(), "provider_model", [model.id], ("pricing", "token_limits"))
    priced, limited = (
        steps.get((model.id, "pricing"), []),
        steps.get((model.id, "token_limits"), []),
    )
    begun = model.created_at

    def prices(per: str) -> list[Line]:
        units = [name for name, unit in UNITS.items() if unit.per == per]
        lines = (_line(UNITS[u].label, begun, model.pricing, priced, _price(u)) for u in units)
        return _known(lines)

    limits = _known(
        _line(label, begun, model.token_limits, limited, _limit(name))
        for name, label in _LIMITS.items()
    )
    return [
        plot
        for plot in (
            Plot("plot-token-prices", "Prices of tokens", "US$ per million", prices("per million")),
            Plot("plot-other-prices", "Other prices", "US$ each", prices("each")),
            Plot("plot-limits", "Token limits", "tokens", limits),
        )
        if plot.lines
    ]


def entry_plots(entry: Any, offers: Sequence[OfferRow], priced: PriceSteps) -> list[Plot]:
    """An entry's context length, and what its providers charge for input and output."""
    own = list_steps(db.session(), "entry", [entry.id], ("context_length",))
    context = _line(
        "Context",
        entry.created_at,
        entry.context_length,
        own.get((entry.id, "context_length"), []),
        lambda value: None if value is None else str(value),
    )
    plots = [Plot("plot-context", "Context", "tokens", _known([context]))]
    for word, unit in (("input", "per_1k_prompt_tokens"), ("output", "per_1k_completion_tokens")):
        plots.append(_offers_plot(word, unit, offers, priced))
    return [plot for plot in plots if plot.lines]


def price_steps(offers: Sequence[OfferRow]) -> PriceSteps:
    """How the prices of these offers changed; those that never did are not there."""
    ids = [offer.id for offer in offers]
    steps = list_steps(db.session(), "provider_model", ids, ("pricing",))
    return {record_id: found for (record_id, _), found in steps.items()}


def _offers_plot(
    word: str,
    unit: str,
    offers: Sequence[OfferRow],
    priced: PriceSteps,
) -> Plot:
    lines = _known(
        _line(
            offer.provider,
            offer.created_at,
            offer.pricing,
            priced.get(offer.id, ()),
            _price(unit),
        )
        for offer in offers
    )
    # Those that changed first: with more lines than colours, the plot says nothing.
    lines.sort(key=lambda line: -len(line.points))
    title = f"Prices of {word} by provider"
    left_out = max(0, len(lines) - LINES)
    return Plot(f"plot-{word}", title, "US$ per million", lines[:LINES], left_out)


def _line(label: str, begun: int, current: Any, steps: Sequence[Step], read: Read) -> Line:
    """A line from the log: the first known value since the beginning, then each new one."""
    first = steps[0].old if steps else current
    points = [(min(begun, steps[0].created_at) if steps else begun, read(first))]
    turning = []
    for step in steps:
        value = read(step.new)
        if value == points[-1][1]:
            continue
        if step.created_at == points[-1][0]:
            points.pop()  # within a second: what it became counts
        points.append((step.created_at, value))
        turning.append(step)
    return Line(label, points, turning)


def _known(lines: Any) -> list[Line]:
    return [line for line in lines if any(value is not None for _, value in line.points)]


def _price(unit: str) -> Read:
    def read(pricing: Mapping[str, Any] | None) -> Number:
        for line in (pricing or {}).get("lines") or ():
            if line["unit"] == unit:
                return with_cents(dollars(unit, line["amount_micro_usd"]))
        return None

    return read


def _limit(name: str) -> Read:
    def read(limits: Mapping[str, Any] | None) -> Number:
        value = (limits or {}).get(name)
        return None if value is None else str(value)

    return read


def _value_at(line: Line, at: int) -> Number:
    found = None
    for moment, value in line.points:
        if moment > at:
            break
        found = value
    return found


def _number(value: Number) -> float | None:
    return None if value is None else float(value)


def plot_value(plot: Plot, value: Number) -> str:
    """A value of a plot's table."""
    if value is None:
        return "unknown"
    return f"{int(value):,}" if plot.unit == "tokens" else f"${value}"
