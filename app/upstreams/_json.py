"""Bytes of an answer to plain data, with every number exact and every trap named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from app.core.errors import FeedFormatError

_LONGEST_INTEGER = 40
_SHOWN_DUPLICATES = 1_000

_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    type(None): "null",
    bool: "a flag",
}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The decoded answer; ``duplicates`` are (path of the object, key that it holds twice)."""

    value: Any
    duplicates: tuple[tuple[str, str], ...] = ()


def decode(data: bytes) -> Decoded:
    """Decode an answer; raise `FeedFormatError` with one clear sentence if it is not JSON.

    Fractions become `Decimal`, so no price passes through binary floating point. Where
    an object holds a key twice the last value counts, and the key is reported.
    """
    text = _text(data)
    _refuse_other_formats(text)
    pairs = _Pairs()
    try:
        value = _loads(text, pairs)
    except json.JSONDecodeError as exc:
        raise FeedFormatError(_syntax_problem(exc, text)) from None
    except RecursionError:
        raise FeedFormatError("the answer is JSON nested too deeply to be a catalog") from None
    return Decoded(value, tuple(pairs.paths(value)))


def describe(value: Any) -> str:
    """What kind of JSON value this is, for messages ('a list', 'a number')."""
    return _TYPE_NAMES.get(type(value), "a number")


class _Pairs:
    """Builds objects and remembers those that hold a key twice."""

    def __init__(self) -> None:
        self.doubled: dict[int, tuple[dict[str, Any], list[str]]] = {}

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        built = dict(pairs)
        if len(built) != len(pairs) and len(self.doubled) < _SHOWN_DUPLICATES:
            seen: set[str] = set()
            # The object is kept so that its identity stays its own until `paths` is done.
            keys = [k for k, _ in pairs if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
            self.doubled[id(built)] = (built, list(dict.fromkeys(keys)))
        return built

    def paths(self, root: Any) -> Iterator[tuple[str, str]]:
        if not self.doubled:
            return
        stack: list[tuple[str, Any]] = [("", root)]
        while stack:
            path, value = stack.pop()
            if isinstance(value, dict):
                for key in self.doubled.get(id(value), (None, []))[1]:
                    yield path, key
                stack.extend((f"{path}.{k}" if path else k, v) for k, v in value.items())
            elif isinstance(value, list):
                stack.extend((f"{path}[{n}]", v) for n, v in enumerate(value))


def _loads(text: str, pairs: _Pairs) -> Any:
    try:
        return _parse(text, pairs, Decimal, int)
    except json.JSONDecodeError:
        raise
    except (InvalidOperation, ValueError):
        # Python refuses numbers of thousands of digits; they must not cost the whole answer.
        pairs.doubled.clear()
        return _parse(text, pairs, _any_fraction, _any_integer)


def _parse(
    text: str, pairs: _Pairs, fraction: Callable[[str], Any], integer: Callable[[str], Any]
) -> Any:
    return json.loads(
        text,
        object_pairs_hook=pairs,
        parse_float=fraction,
        parse_int=integer,
        parse_constant=_refuse_constant,
    )


def _any_fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text[:_LONGEST_INTEGER]


def _any_integer(text: str) -> int | Decimal:
    return int(text) if len(text) <= _LONGEST_INTEGER else Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise FeedFormatError(f"the answer contains {name}, which is not JSON")


def _text(data: bytes) -> str:
    if data[:2] == b"\x1f\x8b":
        raise FeedFormatError("the answer is gzip-compressed, not JSON")
    encoding = json.detect_encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        name = "UTF-8" if encoding.startswith("utf-8") else encoding.upper()
        raise FeedFormatError(
            f"the answer is not {name} text (byte 0x{data[exc.start]:02x} at {exc.start})"
        ) from None


def _refuse_other_formats(text: str) -> None:
    start = text[:400].lstrip().lower()
    if not start and not text.strip():
        raise FeedFormatError("the answer is empty")
    if start.startswith(("<!doctype html", "<html", "<head", "<body")):
        raise FeedFormatError("the answer is HTML, not JSON")
    if start.startswith("<"):
        what = "HTML" if "<html" in start or "<title" in start else "XML or HTML"
        raise FeedFormatError(f"the answer is {what}, not JSON")


def _syntax_problem(exc: json.JSONDecodeError, text: str) -> str:
    cut = exc.pos >= len(text.rstrip()) or exc.msg.startswith("Unterminated string")
    what = "ends in the middle" if cut else "is not valid"
    return (
        f"the JSON {what}: {exc.msg[0].lower()}{exc.msg[1:]}"
        f" at line {exc.lineno}, column {exc.colno}"
    )
