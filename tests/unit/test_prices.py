"""Prices as people write them and as they are kept: exact both ways."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.prices import UNITS, dollars, micro_dollars
from app.core.values import PRICE_UNITS, ValueProblem, money

TOKENS, EACH = "per_1k_prompt_tokens", "per_image"


@pytest.mark.parametrize(
    ("unit", "written", "kept"),
    [
        (TOKENS, "0.15", "150"),
        (TOKENS, "$3", "3000"),
        (TOKENS, " 0.0375 ", "37.5"),
        (TOKENS, ".0000000001", "0.0000001"),
        (TOKENS, "0", "0"),
        (TOKENS, "0.000", "0"),
        (EACH, "0.04", "40000"),
        (EACH, "12.0000001", "12000000.1"),
    ],
)
def test_dollars_become_micro_dollars(unit: str, written: str, kept: str) -> None:
    assert micro_dollars(unit, written) == kept


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("-1", "must not be negative"),
        ("0,15", "no commas"),
        ("1e3", "an amount of dollars"),
        ("cheap", "an amount of dollars"),
        ("", "an amount of dollars"),
        ("١", "an amount of dollars"),
        ("0." + "0" * 27 + "1", "at most 27 decimal places"),
        ("9" * 16, "at most 10^15"),
        ("1" * 61, "an amount of dollars"),
    ],
)
def test_what_is_no_price_is_refused(written: str, problem: str) -> None:
    with pytest.raises(ValueProblem, match=problem.replace("^", r"\^")):
        micro_dollars(TOKENS, written)


@given(st.sampled_from(PRICE_UNITS), st.decimals(0, 10**14, places=24, allow_nan=False))
def test_nothing_is_rounded_on_the_way(unit: str, amount: Decimal) -> None:
    kept = money(amount)
    assert micro_dollars(unit, dollars(unit, kept)) == kept


def test_every_unit_is_described() -> None:
    assert set(UNITS) == set(PRICE_UNITS)
    assert UNITS[TOKENS].label == "Prompt tokens"
    assert UNITS[EACH].per == "each"
