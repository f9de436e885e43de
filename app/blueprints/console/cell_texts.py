"""What stands in the cells that are more than a field's plain value: escaped, '' for nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from app.blueprints.console.display import (
    entry_path,
    label_of,
    moment,
    moment_iso,
    price,
    price_per_million,
    provider_path,
    shortened,
    with_cents,
)
from app.core.fields import CAPABILITIES, Field, RecordType
from app.core.prices import UNITS, dollars

Text = Callable[[Any], str]

DASH = "\N{EN DASH}"
PROMPT, COMPLETION = "per_1k_prompt_tokens", "per_1k_completion_tokens"
TAGS = 3  # shown in a cell
_TAG = Markup("<i>{}</i>")
_MORE = Markup("+{}")
_LINK = Markup('<a href="{}">{}</a>')
_TOLD = Markup('<span title="{}">{}</span>')
_TIME = Markup('<time datetime="{}" title="{}">{}</time>')
_STATUS = Markup('<span class="status is-{}">{}</span>')
_HELD = Markup(
    '<span class="held" role="img" aria-label="whole {0} held"'
    ' title="The whole {0} is held: no sync changes it"></span>'
)
_RETIRED = Markup('<span class="status is-retired">retired</span>')


def of_field(field: Field) -> Text:
    """The field's value on one line."""
    name = field.name

    def text(record: Any) -> str:
        value = getattr(record, name)
        return "" if value is None else escape(shortened(field, value))

    return text


def plain(name: str) -> Text:
    """A column's text as it is."""

    def text(record: Any) -> str:
        return escape(getattr(record, name) or "")

    return text


def number(name: str) -> Text:
    """A column's number, its thousands set apart."""

    def text(record: Any) -> str:
        value = getattr(record, name)
        return "" if value is None else f"{value:,}"

    return text


def time(name: str) -> Text:
    """A moment: the day in sight, the minute where the pointer rests."""

    def text(record: Any) -> str:
        return _time(getattr(record, name))

    return text


@lru_cache(maxsize=512)
def _time(seconds: int | None) -> str:
    if seconds is None:
        return ""
    said = moment(seconds)
    return _TIME.format(moment_iso(seconds), said, said[:16])


def status(noun: str) -> Text:
    """Where the values come from, whether the whole record is held, whether it is retired."""
    held = _HELD.format(noun)

    def text(record: Any) -> str:
        return "".join(
            (
                _STATUS.format(record.status, record.status),
                held if record.protection == "entry" else "",
                _RETIRED if record.retired_at is not None else "",
            )
        )

    return text


def field_names(record_type: RecordType, column: str) -> Text:
    """The labels of the fields that a column names."""

    def text(record: Any) -> str:
        return escape(", ".join(label_of(record_type, n) for n in getattr(record, column) or ()))

    return text


def sources(record: Any) -> str:
    """How many feeds the values come from; which ones where the pointer rests."""
    feeds = sorted({name for name in record.sources.values() if name != "manual"})
    if not feeds:
        return ""
    return _TOLD.format(", ".join(feeds), f"{len(feeds)} feed{'' if len(feeds) == 1 else 's'}")


def tags(record: Any) -> str:
    """The first of them, and how many there are besides: a cell has no room for a thousand."""
    others = len(record.tags) - TAGS
    first = "".join(_TAG.format(tag) for tag in record.tags[:TAGS])
    return first + _MORE.format(f"{others:,}") if others > 0 else first


def prices(record: Any) -> str:
    """Prompt and completion, the others counted; all of them where the pointer rests."""
    lines = (record.pricing or {}).get("lines") or ()
    if not lines:
        return ""
    shown = [per_million(record.pricing, unit) for unit in (PROMPT, COMPLETION)]
    more = sum(line["unit"] not in (PROMPT, COMPLETION) for line in lines)
    text = " / ".join(shown) + (f" +{more}" if more else "")
    told = " · ".join(f"{UNITS[line['unit']].label}: {price(line)}" for line in lines)
    return _TOLD.format(told, text)


def one_price(unit: str) -> Text:
    """What one unit costs in dollars: exact, free, or nothing where it is unknown."""

    def text(record: Any) -> str:
        for line in (record.pricing or {}).get("lines") or ():
            if line["unit"] == unit:
                amount = line["amount_micro_usd"]
                return "free" if amount == "0" else with_cents(dollars(unit, amount))
        return ""

    return text


def per_million(pricing: Any, unit: str) -> str:
    """Dollars per million tokens of one unit: exact, free, or a dash where it is unknown."""
    amount = price_per_million(pricing, unit)
    return "free" if amount == "0" else amount or DASH


def limits(record: Any) -> str:
    """The context and completion limits, a dash for the unknown one."""
    known = record.token_limits or {}
    pair = [known.get("context_length"), known.get("max_completion_tokens")]
    if pair == [None, None]:
        return ""
    return " / ".join(DASH if limit is None else f"{limit:,}" for limit in pair)


def provider(record: Any) -> str:
    return _LINK.format(provider_path(record.provider_id), record.provider_name)


def entry(record: Any) -> str:
    return _LINK.format(entry_path(record.entry_id), record.entry_id)


def available(record: Any) -> str:
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


def capabilities(record: Any) -> str:
    known = tuple(getattr(record, field.name) is True for field in CAPABILITIES)
    return _capability_tags(known)


@lru_cache(maxsize=256)
def _capability_tags(known: tuple[bool, ...]) -> str:
    on = (f for f, has in zip(CAPABILITIES, known, strict=True) if has)
    return "".join(_TAG.format(field.short or field.label) for field in on)
