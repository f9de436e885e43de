"""Values of fields as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from app.core.fields import FIELDS, Field, Kind
from app.core.guards import REASONS
from app.core.prices import UNITS, dollars

SHORT = 80
LONG = 400
FEW_TAGS = 5
_FLAGS = {True: "yes", False: "no"}
# What is not a registry field, but stands in the change log.
_LABELS = {"protection": "Protection", "retired_at": "Retired", "*": "Record"}


def shown(field: Field | None, value: Any) -> str:
    """The whole value as text; empty where it is unknown or holds nothing."""
    if value is None or value in ([], {}):
        return ""
    if field is None:
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _SHOWN.get(field.kind, str)(value)


def shortened(field: Field, value: Any) -> str:
    """One line that fits into a cell."""
    if field.kind is Kind.PARAMETERS and value:
        return _count(len(value.get("names") or ()), "parameter")
    if field.kind is Kind.JSON and value:
        return _first(", ".join(map(str, value)))
    return _first(shown(field, value))


def _first(text: str) -> str:
    line = " ".join(text[: SHORT * 4].split())
    return line if len(line) <= SHORT else line[: SHORT - 1].rstrip() + "…"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _architecture(value: Mapping[str, Any]) -> str:
    went_in = ", ".join(value.get("input_modalities") or ())
    came_out = ", ".join(value.get("output_modalities") or ())
    flow = f"{went_in or '?'} → {came_out or '?'}" if went_in or came_out else ""
    parts = [flow or value.get("modality"), value.get("tokenizer"), value.get("instruct_type")]
    return " · ".join(part for part in parts if part)


def _parameters(value: Mapping[str, Any]) -> str:
    names = ", ".join(value.get("names") or ())
    defaults = value.get("default") or {}
    set_to = ", ".join(f"{n} = {'none' if v is None else v}" for n, v in defaults.items())
    return " · ".join(part for part in (names, set_to and f"defaults: {set_to}") if part)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _pricing(value: Mapping[str, Any]) -> str:
    lines = value.get("lines") or ()
    return "\n".join(f"{UNITS[line['unit']].label}: {price(line)}" for line in lines)


def _limits(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{k.replace('_', ' ')} {v:,}" for k, v in value.items() if v is not None)


_SHOWN: dict[Kind, Callable[[Any], str]] = {
    Kind.FLAG: _FLAGS.__getitem__,
    Kind.INTEGER: "{:,}".format,
    Kind.TAGS: ", ".join,
    Kind.ARCHITECTURE: _architecture,
    Kind.PARAMETERS: _parameters,
    Kind.JSON: _json,
    Kind.PRICING: _pricing,
    Kind.TOKEN_LIMITS: _limits,
}


def price(line: Mapping[str, Any]) -> str:
    """One price as a person reads it; an amount of 0 is free."""
    amount, unit = line["amount_micro_usd"], UNITS[line["unit"]]
    return "free" if amount == "0" else f"${with_cents(dollars(line['unit'], amount))} {unit.per}"


def price_per_million(pricing: Mapping[str, Any] | None, unit: str) -> str:
    """Dollars per million tokens of one line, exact; empty where the line is unknown."""
    for line in (pricing or {}).get("lines", ()):
        if line["unit"] == unit:
            return with_cents(dollars(unit, line["amount_micro_usd"]))
    return ""


def with_cents(amount: str) -> str:
    """An exact amount of dollars with two decimal places at least, but for whole dollars."""
    whole, point, rest = amount.partition(".")
    return f"{whole}.{rest:0<2}" if point else whole


def label_of(record_type: str, name: str) -> str:
    """What people call a field of the change log."""
    fields = FIELDS["provider_model" if record_type == "provider_model" else "entry"]
    return fields[name].label if name in fields else _LABELS.get(name, name)


def field_of(record_type: str, name: str) -> Field | None:
    """The registry's field of a change, or None where it is no field (`*`, protection)."""
    return FIELDS["provider_model" if record_type == "provider_model" else "entry"].get(name)


def change_text(field: Field | None, name: str, value: Any, other: Any = None) -> str:
    """One side of a change as text, cut where it is very long.

    Of prices and token limits it says only the lines that ``other``, the other side, has not; of
    many tags that both sides have, how many there are.
    """
    if name == "retired_at" and isinstance(value, int):
        return moment(value)
    text = shown(field, _without(field, value, other))
    return text if len(text) <= LONG else text[:LONG].rstrip() + "…"


def _without(field: Field | None, value: Any, other: Any) -> Any:
    if field is None or not value or not other or value == other:
        return value
    if field.kind is Kind.PRICING:
        return {"lines": [line for line in value["lines"] if line not in other["lines"]]}
    if field.kind is Kind.TOKEN_LIMITS:
        return {name: limit for name, limit in value.items() if other.get(name) != limit}
    if field.kind is Kind.TAGS:
        return _few_tags(value, set(other))
    return value


def _few_tags(tags: list[str], other: set[str]) -> list[str]:
    kept = sum(tag in other for tag in tags)
    if kept <= FEW_TAGS:
        return tags
    return [*(tag for tag in tags if tag not in other), f"{kept:,} others"]


def change_words(change: Any) -> str:
    """What happened to a record as a whole."""
    if change.old is None:
        return "added"
    return "removed" if change.new is None else "changed"


def reason_label(reason: str | None) -> str:
    """What people call the reason for which a value is held."""
    return REASONS.get(reason or "", (reason or "").replace("_", " ").capitalize())


def entry_path(public_id: str) -> str:
    """The address of an entry's page."""
    return "/catalog/" + quote(public_id, safe="/:@+,")


def provider_model_path(public_id: str) -> str:
    """The address of a provider model's page."""
    return "/provider-models/" + quote(public_id, safe="")


def provider_path(public_id: str) -> str:
    """The address of a provider's page."""
    return "/providers/" + quote(public_id, safe="")


def moment(seconds: int | None) -> str:
    """A time as people in several countries read it alike, in UTC."""
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def moment_iso(seconds: int) -> str:
    """A time for the attribute `datetime`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(seconds: int | None, now: int) -> str:
    """How long ago that was, in the largest unit that says enough."""
    if seconds is None:
        return "never"
    past = max(now - seconds, 0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if past >= size:
            return f"{past // size} {unit} ago" if past < 60 * 86400 else moment(seconds)[:10]
    return "just now"


def is_link(text: Any) -> bool:
    """Whether a text from outside may become a link."""
    return isinstance(text, str) and text.startswith(("https://", "http://"))
