"""A comparison as rows of cells: what differs, what is unknown, which value is the best. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from app.blueprints.console.cell_texts import why_not
from app.blueprints.console.display import price, shown
from app.core.fields import FIELDS, Field, Kind, RecordType
from app.core.prices import UNITS
from app.queries.entries import EntryRow
from app.queries.provider_models import ProviderModelRow
from app.queries.record_detail import OfferRow

Best = Literal["largest", "lowest"]
_ON_TOP = ("active",)
_LEFT_OUT = frozenset(("model_display_name", "extras", "architecture", "pricing", "token_limits"))
_ARCHITECTURE = (
    ("input_modalities", "Takes"),
    ("output_modalities", "Gives"),
    ("tokenizer", "Tokenizer"),
    ("instruct_type", "Instruct type"),
)
_LIMITS = (("context_length", "Context"), ("max_completion_tokens", "Longest answer"))
_BOTH_WAYS = ("per_1k_prompt_tokens", "per_1k_completion_tokens")


class Cell(NamedTuple):
    """One value: ``key`` is compared (None: unknown), ``rank`` decides which is the best."""

    text: str
    key: Any
    rank: Decimal | int | None = None
    note: str = ""
    manual: bool = False
    drift: bool = False
    unknown: bool = False
    best: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that is compared; ``best`` says what the best one of its cells is called."""

    label: str
    help: str
    cells: Sequence[Cell]
    best: Best | None = None

    @property
    def differs(self) -> bool:
        """Whether not all say the same; unknown is not the same as known."""
        return any(cell.key != self.cells[0].key for cell in self.cells)

    @property
    def is_empty(self) -> bool:
        """Whether nobody says anything."""
        return all(cell.key is None or cell.key == "" for cell in self.cells)


class Priced(NamedTuple):
    """An entry, and its offers that still exist."""

    entry: EntryRow
    offers: Sequence[OfferRow]


def entry_rows(compared: Sequence[Priced]) -> list[Row]:
    """What is compared of entries."""
    entries = [one.entry for one in compared]
    fields = FIELDS["entry"]
    rows = [
        _row("Status", "Where the values come from", entries, _status),
        _field_row("entry", fields["active"], entries),
        _row("Providers", "How many offer it", compared, _offers),
        *(_lowest(unit, compared) for unit in _BOTH_WAYS),
        _row("Longest answer", "The largest limit of its offers", compared, _longest, "largest"),
        *(
            _field_row("entry", field, entries, "largest" if field.kind is Kind.INTEGER else None)
            for field in fields.values()
            if field.name not in (*_LEFT_OUT, *_ON_TOP)
        ),
        *(_architecture_row(part, label, entries) for part, label in _ARCHITECTURE),
    ]
    return [row for row in rows if not row.is_empty]


def offer_rows(models: Sequence[ProviderModelRow]) -> list[Row]:
    """What is compared of the offers of one entry."""
    fields = FIELDS["provider_model"]
    units = {line["unit"] for m in models for line in (m.pricing or {}).get("lines", ())}
    rows = [
        _row("Its id", "The provider's own id of the model", models, lambda m: _plain(m.raw_id)),
        _row("Name", "The name this provider's offer has", models, _name),
        _row("Status", "Where the values come from", models, _status),
        _row(
            "Available",
            "Whether its own, its entry's and its provider's switches are on",
            models,
            _available,
        ),
        *(_price_row(unit, models) for unit in UNITS if unit in units or unit in _BOTH_WAYS),
        *(_limit_row(part, label, models) for part, label in _LIMITS),
        *(
            _field_row("provider_model", field, models)
            for field in fields.values()
            if field.name not in _LEFT_OUT
        ),
    ]
    return [row for row in rows if not row.is_empty]


def _row(
    label: str,
    about: str,
    records: Iterable[Any],
    cell: Callable[[Any], Cell],
    best: Best | None = None,
) -> Row:
    return Row(label, about, _with_best([cell(record) for record in records], best), best)


def _with_best(cells: list[Cell], best: Best | None) -> list[Cell]:
    """Marked where it means something: at least two are known, and not all are alike."""
    ranks = {cell.rank for cell in cells if cell.rank is not None}
    if best is None or len(ranks) < 2:
        return cells
    wanted = max(ranks) if best == "largest" else min(ranks)
    return [cell._replace(best=cell.rank == wanted) for cell in cells]


def _field_row(
    record_type: RecordType, field: Field, records: Sequence[Any], best: Best | None = None
) -> Row:
    def cell(record: Any) -> Cell:
        value = getattr(record, field.name)
        made = _plain(shown(field, value), unknown=value is None and field.owner == "feeds")
        rank = value if isinstance(value, int) and field.kind is Kind.INTEGER else None
        return _marked(made._replace(rank=rank), record, field.name)

    return _row(FIELDS[record_type][field.name].label, field.help, records, cell, best)


def _plain(text: str, *, unknown: bool = False) -> Cell:
    return Cell(text, None if unknown else text, unknown=unknown)


def _marked(cell: Cell, record: Any, field: str) -> Cell:
    """The cell with who decided it."""
    manual, drift = field in record.manual_fields, field in (record.drift or {})
    return cell._replace(manual=manual, drift=drift)


def _status(record: Any) -> Cell:
    words = [record.status]
    if record.manual_fields:
        words.append(f"{len(record.manual_fields)} by hand")
    if record.drift:
        words.append(f"{len(record.drift)} drifting")
    if record.retired_at is not None:
        words.append("retired")
    return _plain(", ".join(words))


def _name(model: ProviderModelRow) -> Cell:
    name = model.model_display_name
    return _marked(_plain(name or "", unknown=name is None), model, "model_display_name")


def _available(model: ProviderModelRow) -> Cell:
    why = why_not(model.active, model.entry_active, model.provider_active)
    return _plain(f"no: {', '.join(why)}" if why else "yes")


def _offers(one: Priced) -> Cell:
    return _plain(f"{len(one.offers):,}")


def _lowest(unit: str, compared: Sequence[Priced]) -> Row:
    """What is free, as a rule within some plan, is told beside it, not compared."""

    def cell(one: Priced) -> Cell:
        found = [(line, offer) for offer in one.offers if (line := _line(offer.pricing, unit))]
        if not found:
            return _plain("", unknown=True)
        paid = [(line, offer) for line, offer in found if Decimal(line["amount_micro_usd"])]
        free = len(found) - len(paid)
        line, offer = min(paid or found, key=lambda pair: Decimal(pair[0]["amount_micro_usd"]))
        also = f", free at {free}" if paid and free else ""
        return _priced(line)._replace(note=f"{offer.provider}{also}")

    label = f"Lowest price, {_way(unit)}"
    about = "The lowest price of its offers, those apart that are free"
    return _row(label, about, compared, cell, "lowest")


def _way(unit: str) -> str:
    return "in" if unit == _BOTH_WAYS[0] else "out"


def _longest(one: Priced) -> Cell:
    limits = [(offer.token_limits or {}).get("max_completion_tokens") for offer in one.offers]
    return _number(max((limit for limit in limits if limit is not None), default=None))


def _price_row(unit: str, models: Sequence[ProviderModelRow]) -> Row:
    def cell(model: ProviderModelRow) -> Cell:
        line = _line(model.pricing, unit)
        made = _plain("", unknown=True) if line is None else _priced(line)
        return _marked(made, model, "pricing")

    return _row(f"Price: {UNITS[unit].label.lower()}", UNITS[unit].per, models, cell, "lowest")


def _limit_row(part: str, label: str, models: Sequence[ProviderModelRow]) -> Row:
    def cell(model: ProviderModelRow) -> Cell:
        made = _number((model.token_limits or {}).get(part))
        return _marked(made, model, "token_limits")

    return _row(label, "A limit of this provider, in tokens", models, cell, "largest")


def _line(pricing: Any, unit: str) -> Any:
    return next((line for line in (pricing or {}).get("lines", ()) if line["unit"] == unit), None)


def _priced(line: Any) -> Cell:
    amount = Decimal(line["amount_micro_usd"])
    return Cell(price(line), amount, rank=amount)


def _number(value: int | None) -> Cell:
    if value is None:
        return _plain("", unknown=True)
    return Cell(f"{value:,}", value, rank=value)


def _architecture_row(part: str, label: str, entries: Sequence[EntryRow]) -> Row:
    def cell(entry: EntryRow) -> Cell:
        value = (entry.architecture or {}).get(part)
        text = ", ".join(value) if isinstance(value, list) else value or ""
        return _marked(_plain(text, unknown=not text), entry, "architecture")

    return _row(label, FIELDS["entry"]["architecture"].help, entries, cell)
