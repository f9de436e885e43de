"""What guards hold back: a case for every rule, boundaries and unknown values."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.fields import CAPABILITY_NAMES
from app.core.guards import REASONS, THRESHOLDS, judge, limits_of
from app.core.values import PRICE_UNITS

LIMITS = limits_of(None)
SHORT = {"in": "per_1k_prompt_tokens", "out": "per_1k_completion_tokens"}
SHORT |= {"image": "per_image", "search": "per_web_search", "cached": "per_1k_cached_read_tokens"}


def prices(**amounts: str) -> dict[str, Any]:
    """A price list by short names: `in`, `out`, `image`, `search`, `cached`."""
    lines = [{"unit": SHORT[n], "amount_micro_usd": a} for n, a in amounts.items()]
    return {"lines": lines}


def price(amount: str, **others: str) -> dict[str, Any]:
    return prices(**{"in": amount}, **others)


CAPABILITIES = [
    (True, False, "capability_withdrawn"),
    (True, None, "capability_withdrawn"),
    (True, True, None),
    (False, True, None),
    (False, None, None),
    (None, False, None),
    (None, True, None),
]


@pytest.mark.parametrize("name", sorted(CAPABILITY_NAMES))
@pytest.mark.parametrize(("old", "new", "reason"), CAPABILITIES)
def test_a_capability_is_not_taken_back_unseen(
    name: str, old: bool | None, new: bool | None, reason: str | None
) -> None:
    verdict = judge(name, old, new, LIMITS)
    assert (verdict and verdict.reason) == reason
    assert judge(name, old, new, LIMITS | {"capability_withdrawn": 0}) is None


CONTEXTS = [
    (128_000, 64_000, None),  # exactly half is not more than half
    (128_000, 63_999, "context_drop"),
    (128_000, 1, "context_drop"),
    (128_000, 0, "context_drop"),
    (128_000, 128_000, None),
    (128_000, 1_000_000, None),
    (128_000, None, None),
    (0, 5, None),
    (None, 5, None),
]


@pytest.mark.parametrize(("old", "new", "reason"), CONTEXTS)
def test_a_context_is_not_more_than_halved_unseen(
    old: int | None, new: int | None, reason: str | None
) -> None:
    verdict = judge("context_length", old, new, LIMITS)
    assert (verdict and verdict.reason) == reason
    before, after = ({"context_length": n} if n is not None else None for n in (old, new))
    of_model = judge("token_limits", before, after, LIMITS)
    assert (of_model and of_model.reason) == reason


def test_a_cut_context_says_how_much_it_lost() -> None:
    verdict = judge("context_length", 2_000_000, 131_072, LIMITS)
    assert verdict is not None
    assert verdict.message == "down by 93 %, from 2,000,000 to 131,072 tokens"
    assert verdict.size == pytest.approx(15.26, abs=0.01)


PRICES = [
    (price("100"), price("500"), None),  # exactly five times is not more
    (price("100"), price("500.1"), "price_jump"),
    (price("100"), price("20"), None),
    (price("100"), price("19.9"), "price_jump"),
    (price("2.5"), price("2500000"), "price_jump"),
    (price("100"), price("0"), "price_zero"),
    (price("0"), price("100"), "price_zero"),
    (price("0"), price("0"), None),
    (price("100"), None, "price_unknown"),
    (price("100"), price("100", out="5"), None),  # a new line is compared with nothing
    (None, price("100"), None),
    (prices(), price("100"), None),
    # Beside other prices zero means "not charged separately".
    (price("100", search="0"), price("100", search="10000"), None),
    (price("100", image="4800"), price("100", image="0"), None),
    (price("100", image="4800"), price("100"), None),
    (price("100", image="4"), price("100", image="40"), "price_jump"),
    (price("0", search="0"), price("100", search="10"), "price_zero"),
    (price("100", out="5"), price("100", out="0"), "price_zero"),
    (price("100", out="5"), price("100"), "price_unknown"),
    # Where nothing else costs, it means free.
    (prices(image="4"), prices(image="0"), "price_zero"),
    (prices(image="0"), prices(image="4"), "price_zero"),
    (prices(image="4"), None, "price_unknown"),
    (prices(image="0"), None, None),
    (price("0", image="0"), price("5"), "price_zero"),
]


@pytest.mark.parametrize(("old", "new", "reason"), PRICES)
def test_a_price_does_not_slip_unseen(
    old: dict[str, Any] | None, new: dict[str, Any] | None, reason: str | None
) -> None:
    verdict = judge("pricing", old, new, LIMITS)
    assert (verdict and verdict.reason) == reason


def test_the_gravest_line_is_named() -> None:
    verdict = judge("pricing", price("3", out="150"), price("30", out="15000"), LIMITS)
    assert verdict is not None
    assert (verdict.message, verdict.size) == ("Completion tokens: up 100 times", 100)


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("price_factor", 10, price("100"), price("1000")),
        ("price_zero", 0, price("100"), price("0")),
        ("price_unknown", 0, price("100"), None),
        ("context_drop", 60, 100, 40),
        ("capability_withdrawn", 0, True, False),
    ],
)
def test_a_feed_may_set_each_threshold_otherwise(
    name: str, value: float, old: Any, new: Any
) -> None:
    field = {"context_drop": "context_length", "capability_withdrawn": "supports_tools"}
    which = field.get(name, "pricing")
    assert judge(which, old, new, LIMITS) is not None
    assert judge(which, old, new, limits_of({name: value})) is None


@pytest.mark.parametrize("field", ["model_display_name", "family", "description", "extras"])
def test_other_fields_are_believed(field: str) -> None:
    assert judge(field, "old", None, LIMITS) is None
    assert judge(field, {"a": 1}, {"a": 2}, LIMITS) is None


def test_every_threshold_holds_its_own_default() -> None:
    assert all(t.least <= t.default <= t.most for t in THRESHOLDS.values())
    assert limits_of({"price_factor": 7, "strange": 1}) == LIMITS | {"price_factor": 7}


amounts = st.decimals("0", "1000000", places=3, allow_nan=False).map(str)
price_lists = st.dictionaries(st.sampled_from(PRICE_UNITS), amounts).map(
    lambda lines: {"lines": [{"unit": u, "amount_micro_usd": a} for u, a in lines.items()]}
)
words = st.one_of(
    st.tuples(st.just("pricing"), price_lists, price_lists),
    st.tuples(st.just("context_length"), *[st.integers(0, 10**9) | st.none()] * 2),
    st.tuples(st.sampled_from(sorted(CAPABILITY_NAMES)), *[st.booleans() | st.none()] * 2),
)


@given(words)
def test_what_stays_as_it_is_is_never_held(word: tuple[str, Any, Any]) -> None:
    field, old, _ = word
    assert judge(field, old, old, LIMITS) is None


@given(words, st.floats(1, 1e6), st.floats(1, 1e6), st.floats(0, 100), st.floats(0, 100))
def test_a_looser_threshold_holds_nothing_that_a_stricter_one_lets_pass(
    word: tuple[str, Any, Any], factor: float, more: float, drop: float, further: float
) -> None:
    strict = LIMITS | {"price_factor": min(factor, more), "context_drop": min(drop, further)}
    loose = LIMITS | {"price_factor": max(factor, more), "context_drop": max(drop, further)}
    assert judge(*word, strict) is not None or judge(*word, loose) is None


@given(words)
def test_every_verdict_has_a_known_reason_and_says_why(word: tuple[str, Any, Any]) -> None:
    verdict = judge(*word, LIMITS)
    if verdict is not None:
        assert verdict.reason in REASONS
        assert verdict.message
        assert verdict.size is None or verdict.size >= 1
