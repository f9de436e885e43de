"""Bytes that are, nearly are, or pretend to be JSON."""

import codecs
import gzip
import time
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import FeedFormatError
from app.upstreams._json import decode

# How long an example takes depends on what else the machine does.
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def problem(data: bytes) -> str:
    with pytest.raises(FeedFormatError) as caught:
        decode(data)
    assert "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "data",
    [
        '{"id": "modèle 🙂"}'.encode(),
        codecs.BOM_UTF8 + '{"id": "modèle 🙂"}'.encode(),
        '{"id": "modèle 🙂"}'.encode("utf-16"),
        '{"id": "modèle 🙂"}'.encode("utf-16-le"),
        '{"id": "modèle 🙂"}'.encode("utf-16-be"),
        '{"id": "modèle 🙂"}'.encode("utf-32"),
        b'\n\t {"id": "mod\\u00e8le \\ud83d\\ude42"}\r\n',
    ],
)
def test_unicode_in_every_json_encoding_is_read(data: bytes) -> None:
    assert decode(data).value == {"id": "modèle 🙂"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the answer is empty"),
        (b" \n ", "the answer is empty"),
        (codecs.BOM_UTF8, "the answer is empty"),
        ('{"a": "é"}'.encode("latin-1"), "the answer is not UTF-8 text (byte 0xe9 at 7)"),
        (b"\xff\xfe{", "the answer is not UTF-16 text (byte 0x7b at 2)"),
        (b"<!DOCTYPE html><html></html>", "the answer is HTML, not JSON"),
        (b"\n  <html lang='en'>", "the answer is HTML, not JSON"),
        (b"<!-- login --><html>", "the answer is HTML, not JSON"),
        (b"<?xml version='1.0'?><a/>", "the answer is XML or HTML, not JSON"),
        (gzip.compress(b"{}", mtime=0), "the answer is gzip-compressed, not JSON"),
        (b'{"a": NaN}', "the answer contains NaN, which is not JSON"),
        (b'{"a": -Infinity}', "the answer contains -Infinity, which is not JSON"),
        (b'{"a": 1e5, "b": Infinity}', "the answer contains Infinity, which is not JSON"),
        (b"[" * 200_000, "the answer is JSON nested too deeply to be a catalog"),
        (b'{"a":' * 200_000, "the answer is JSON nested too deeply to be a catalog"),
        (
            b'{"data": [\n{"id": "a"},\n{"id',
            "the JSON ends in the middle: unterminated string starting at at line 3, column 2",
        ),
        (
            b'{"data": [{"id": "a"}',
            "the JSON ends in the middle: expecting ',' delimiter at line 1, column 22",
        ),
        (b'{"a": 1,}', "the JSON is not valid: "),
        (b'{"a": 1} {"b": 2}', "the JSON is not valid: extra data at line 1, column 10"),
        (b"{'a': 1}", "the JSON is not valid: "),
        (b"not found", "the JSON is not valid: expecting value at line 1, column 1"),
        (b'{"a": "line\nbreak"}', "the JSON is not valid: invalid control character"),
    ],
)
def test_what_is_not_json_is_refused_with_its_reason(data: bytes, message: str) -> None:
    assert problem(data).startswith(message)


def test_fractions_stay_exact() -> None:
    value = decode(b"[0.1, 2.5e-07, 0.049999999999999996, 1E400, -0.0]").value
    assert value == [
        Decimal("0.1"),
        Decimal("2.5e-07"),
        Decimal("0.049999999999999996"),
        Decimal("1E400"),
        Decimal("-0.0"),
    ]


def test_numbers_of_absurd_length_neither_hang_nor_cost_the_answer() -> None:
    digits = b"9" * 1_000_000
    data = b'{"a": %b, "b": 0.%b, "c": 1e%b, "d": 7, "x": 1, "x": 2}' % (digits, digits, digits)
    before = time.monotonic()
    decoded = decode(data)
    assert time.monotonic() - before < 2
    assert decoded.value["d"] == 7
    assert isinstance(decoded.value["a"], Decimal)
    assert isinstance(decoded.value["c"], str)
    assert decoded.duplicates == (("", "x"),)


def test_keys_that_are_there_twice_are_reported_and_the_last_value_counts() -> None:
    decoded = decode(
        b'{"a": {"k": 1, "k": 2, "k": 3}, "l": [0, {"m": 1, "m": 1}], "a2": 1, "a2": 2}'
    )
    assert decoded.value == {"a": {"k": 3}, "l": [0, {"m": 1}], "a2": 2}
    assert sorted(decoded.duplicates) == [("", "a2"), ("a", "k"), ("l[1]", "m")]


@relaxed
@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(data: bytes) -> None:
    try:
        decode(data)
    except FeedFormatError:
        return


@relaxed
@given(st.text(max_size=60), st.sampled_from(["utf-8", "utf-16", "utf-32", "latin-1"]))
def test_any_text_is_decoded_or_refused(text: str, encoding: str) -> None:
    try:
        decode(text.encode(encoding, errors="replace"))
    except FeedFormatError:
        return
