"""Prices as people say them (dollars per million tokens) and as they are kept (micro-dollars).

Tokens are kept in micro-dollars per thousand, everything else in micro-dollars
each. All arithmetic moves a decimal point: nothing is ever rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal

from app.core.values import MAX_PLACES, PRICE_UNITS, ValueProblem, money

MAX_DIGITS = 60
_EXACT = Context(prec=4 * MAX_DIGITS)
_AMOUNT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Unit:
    """How one unit of a price is written; ``places`` is how far micro-dollars lie from dollars."""

    label: str
    per: str
    kept: str
    places: int


def _unit(name: str) -> Unit:
    words = name.removeprefix("per_1k_").removeprefix("per_").replace("_", " ")
    label = words[:1].upper() + words[1:]
    if name.startswith("per_1k_"):
        return Unit(label, "per million", "µ$ per 1k tokens", 3)
    return Unit(label, "each", f"µ$ per {words}", 6)


UNITS = {name: _unit(name) for name in PRICE_UNITS}


def dollars(unit: str, amount_micro_usd: str) -> str:
    """The kept amount in dollars (per million tokens, or each), exact and without an exponent."""
    return _plain(_EXACT.scaleb(Decimal(amount_micro_usd), -UNITS[unit].places))


def micro_dollars(unit: str, amount: str) -> str:
    """The amount to keep for what a person wrote in dollars; raise `ValueProblem` if it is none."""
    text = amount.strip().removeprefix("$").strip()
    if "," in text:
        raise ValueProblem("must have a point before its decimals and no commas, such as 0.15")
    if not _AMOUNT.fullmatch(text) or len(text) > MAX_DIGITS:
        raise ValueProblem("must be an amount of dollars, such as 0.15")
    number = Decimal(text)
    if number < 0:
        raise ValueProblem("must not be negative")
    shifted = _EXACT.scaleb(number, UNITS[unit].places)
    try:
        return money(shifted)
    except ValueProblem as problem:
        if "decimal places" not in str(problem):
            raise
        most = MAX_PLACES + UNITS[unit].places
        raise ValueProblem(f"must have at most {most} decimal places") from problem


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
