"""Guards: what a feed says that is not believed without a person.

Each guard is a small pure rule over two values of one field: what counted of the
feed's word so far and what it says now. What a guard holds back waits for a
person and blocks nothing else. A record's first claim is compared with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.fields import CAPABILITY_NAMES
from app.core.prices import UNITS


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number that a feed may set otherwise: its name, meaning, unit, default and bounds."""

    name: str
    label: str
    help: str
    default: float
    least: float
    most: float
    unit: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a value is held back; ``size`` is the factor of the change (1 or more), if any."""

    reason: str
    message: str
    size: float | None = None


THRESHOLDS: dict[str, Threshold] = {
    t.name: t
    for t in (
        Threshold(
            "price_factor",
            "Price change",
            "A price that becomes more than so many times higher or lower waits for a person.",
            5,
            1,
            1_000_000,
            "times",
        ),
        Threshold(
            "context_drop",
            "Context drop",
            "A context length that loses more than this share waits for a person.",
            50,
            0,
            100,
            "%",
        ),
        Threshold(
            "capability_withdrawn",
            "Withdrawn capabilities",
            "1: a capability that a feed takes back waits for a person; 0: it does not.",
            1,
            0,
            1,
            "on or off",
        ),
        Threshold(
            "price_zero",
            "Price from or to zero",
            "1: a price that becomes free or stops being free waits for a person; 0: it does not.",
            1,
            0,
            1,
            "on or off",
        ),
        Threshold(
            "price_unknown",
            "Price no longer known",
            "1: an input, an output or the only price that vanishes waits for a person; 0: it does"
            " not.",
            1,
            0,
            1,
            "on or off",
        ),
    )
}
# reason -> what people call it.
REASONS: dict[str, str] = {
    "price_jump": "Price jump",
    "price_zero": "Price from or to zero",
    "price_unknown": "Price no longer known",
    "context_drop": "Context cut",
    "capability_withdrawn": "Capability withdrawn",
    "fewer_models": "Too few models",
    "review": "Feed under review",
    "rejected_before": "Rejected before",
    "not_chosen": "Not chosen",
    "changed_since": "Changed since",
    "reverted": "Reverted",
}

_MAIN_PRICES = ("per_1k_prompt_tokens", "per_1k_completion_tokens")


def limits_of(own: Mapping[str, float] | None) -> dict[str, float]:
    """All thresholds by name: a feed's own where it has set one, else the defaults."""
    return {name: (own or {}).get(name, t.default) for name, t in THRESHOLDS.items()}


def judge(field: str, old: Any, new: Any, limits: Mapping[str, float]) -> Verdict | None:
    """Why the new value of a field (by registry name) is held back; None: it is believed.

    ``old`` is the feed's word that counted so far; None (it knew nothing) is compared
    with nothing. ``limits`` are all thresholds, as `limits_of` gives them.
    """
    if old is None:
        return None
    if field in CAPABILITY_NAMES:
        return _judge_capability(old, new, limits)
    if field == "context_length":
        return _judge_context(old, new, limits)
    if field == "token_limits":
        now_there = (new or {}).get("context_length")
        return _judge_context(old.get("context_length"), now_there, limits)
    if field == "pricing":
        return _judge_prices(_amounts(old), _amounts(new), limits)
    return None


def _judge_capability(old: Any, new: Any, limits: Mapping[str, float]) -> Verdict | None:
    if old is not True or new is True or not limits["capability_withdrawn"]:
        return None
    how = "says no now" if new is False else "no longer says so"
    return Verdict("capability_withdrawn", f"the feed said yes before and {how}")


def _judge_context(old: Any, new: Any, limits: Mapping[str, float]) -> Verdict | None:
    if not old or new is None or new >= old:
        return None
    lost = 100 * (1 - new / old)
    if lost <= limits["context_drop"]:
        return None
    message = f"down by {lost:.0f} %, from {old:,} to {new:,} tokens"
    return Verdict("context_drop", message, old / new if new else float(old))


def _amounts(pricing: Mapping[str, Any] | None) -> dict[str, Decimal]:
    lines = (pricing or {}).get("lines", ())
    return {line["unit"]: Decimal(line["amount_micro_usd"]) for line in lines}


def _judge_prices(
    old: Mapping[str, Decimal], new: Mapping[str, Decimal], limits: Mapping[str, float]
) -> Verdict | None:
    """The gravest of what is wrong with single lines.

    Zero beside other prices means "not charged separately", and feeds begin and cease to spell
    that out (web search, images): such a line is free only where nothing else costs anything.
    """
    is_whole = any(old.values()) != any(new.values())
    found = [
        verdict
        for unit, amount in old.items()
        if is_whole or unit in _MAIN_PRICES or (amount and new.get(unit))
        if (verdict := _judge_price(unit, amount, new.get(unit), limits))
    ]
    return max(found, key=lambda verdict: verdict.size or 0, default=None)


def _judge_price(
    unit: str, old: Decimal, new: Decimal | None, limits: Mapping[str, float]
) -> Verdict | None:
    label = UNITS[unit].label
    if new is None:
        if not limits["price_unknown"] or not (old or unit in _MAIN_PRICES):
            return None
        return Verdict("price_unknown", f"{label}: there was a price, now there is none")
    if bool(old) != bool(new):
        if not limits["price_zero"]:
            return None
        return Verdict("price_zero", f"{label}: {'free now' if old else 'no longer free'}")
    if not old:
        return None
    factor = float(max(old, new) / min(old, new))
    if factor <= limits["price_factor"]:
        return None
    way = "up" if new > old else "down"
    return Verdict("price_jump", f"{label}: {way} {factor:,.4g} times", factor)
