"""Checks that turn what somebody sent into a field's value, or say what is wrong.

One function for every door: API, forms, import, parsers. The values that come
out are plain JSON data with one spelling per meaning, so that ``==`` compares
meanings: tags without repeats, prices as canonical decimal strings, objects
with all their keys.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.fields import Field, Kind

MAX_TEXT = 255
MAX_LONG_TEXT = 65_536
MAX_REFERENCE = 32
MAX_INTEGER = 10**15
MAX_NUMBER = 10**18
MAX_DEPTH = 32
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MAX_JSON = 262_144
MAX_LIST = 1_000
MAX_PLACES = 24  # decimal places of a price

ARCHITECTURE_TEXTS = ("modality", "tokenizer", "instruct_type")
ARCHITECTURE_LISTS = ("input_modalities", "output_modalities")
PRICE_UNITS = (
    "per_1k_prompt_tokens",
    "per_1k_completion_tokens",
    "per_1k_cached_read_tokens",
    "per_1k_cached_write_tokens",
    "per_1k_reasoning_tokens",
    "per_1k_audio_tokens",
    "per_request",
    "per_image",
    "per_web_search",
    "per_internal_reasoning",
)
LIMITS = ("context_length", "max_completion_tokens")

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class ValueProblem(ValueError):
    """A value that a field does not accept; the text says what is accepted."""


class LimitsProblem(ValueProblem):
    """Token limits that are not accepted; ``names`` says which of `LIMITS` are wrong."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.names = frozenset(problems)
        told = (f"({name.replace('_', ' ')}) {text}" for name, text in problems.items())
        super().__init__("; ".join(told))


def check(field: Field, value: Any) -> Any:
    """Return the value in its one normal spelling; raise `ValueProblem` if it is not acceptable.

    ``None`` (clear it) is acceptable for nullable fields only.
    """
    if value is None:
        if field.nullable:
            return None
        raise ValueProblem("null is not accepted here")
    return _CHECKS[field.kind](value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueProblem("must be true or false")
    return value


def _text(value: Any, limit: int = MAX_TEXT) -> str | None:
    if not isinstance(value, str):
        raise ValueProblem("must be a string")
    if "\x00" in value:
        raise ValueProblem("must not contain a NUL character")
    if not is_unicode(value):
        raise ValueProblem("must be valid Unicode")
    text = value.strip()
    if len(text) > limit:
        raise ValueProblem(f"must have at most {limit} characters (it has {len(text)})")
    return text or None


def is_unicode(text: str) -> bool:
    """Whether a text has no half characters (lone surrogates), which no database stores."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _line(value: Any) -> str | None:
    text = _text(value)
    if text is not None and _CONTROL.search(text):
        raise ValueProblem("must be one line without control characters")
    return text


def _long_text(value: Any) -> str | None:
    text = _text(value, MAX_LONG_TEXT)
    return None if text is None else text.replace("\r\n", "\n")


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueProblem("must be a whole number")
    if not _finite(value):
        raise ValueProblem("must be a whole number")
    # The range comes first: int() of a Decimal such as 1e999999 would build all its digits.
    if not 0 <= value <= MAX_INTEGER:
        raise ValueProblem("must not be negative or above 10^15")
    if value != int(value):
        raise ValueProblem("must be a whole number")
    return int(value)


def _finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else value - value == 0


def _texts(value: Any, what: str) -> list[str]:
    if not isinstance(value, list):
        raise ValueProblem(f"{what} must be a list of strings")
    if len(value) > MAX_LIST:
        raise ValueProblem(f"{what} must have at most {MAX_LIST} items")
    texts: dict[str, None] = {}
    for item in value:
        if not isinstance(item, str):
            raise ValueProblem(f"{what} must be a list of strings")
        text = _line(item)
        if text is None:
            raise ValueProblem(f"{what} must not contain an empty string")
        texts[text] = None
    return list(texts)


def _object(value: Any, keys: Iterable[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueProblem("must be an object")
    unknown = sorted(set(value) - set(keys))
    if unknown:
        raise ValueProblem(f"does not know the key {unknown[0]!r}; its keys are {', '.join(keys)}")
    return value


def _architecture(value: Any) -> dict[str, Any]:
    given = _object(value, ARCHITECTURE_TEXTS + ARCHITECTURE_LISTS)
    out: dict[str, Any] = {}
    for key in ("modality", *ARCHITECTURE_LISTS, "tokenizer", "instruct_type"):
        item = given.get(key)
        if key in ARCHITECTURE_LISTS:
            out[key] = _texts([] if item is None else item, key)
        else:
            out[key] = None if item is None else _line(item)
    return out


def _parameters(value: Any) -> dict[str, Any]:
    given = _object(value, ("names", "default"))
    defaults = given.get("default")
    if defaults is None:
        defaults = {}
    if not isinstance(defaults, dict):
        raise ValueProblem("default must be an object of numbers")
    if len(defaults) > MAX_LIST:
        raise ValueProblem(f"default must have at most {MAX_LIST} items")
    names = given.get("names")
    out = {}
    for name, number in sorted(defaults.items()):
        if _line(name) != name:
            raise ValueProblem("default must have names without spaces around them as keys")
        out[name] = None if number is None else _number(f"default.{name}", number)
    return {"names": _texts([] if names is None else names, "names"), "default": out}


def _number(name: str, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueProblem(f"{name} must be a number or null")
    if not _finite(value) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise ValueProblem(f"{name} must be a finite number")
    if isinstance(value, int):
        return value
    number = float(value)
    return int(number) if number.is_integer() else number


def _is_deep(value: Any) -> bool:
    """Whether containers are nested deeper than `MAX_DEPTH`; looked at level by level."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Any] = []
        for item in level:
            inner += item.values() if isinstance(item, dict) else item
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _json(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueProblem("must be a JSON object")
    if _is_deep(value):
        raise ValueProblem(f"must not be nested deeper than {MAX_DEPTH} levels")
    try:
        text = json.dumps(
            value, allow_nan=False, default=_plain, sort_keys=True, ensure_ascii=False
        )
        text.encode()
    except UnicodeEncodeError as exc:
        raise ValueProblem("must be valid Unicode") from exc
    except (ValueError, TypeError, RecursionError) as exc:
        raise ValueProblem("must be a JSON object of plain values") from exc
    if _NUL.search(text):
        raise ValueProblem("must not contain a NUL character")
    if len(text) > MAX_JSON:
        raise ValueProblem(f"must be at most {MAX_JSON} characters of JSON")
    out: dict[str, Any] = json.loads(text)
    return out


def _plain(value: Any) -> int | float:
    if not isinstance(value, Decimal):
        raise TypeError(type(value).__name__)
    if value.is_finite() and -MAX_NUMBER <= value <= MAX_NUMBER and value == int(value):
        return int(value)
    return float(value)


def money(value: Any) -> str:
    """A price as canonical decimal text ('0.15', '3', '0'); raise `ValueProblem` if it is none.

    Takes int, Decimal or decimal text; a float is taken by its shortest repr.
    """
    number = _decimal(value)
    if not number.is_finite() or number < 0:
        raise ValueProblem("must be a decimal number, not negative")
    if number == 0:
        return "0"
    if number > MAX_INTEGER:
        raise ValueProblem("must be at most 10^15")
    digits = number.as_tuple().digits
    trailing = next(n for n, digit in enumerate(reversed(digits)) if digit)
    if int(number.as_tuple().exponent) + trailing < -MAX_PLACES:
        raise ValueProblem(f"must have at most {MAX_PLACES} decimal places")
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise ValueProblem("must be a decimal number")
    if isinstance(value, str) and not _DECIMAL.fullmatch(value.strip()):
        raise ValueProblem("must be a decimal number")
    try:
        return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation as exc:  # an exponent beyond all bounds
        raise ValueProblem("must be a decimal number") from exc


def _pricing(value: Any) -> dict[str, Any]:
    lines = _object(value, ("lines",)).get("lines", [])
    if not isinstance(lines, list):
        raise ValueProblem("lines must be a list")
    out: dict[str, dict[str, str]] = {}
    for line in lines:
        given = _object(line, ("unit", "amount_micro_usd", "currency"))
        unit = given.get("unit")
        if unit not in PRICE_UNITS:
            raise ValueProblem(f"unit {unit!r} is not one of {', '.join(PRICE_UNITS)}")
        if unit in out:
            raise ValueProblem(f"unit {unit!r} is there twice")
        if given.get("currency", "USD") != "USD":
            raise ValueProblem("currency must be USD")
        amount = money(given.get("amount_micro_usd"))
        out[unit] = {"unit": unit, "amount_micro_usd": amount, "currency": "USD"}
    return {"lines": [out[unit] for unit in PRICE_UNITS if unit in out]}


def _token_limits(value: Any) -> dict[str, int | None]:
    given = _object(value, LIMITS)
    return each_limit(lambda name: None if given.get(name) is None else _integer(given[name]))


def each_limit(read: Callable[[str], int | None]) -> dict[str, int | None]:
    """The token limits, each as ``read`` gives it by its name.

    Raises `LimitsProblem`, with all that are wrong, where ``read`` raises `ValueProblem`.
    """
    limits: dict[str, int | None] = {}
    problems: dict[str, str] = {}
    for name in LIMITS:
        try:
            limits[name] = read(name)
        except ValueProblem as problem:
            problems[name] = str(problem)
    if problems:
        raise LimitsProblem(problems)
    return limits


def _reference(value: Any) -> str | None:
    """The shape of a public id; whether there is such a record only the database knows."""
    text = _line(value)
    if text is not None and len(text) > MAX_REFERENCE:
        raise ValueProblem(f"must have at most {MAX_REFERENCE} characters")
    return text


_CHECKS: dict[Kind, Callable[[Any], Any]] = {
    Kind.FLAG: _flag,
    Kind.TEXT: _line,
    Kind.LONG_TEXT: _long_text,
    Kind.INTEGER: _integer,
    Kind.TAGS: lambda value: _texts(value, "tags"),
    Kind.CHOICE: _line,
    Kind.ARCHITECTURE: _architecture,
    Kind.PARAMETERS: _parameters,
    Kind.JSON: _json,
    Kind.PRICING: _pricing,
    Kind.TOKEN_LIMITS: _token_limits,
    Kind.REFERENCE: _reference,
}
