"""Items of sync runs as a person reads them: what, from what, to what, and why it waits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.blueprints.console.changes import record_address
from app.blueprints.console.display import LONG, label_of, price, price_per_million, shown
from app.core.fields import CAPABILITIES, FIELDS
from app.core.guards import REASONS
from app.core.prices import UNITS
from app.queries.sync_items import KINDS, STATES, WHOLE, ItemRow

UNKNOWN = "unknown"
_WHOLE = {
    "added": ("not in the catalog", "a new record"),
    "retired": ("in the catalog", "no longer listed: to be retired"),
    "reactivated": ("retired", "listed again"),
    "claimed": ("", "listed by this feed too"),
    "dropped": ("listed", "no longer listed by this feed"),
}
_PRICES = ("per_1k_prompt_tokens", "per_1k_completion_tokens")


def item_sides(row: ItemRow) -> tuple[str, str]:
    """What is in force, and what the feed says; of prices only those that differ."""
    if row.field is None:
        return _WHOLE.get(row.kind, ("", row.kind))
    if row.field == "pricing":
        return _prices(row.old, row.new)
    old, new = row.old, row.new
    if row.field == "token_limits":
        old, new = _differing(old, new), _differing(new, old)
    field = FIELDS["entry" if row.record_type == "entry" else "provider_model"].get(row.field)
    return _cut(shown(field, old)), _cut(shown(field, new))


def _differing(limits: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those of some limits that are not the same in the other ones."""
    return {k: v for k, v in (limits or {}).items() if v != (other or {}).get(k)}


def _cut(text: str) -> str:
    return (text if len(text) <= LONG else text[:LONG].rstrip() + "…") or UNKNOWN


def _prices(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[str, str]:
    before, after = ({x["unit"]: x for x in (side or {}).get("lines", ())} for side in (old, new))
    units = [u for u in UNITS if before.get(u) != after.get(u)]
    sides = [
        "\n".join(f"{UNITS[u].label}: {price(side[u]) if u in side else UNKNOWN}" for u in units)
        for side in (before, after)
    ]
    return sides[0] or UNKNOWN, sides[1] or UNKNOWN


def item_label(row: ItemRow) -> str:
    """What the item is about."""
    return "Record" if row.field is None else label_of(row.record_type, row.field)


def item_address(row: ItemRow) -> str | None:
    """The page of its record, where there is one."""
    return record_address(row.record_type, row.record)


def item_where(row: ItemRow) -> str:
    """What kind of record, and of whom."""
    kind = row.record_type.replace("_", " ")
    provider = row.record.where if row.record else (row.payload or {}).get("provider")
    if provider:
        return f"{kind} of {provider}"
    if row.record and row.record.public_id and row.record.public_id != row.name:
        return f"{kind} {row.record.public_id}"
    return kind


def item_facts(row: ItemRow) -> list[tuple[str, str]]:
    """What a record that may be added is: its id, prices, limits and capabilities."""
    payload = row.payload
    if not payload:
        return []
    offer, about = payload.get("fields") or {}, payload.get("about") or {}
    facts = [("Id", str(payload.get("raw_id", "")))]
    prices = [price_per_million(offer.get("pricing"), unit) for unit in _PRICES]
    if any(prices):
        said = " / ".join(f"${amount}" if amount else UNKNOWN for amount in prices)
        facts.append(("In / out per million", said))
    limits = shown(FIELDS["provider_model"]["token_limits"], offer.get("token_limits"))
    facts.append(
        ("Limits", limits or shown(FIELDS["entry"]["context_length"], about.get("context_length")))
    )
    facts.append(("Can", ", ".join(f.label for f in CAPABILITIES if about.get(f.name))))
    return [(label, text) for label, text in facts if text]


def reason_label(reason: str | None) -> str:
    """Why something waits, in two or three words."""
    return REASONS.get(reason or "", (reason or "").replace("_", " ").capitalize())


def kind_label(kind: str) -> str:
    """What a run found."""
    return KINDS.get(kind, kind)


def state_label(state: str) -> str:
    """What became of an item."""
    return STATES.get(state, state)


def item_size(size: float | None) -> str:
    """By how much a value changed."""
    if size is None:
        return ""
    return f"{size:,.0f} times" if size >= 100 else f"{size:,.3g} times"


def field_choices() -> dict[str, str]:
    """What people call the fields that items are about, in the order of their names."""
    names = {name: label_of(kind, name) for kind in reversed(FIELDS) for name in FIELDS[kind]}
    in_order = dict(sorted(names.items(), key=lambda pair: pair[1].casefold()))
    return {WHOLE: "the record itself", **in_order}


HELPERS = (
    *(item_sides, item_label, item_address, item_where, item_facts, item_size),
    *(reason_label, kind_label, state_label),
)
