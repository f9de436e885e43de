"""The columns of the tables: what stands in each cell, and what its head says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from app.blueprints.console.display import (
    entry_path,
    price,
    price_per_million,
    provider_path,
    shortened,
)
from app.core.fields import CAPABILITIES, ENTRY_FIELDS, FIELDS, Field, Kind, RecordType
from app.core.prices import UNITS

_TAG = Markup("<i>{}</i>")
_LINK = Markup('<a href="{}">{}</a>')
_PRICE = Markup('<span title="{}">{}</span>')
DASH = "\N{EN DASH}"
_PROMPT, _COMPLETION = "per_1k_prompt_tokens", "per_1k_completion_tokens"
_HEAD_STYLES = {
    Kind.FLAG: "flag",
    Kind.INTEGER: "num",
    Kind.PRICING: "num",
    Kind.TOKEN_LIMITS: "num",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column after the first. ``text`` gives what a cell holds, escaped, '' for nothing;
    it is None beside a flag, which needs no text. ``field`` is None where nothing is edited.
    """

    name: str
    label: str
    title: str
    style: str
    sort: str | None
    field: Field | None
    text: Callable[[Any], str] | None


def _field_text(field: Field) -> Callable[[Any], str]:
    name = field.name

    def text(record: Any) -> str:
        value = getattr(record, name)
        return "" if value is None else escape(shortened(field, value))

    return text


def _tags(record: Any) -> str:
    return "".join(_TAG.format(tag) for tag in record.tags)


def _prices(record: Any) -> str:
    """Prompt and completion, the others counted; all of them where the pointer rests."""
    lines = (record.pricing or {}).get("lines") or ()
    if not lines:
        return ""
    shown = [per_million(record.pricing, unit) for unit in (_PROMPT, _COMPLETION)]
    more = sum(line["unit"] not in (_PROMPT, _COMPLETION) for line in lines)
    text = " / ".join(shown) + (f" +{more}" if more else "")
    told = " · ".join(f"{UNITS[line['unit']].label}: {price(line)}" for line in lines)
    return _PRICE.format(told, text)


def per_million(pricing: Any, unit: str) -> str:
    """Dollars per million tokens of one unit: exact, free, or a dash where it is unknown."""
    amount = price_per_million(pricing, unit)
    return "free" if amount == "0" else amount or DASH


def _limits(record: Any) -> str:
    limits = record.token_limits or {}
    pair = [limits.get("context_length"), limits.get("max_completion_tokens")]
    if pair == [None, None]:
        return ""
    return " / ".join(DASH if number is None else f"{number:,}" for number in pair)


def _provider(record: Any) -> str:
    return _LINK.format(provider_path(record.provider_id), record.provider_name)


def _entry(record: Any) -> str:
    return _LINK.format(entry_path(record.entry_id), record.entry_id)


def _family(record: Any) -> str:
    return escape(record.family or "")


def _available(record: Any) -> str:
    return availability(record.active, record.entry_active, record.provider_active)


@lru_cache(maxsize=8)
def availability(own: bool, entry: bool, provider: bool) -> Markup:
    """Whether a provider model is available; if not, which switches are off."""
    why = why_not(own, entry, provider)
    if not why:
        return Markup('<span class="avail is-on">available</span>')
    return Markup('<span class="avail is-off" title="{}">no: {}</span>').format(
        "Not available: " + ", ".join(why), ", ".join(why)
    )


def why_not(own: bool, entry: bool, provider: bool) -> list[str]:
    """Which of the three switches keep a provider model from being available."""
    switches = (("switched off", own), ("entry off", entry), ("provider off", provider))
    return [word for word, on in switches if not on]


def _capabilities(record: Any) -> str:
    known = tuple(getattr(record, field.name) is True for field in CAPABILITIES)
    return _capability_tags(known)


@lru_cache(maxsize=256)
def _capability_tags(known: tuple[bool, ...]) -> str:
    on = (f for f, has in zip(CAPABILITIES, known, strict=True) if has)
    return "".join(_TAG.format(field.short or field.label) for field in on)


def _of_field(
    field: Field,
    text: Callable[[Any], str] | None = None,
    label: str | None = None,
    sort: str | None = None,
) -> Column:
    if field.kind is not Kind.FLAG and text is None:
        text = _tags if field.kind is Kind.TAGS else _field_text(field)
    return Column(
        field.name,
        label or field.short or field.label,
        field.help,
        _HEAD_STYLES.get(field.kind, ""),
        field.name if field.sort else sort,
        field,
        text,
    )


def _read_only(
    name: str, label: str, title: str, text: Callable[[Any], str], sort: str | None = None
) -> Column:
    return Column(name, label, title, "", sort, None, text)


_MODEL = FIELDS["provider_model"]
COLUMNS: dict[RecordType, tuple[Column, ...]] = {
    "entry": tuple(_of_field(field) for field in ENTRY_FIELDS[1:]),
    "provider_model": (
        _read_only("provider", "Provider", "Who offers it", _provider, "provider_vendor"),
        _read_only("entry", "Catalog entry", "The model it is", _entry, "model_public_id"),
        _of_field(_MODEL["active"]),
        _read_only(
            "available",
            "Available",
            "On when its own switch, its entry's and its provider's are all on",
            _available,
            "available",
        ),
        _of_field(_MODEL["pricing"], _prices, "$ per M in / out", "prompt_price"),
        _of_field(_MODEL["token_limits"], _limits, "Context / output"),
        _of_field(_MODEL["category"]),
        _of_field(_MODEL["category_order_number"]),
        _of_field(_MODEL["model_order_number"]),
        _of_field(_MODEL["instruct_model_public_id"]),
        _read_only("family", "Family", "Its catalog entry's", _family, "family"),
        _read_only("capabilities", "Capabilities", "Those of its catalog entry", _capabilities),
    ),
}
BY_NAME = {kind: {column.name: column for column in columns} for kind, columns in COLUMNS.items()}
NAME = ENTRY_FIELDS[0].name  # the display name of either kind: it shares the first column
