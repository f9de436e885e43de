"""Every value has one spelling per meaning, or is refused with a reason."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.fields import FIELDS, Field, Kind
from app.core.values import PRICE_UNITS, ValueProblem, check, money

ENTRY = FIELDS["entry"]
OFFER = FIELDS["provider_model"]
ALL = [*ENTRY.values(), *OFFER.values()]
ONE_OF_EACH_KIND = list({field.kind: field for field in ALL}.values())
ABSURD = [
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
    Decimal("1e999999999"),
    Decimal("1e-999999999"),
    float("nan"),
    float("inf"),
    10**5000,
    -(10**5000),
    1e308,
]

# How long an example takes depends on what else the machine does.
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def repr_or_type(value: Any) -> str:
    return type(value).__name__ if isinstance(value, int) else repr(value)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals(allow_nan=True)
    | st.text()
    | st.sampled_from([number for number in ABSURD if not isinstance(number, int)]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("active", True, True),
        ("model_display_name", "  GPT  4 ", "GPT  4"),
        ("model_display_name", " ", None),
        ("description", " a\r\nb ", "a\nb"),
        ("context_length", 128000, 128000),
        ("context_length", 128000.0, 128000),
        ("context_length", Decimal("1.28e5"), 128000),
        ("context_length", 0, 0),
        ("context_length", 10**15, 10**15),
        ("context_length", None, None),
        ("tags", [" a ", "b", "a"], ["a", "b"]),
        ("tags", [], []),
        ("extras", {"b": Decimal("1.0"), "a": Decimal("0.5")}, {"a": 0.5, "b": 1}),
        ("extras", {"a": "\\u0000"}, {"a": "\\u0000"}),
        (
            "architecture",
            {"modality": "text->text", "input_modalities": None},
            {
                "modality": "text->text",
                "input_modalities": [],
                "output_modalities": [],
                "tokenizer": None,
                "instruct_type": None,
            },
        ),
        (
            "supported_parameters",
            {"names": ["tools", "tools"], "default": {"top_p": Decimal("0.95"), "a": 1.0}},
            {"names": ["tools"], "default": {"a": 1, "top_p": 0.95}},
        ),
    ],
)
def test_a_value_gets_its_one_spelling(field: str, value: Any, expected: Any) -> None:
    checked = check(ENTRY[field], value)
    assert checked == expected
    assert json.dumps(checked) == json.dumps(expected)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("active", None, "null is not accepted"),
        ("active", "true", "true or false"),
        ("active", 1, "true or false"),
        ("model_display_name", 5, "must be a string"),
        ("model_display_name", "a\nb", "one line"),
        ("model_display_name", "a\x00", "NUL"),
        ("model_display_name", "\ud800", "Unicode"),
        ("model_display_name", "x" * 256, "at most 255 characters"),
        ("context_length", True, "whole number"),
        ("context_length", "1", "whole number"),
        ("context_length", 1.5, "whole number"),
        ("context_length", Decimal("1.5"), "whole number"),
        ("context_length", -1, "negative"),
        ("context_length", 10**15 + 1, "above"),
        ("tags", "a", "list of strings"),
        ("tags", ["a", 1], "list of strings"),
        ("tags", ["a", " "], "empty string"),
        ("tags", ["a"] * 1001, "at most 1000"),
        ("extras", [], "JSON object"),
        ("extras", {"a": float("nan")}, "plain values"),
        ("extras", {"a": {"b": "\x00"}}, "NUL"),
        ("extras", {"a": "\\\x00"}, "NUL"),
        ("extras", {"\ud800": 1}, "Unicode"),
        ("extras", {"a": "x" * 300_000}, "at most 262144"),
        ("extras", {"a": object()}, "plain values"),
        ("architecture", {"modalities": []}, "does not know the key 'modalities'"),
        ("architecture", {"input_modalities": "text"}, "input_modalities must be a list"),
        ("supported_parameters", {"default": []}, "object of numbers"),
        ("supported_parameters", {"default": {"a": "1"}}, "default.a must be a number"),
        ("supported_parameters", {"default": {" a": 1}}, "without spaces"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_accepted(
    field: str, value: Any, message: str
) -> None:
    with pytest.raises(ValueProblem, match=message):
        check(ENTRY[field], value)


@pytest.mark.parametrize("value", ABSURD, ids=repr_or_type)
@pytest.mark.parametrize("field", ALL, ids=lambda field: field.name)
def test_absurd_numbers_are_refused_at_once(field: Field, value: Any) -> None:
    before = time.monotonic()
    cases = [value, {"a": value}, {"default": {"a": value}}, {"context_length": value}]
    cases.append({"lines": [{"unit": "per_image", "amount_micro_usd": value}]})
    for case in cases:
        try:
            checked = check(field, case)
        except ValueProblem:
            continue
        json.dumps(checked, allow_nan=False)
    assert time.monotonic() - before < 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (0, "0"),
        ("0.00", "0"),
        ("-0", "0"),
        ("0E+9", "0"),
        (3, "3"),
        (0.15, "0.15"),
        (1e-7, "0.0000001"),
        ("1e-7", "0.0000001"),
        (Decimal("1.50"), "1.5"),
        ("+2", "2"),
        (" 2 ", "2"),
        (".5", "0.5"),
        ("2.", "2"),
        ("100", "100"),
        ("1E+3", "1000"),
        (10**15, "1000000000000000"),
        ("0.1" + "0" * 40, "0.1"),
        ("123456789012345.123456789012345678901234", "123456789012345.123456789012345678901234"),
        ("0.000000000000000000000001", "0.000000000000000000000001"),
    ],
)
def test_money_is_exact_and_canonical(given: Any, expected: str) -> None:
    assert money(given) == expected
    assert money(expected) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, "", "abc", "1_000", "1,5", "$1", "0x10", "٣", "NaN", "inf", "-1", -0.5, [1]),
        *("1e16", "1e999999999999999999999", "0." + "0" * 24 + "1"),
        *ABSURD,
    ],
    ids=repr_or_type,
)
def test_what_is_no_price_is_refused(value: Any) -> None:
    with pytest.raises(ValueProblem):
        money(value)


def test_price_lines_come_in_one_order() -> None:
    lines = [
        {"unit": "per_image", "amount_micro_usd": 1.50},
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0.10", "currency": "USD"},
    ]
    assert check(OFFER["pricing"], {"lines": lines}) == {
        "lines": [
            {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0.1", "currency": "USD"},
            {"unit": "per_image", "amount_micro_usd": "1.5", "currency": "USD"},
        ]
    }


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"lines": {}}, "must be a list"),
        ({"lines": [1]}, "must be an object"),
        ({"lines": [{"unit": "per_page", "amount_micro_usd": 1}]}, "'per_page' is not one of"),
        ({"lines": [{"unit": "per_image"}]}, "decimal number"),
        ({"lines": [{"unit": "per_image", "amount_micro_usd": 1}] * 2}, "there twice"),
        (
            {"lines": [{"unit": "per_image", "amount_micro_usd": 1, "currency": "EUR"}]},
            "must be USD",
        ),
    ],
)
def test_wrong_price_lines_are_refused(value: Any, message: str) -> None:
    with pytest.raises(ValueProblem, match=message):
        check(OFFER["pricing"], value)


@pytest.mark.parametrize("field", ONE_OF_EACH_KIND, ids=lambda field: field.name)
@relaxed
@given(value=plain)
def test_any_value_is_refused_or_gets_a_spelling_that_stays(field: Field, value: Any) -> None:
    try:
        checked = check(field, value)
    except ValueProblem:
        return
    text = json.dumps(checked, allow_nan=False)
    text.encode()
    if checked is not None:
        again = check(field, json.loads(text))
        assert again == checked
        assert json.dumps(again) == text


shaped: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.PRICING: st.fixed_dictionaries(
        {
            "lines": st.lists(
                st.fixed_dictionaries(
                    {"unit": st.sampled_from(PRICE_UNITS), "amount_micro_usd": plain}
                ),
                max_size=3,
            )
        }
    ),
    Kind.PARAMETERS: st.fixed_dictionaries(
        {"names": plain, "default": st.dictionaries(st.text(), plain, max_size=3)}
    ),
    Kind.ARCHITECTURE: st.fixed_dictionaries(
        {"modality": plain, "input_modalities": st.lists(st.text(), max_size=3)}
    ),
    Kind.TOKEN_LIMITS: st.fixed_dictionaries({"context_length": plain}),
    Kind.JSON: st.dictionaries(st.text(), plain, max_size=3),
}


@pytest.mark.parametrize("kind", shaped)
@relaxed
@given(data=st.data())
def test_nearly_right_objects_are_refused_or_get_a_spelling_that_stays(
    kind: Kind, data: st.DataObject
) -> None:
    field = next(f for f in ONE_OF_EACH_KIND if f.kind is kind)
    try:
        checked = check(field, data.draw(shaped[kind]))
    except ValueProblem:
        return
    assert check(field, json.loads(json.dumps(checked, allow_nan=False))) == checked


@relaxed
@given(st.decimals(min_value=0, max_value=10**15, places=24))
def test_money_loses_nothing(amount: Decimal) -> None:
    assert Decimal(money(amount)) == amount
