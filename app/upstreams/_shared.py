"""What the parsers have in common: reading a raw record without ever raising for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import date
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from functools import lru_cache
from typing import Any

from app.core.errors import FeedFormatError
from app.core.fields import FIELDS
from app.core.values import PRICE_UNITS, ValueProblem, check, money
from app.upstreams._json import Decoded, decode, describe
from app.upstreams.base import JsonObject, ParsedFeed, Rejected, UpstreamModel, UpstreamProvider

PER_TOKEN = 9  # dollars per token to micro-dollars per thousand tokens: times 10^9
PER_MILLION = 3  # dollars per million tokens to the same: times 10^3
PER_UNIT = 6  # dollars per request, image or search to micro-dollars: times 10^6

MAX_ID = 255
_POSITION = 400  # a position is shown with the whole id, so that its field is not cut off
_ENTRY = FIELDS["entry"]
_EXACT = Context(prec=120, traps=[InvalidOperation, Overflow, Inexact])
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_MODALITIES = ("text", "image", "audio", "video", "file", "pdf")
_PLACE = {name: place for place, name in enumerate(_MODALITIES)}


def shown(value: object, limit: int = 100) -> str:
    """A short, storable piece of what a feed sent, for messages."""
    text = describe(value) if isinstance(value, dict | list) else str(value)
    cut = text[:limit] + "…" if len(text) > limit else text
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else "\ufffd" for c in cut)


def id_problem(value: object) -> str | None:
    """Why this cannot be the id of a record; None if it can."""
    if value is None:
        return "has no id"
    if not isinstance(value, str):
        return f"its id is {describe(value)}, not a string"
    if not value.strip():
        return "its id is empty"
    if len(value) > MAX_ID:
        return f"its id has {len(value)} characters, more than {MAX_ID}"
    if _CONTROL.search(value):
        return "its id contains a control character or half a character"
    if value != value.strip():
        return "its id begins or ends with a space"
    return None


class Report:
    """Collects what one answer yields; `feed` gives it as the parser's result."""

    def __init__(self, decoded: Decoded) -> None:
        self.models: list[UpstreamModel] = []
        self.providers: dict[str, UpstreamProvider] = {}
        self.rejected: list[Rejected] = []
        self.unreadable: set[tuple[str | None, str | None]] = set()
        self.notes: list[Rejected] = [
            Rejected(
                shown(path) or "top level",
                shown(key) if not path else None,
                f"the key {shown(key)!r} is there more than once; its last value counts",
            )
            for path, key in decoded.duplicates
        ]

    def reject(
        self, position: str, raw_id: object, reason: str, provider: str | None = None
    ) -> None:
        """Leave a record out. Without an id, a ``provider`` is left out with all its models."""
        known = shown(raw_id) if isinstance(raw_id, str) else None
        if isinstance(raw_id, str) or provider is not None:
            self.unreadable.add((provider, raw_id if isinstance(raw_id, str) else None))
        self.rejected.append(Rejected(shown(position, _POSITION) or "top level", known, reason))

    def feed(self, next_page: str | None = None) -> ParsedFeed:
        return ParsedFeed(
            tuple(self.models),
            tuple(self.providers.values()),
            tuple(self.rejected),
            tuple(self.notes),
            next_page,
            frozenset(self.unreadable),
        )


class Reader:
    """Reads the fields of one raw record; what is unusable is noted and counts as unknown.

    Every method answers None for a key that is absent or null. ``where`` is the path of
    the object inside the record, for the note.
    """

    __slots__ = ("_notes", "position", "raw_id")

    def __init__(self, report: Report, position: str, raw_id: str) -> None:
        self._notes = report.notes
        self.position = position
        self.raw_id = raw_id

    def note(self, where: str, reason: str) -> None:
        position = f"{self.position}.{where}" if where else self.position
        self._notes.append(Rejected(shown(position, _POSITION), shown(self.raw_id, MAX_ID), reason))

    def object(self, raw: JsonObject, key: str) -> JsonObject:
        """The object under a key; an empty one where there is none."""
        value = raw.get(key)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.note(key, f"is {describe(value)}, not an object; left out")
        return {}

    def flag(self, raw: JsonObject, key: str, where: str = "") -> bool | None:
        value = raw.get(key)
        if value is None or value is True or value is False:
            return value
        self.note(where + key, f"is {shown(value)}, neither true nor false; left out")
        return None

    def line(self, raw: JsonObject, key: str, field: str = "family", where: str = "") -> str | None:
        value = raw.get(key)
        if value is None:
            return None
        if type(value) is str and len(value) <= MAX_ID and value.isascii() and value.isprintable():
            return value.strip() or None  # what the check would answer, ten times faster
        try:
            text: str | None = check(_ENTRY[field], value)
        except ValueProblem as exc:
            self.note(where + key, f"{exc}; left out")
            return None
        return text

    def texts(self, raw: JsonObject, key: str, where: str = "") -> list[str] | None:
        value = raw.get(key)
        if value is None:
            return None
        try:
            texts: list[str] = check(_ENTRY["tags"], value)
        except ValueProblem as exc:
            self.note(where + key, f"{str(exc).removeprefix('tags ')}; left out")
            return None
        return texts

    def modalities(self, raw: JsonObject, key: str, where: str = "") -> list[str]:
        """Modalities in one order, whatever the order of the source; empty where unknown."""
        value = raw.get(key)
        if isinstance(value, list) and all(type(item) is str for item in value):
            ordered = _modalities(tuple(value))
            if ordered is not None:
                return list(ordered)
        self.texts(raw, key, where)  # notes what is wrong with it
        return []

    def tokens(self, raw: JsonObject, key: str, where: str = "") -> int | None:
        """A limit in tokens: a whole number above zero."""
        value = raw.get(key)
        if value is None:
            return None
        if type(value) is int and 0 < value <= 10**15:
            return value
        try:
            number: int = check(_ENTRY["context_length"], value)
        except ValueProblem as exc:
            self.note(where + key, f"{exc}; left out")
            return None
        if number == 0:
            self.note(where + key, "a limit of 0 tokens says nothing; left out")
        return number or None

    def price(self, raw: JsonObject, key: str, power: int, where: str = "") -> str | None:
        """A price in dollars, as text in micro-dollars of the unit (times 10 to the power)."""
        value = raw.get(key)
        if value is None:
            return None
        try:
            return _micro_dollars(value, power)
        except ValueProblem as exc:
            self.note(where + key, f"price {shown(value)!r} {exc}; left out")
            return None

    def day(self, raw: JsonObject, key: str, where: str = "") -> str | None:
        """An ISO date or its beginning (2025, 2025-06)."""
        value = raw.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, str) and is_day(value):
            return sys.intern(value)
        self.note(where + key, f"{shown(value)!r} is not a date; left out")
        return None


@lru_cache(maxsize=4096)
def is_day(text: str) -> bool:
    """Is this an ISO date that exists, or the beginning of one?"""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = (int(part or 1) for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _micro_dollars(value: object, power: int) -> str:
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value):
            raise ValueProblem("is not a number")
        value = value.strip()
    elif isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueProblem("is not a number")
    try:
        number = _EXACT.create_decimal(value)
        if number.is_signed() and number:
            raise ValueProblem("is negative: it varies or is not known")
        return _money(number, power)
    except DecimalException:
        raise ValueProblem("is out of range") from None


@lru_cache(maxsize=8192)
def _money(number: Decimal, power: int) -> str:
    return money(number.scaleb(power, _EXACT))


def price_lines(amounts: Mapping[str, str | None]) -> JsonObject | None:
    """The value of ``pricing`` from amounts by unit; None where no price is known."""
    lines = [
        _price_line(unit, amount)
        for unit in PRICE_UNITS
        if (amount := amounts.get(unit)) is not None
    ]
    return {"lines": lines} if lines else None


@lru_cache(maxsize=8192)
def _price_line(unit: str, amount: str) -> JsonObject:
    """Models that cost the same share one object: there are many of them."""
    return {"unit": unit, "amount_micro_usd": amount, "currency": "USD"}


def token_limits(
    reader: Reader, context: int | None, completion: int | None, where: str
) -> JsonObject | None:
    """The value of ``token_limits``; a completion limit above the context is noted and left out."""
    if context is not None and completion is not None and completion > context:
        reader.note(where, f"output limit {completion} is above the context {context}; left out")
        completion = None
    if context is None and completion is None:
        return None
    return {"context_length": context, "max_completion_tokens": completion}


@lru_cache(maxsize=1024)
def _modalities(names: tuple[str, ...]) -> tuple[str, ...] | None:
    try:
        checked = check(_ENTRY["tags"], [name.lower() for name in names])
    except ValueProblem:
        return None
    return tuple(sorted(checked, key=lambda n: (_PLACE.get(n, len(_PLACE)), n)))


def architecture(
    inputs: list[str] | None,
    outputs: list[str] | None,
    modality: str | None = None,
    tokenizer: str | None = None,
    instruct_type: str | None = None,
) -> JsonObject | None:
    """The value of ``architecture`` from ordered modalities; None where nothing is known.

    Models that are alike share one object.
    """
    if modality is None and inputs and outputs:
        modality = f"{'+'.join(inputs)}->{'+'.join(outputs)}"
        modality = modality if len(modality) <= MAX_ID else None
    if not (inputs or outputs or modality or tokenizer or instruct_type):
        return None
    return _architecture(
        modality, tuple(inputs or ()), tuple(outputs or ()), tokenizer, instruct_type
    )


@lru_cache(maxsize=1024)
def _architecture(
    modality: str | None,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    tokenizer: str | None,
    instruct_type: str | None,
) -> JsonObject:
    return {
        "modality": modality,
        "input_modalities": list(inputs),
        "output_modalities": list(outputs),
        "tokenizer": tokenizer,
        "instruct_type": instruct_type,
    }


def said_by(inputs: list[str] | None, outputs: list[str] | None) -> JsonObject:
    """The capability flags that lists of modalities settle."""
    flags: JsonObject = {}
    if inputs:
        flags["supports_images"] = "image" in inputs
        flags["supports_video"] = "video" in inputs
    if "audio" in (inputs or ()) or "audio" in (outputs or ()):
        flags["supports_audio"] = True
    elif inputs and outputs:
        flags["supports_audio"] = False
    return flags


def known(values: JsonObject) -> JsonObject:
    """Only what is known: no None, no empty object."""
    return {key: value for key, value in values.items() if value is not None and value != {}}


def extras(values: JsonObject) -> JsonObject | None:
    """The value of ``extras`` from plain values, in the order of its keys."""
    return {key: values[key] for key in sorted(values) if values[key] is not None} or None


def record_list(
    data: bytes, keys: tuple[str, ...], expected: str
) -> tuple[Decoded, str, list[Any]]:
    """The list of records under one of the keys, or the answer itself where it is a list.

    Returns what was decoded, the key ('' for a bare list) and the records; raises
    `FeedFormatError` saying what was expected.
    """
    decoded = decode(data)
    top = decoded.value
    if isinstance(top, list):
        return decoded, "", top
    if isinstance(top, dict):
        for key in keys:
            if isinstance(top.get(key), list):
                return decoded, key, top[key]
    raise wrong_shape(top, expected)


def wrong_shape(top: Any, expected: str) -> FeedFormatError:
    """The error for a top level that is not what the feed kind promises."""
    if isinstance(top, dict):
        error = top.get("error")
        text = error.get("message") if isinstance(error, dict) else error
        if isinstance(text, str):
            return FeedFormatError(f"the answer is an error message: {shown(text)}")
        keys = ", ".join(shown(key) for key in list(top)[:5]) or "none"
        return FeedFormatError(f"expected {expected}, found an object with the keys {keys}")
    return FeedFormatError(f"expected {expected}, found {describe(top)}")
