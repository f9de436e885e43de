"""What a webhook may be, and when a message that failed is sent again."""

from typing import Any

import pytest

from app.core.errors import ValidationError
from app.core.events import EVENTS
from app.core.webhooks import (
    DELAYS,
    LONGEST_WAIT,
    check_webhook,
    place_of,
    read_retry_after,
    wait_seconds,
)


def test_values_get_one_spelling() -> None:
    given = {
        "url": " https://hooks.example/a?b=c ",
        "description": "  ",
        "events": ["sync.failed", "sync.applied", "sync.failed"],
        "active": False,
        "secret_hint": "read only",
    }
    assert check_webhook(given) == {
        "url": "https://hooks.example/a?b=c",
        "description": None,
        "events": ["sync.applied", "sync.failed"],
        "active": False,
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000",
        "https://hooks.example?token=a",
        "http://[::1]:65535/x",
        "http://10.0.0.1/#a@b",
        "https://xn--bcher-kva.example/%C3%BC",
    ],
)
def test_every_address_of_a_receiver_is_accepted(url: str) -> None:
    assert check_webhook({"url": url}) == {"url": url}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", ""),
        ("url", None),
        ("url", 5),
        ("url", "ftp://hooks.example"),
        ("url", "javascript:alert(1)"),
        ("url", "https://user:password@hooks.example/"),
        ("url", "https://hooks.example/a b"),
        ("url", "https://hooks.example/\x00"),
        ("url", "https://hooks.example/\ud800"),
        ("url", "https://hooks.example/" + "x" * 2048),
        ("url", "https://"),
        ("url", "https://bücher.example/"),
        ("url", "https://hooks*.example/"),
        ("url", "https://hooks.example:0/"),
        ("url", "https://hooks.example:65536/"),
        ("url", "https://[nothing]/"),
        ("description", 5),
        ("description", "x" * 256),
        ("description", "two\nlines"),
        ("description", "\ud800"),
        ("events", []),
        ("events", None),
        ("events", "sync.applied"),
        ("events", ["sync.applied", "no.such"]),
        ("events", [None]),
        ("active", "yes"),
        ("active", None),
        ("secret", "whsec_mine"),
    ],
)
def test_what_is_not_acceptable_is_named(field: str, value: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        check_webhook({field: value})
    assert [problem.field for problem in caught.value.details] == [field]


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("https://hooks.example", "https://hooks.example"),
        ("https://hooks.example/", "https://hooks.example"),
        ("http://hooks.example:8080/secret", "http://hooks.example:8080/…"),
        ("https://hooks.example?token=secret", "https://hooks.example/…"),
    ],
)
def test_of_a_url_only_the_host_is_seen(url: str, seen: str) -> None:
    assert place_of(url) == seen


def test_attempts_are_spread_over_three_days_and_end() -> None:
    waits = [wait_seconds(n, None, 0) for n in range(1, len(DELAYS) + 2)]
    hours = [3_600 * h for h in (2, 5, 10, 14, 20, 24)]
    assert waits == [5, 300, 1_800, *hours, None]
    assert wait_seconds(2, None, 1) == 360


@pytest.mark.parametrize(
    ("attempts", "asked", "wait"),
    [(1, 120, 120), (1, 2, 5), (3, 60, 1_800), (1, 10**9, LONGEST_WAIT), (10, 60, None)],
)
def test_what_a_receiver_asks_for_lengthens_the_wait(
    attempts: int, asked: int, wait: int | None
) -> None:
    assert wait_seconds(attempts, asked, 0) == wait


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("Thu, 01 Jan 1970 00:02:00 GMT", 20),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("9" * 5000, 999_999_999),
        ("-5", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: int | None) -> None:
    assert read_retry_after(text, 100) == seconds


def test_every_event_says_what_it_is() -> None:
    assert all(event.label and event.help.endswith(".") for event in EVENTS.values())
    assert all(len(name) <= 64 for name in EVENTS)
