"""What a webhook consists of, the checks of what somebody sends for it, and when to try again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from app.core.errors import FieldProblem, ValidationError
from app.core.events import EVENTS
from app.core.urls import url_problem
from app.core.values import ValueProblem

MAX_DESCRIPTION = 255
FIELDS = ("url", "description", "events", "active")
READ_ONLY = (
    *("id", "secret_hint", "last_delivery", "version"),
    *("created_at", "updated_at"),
)
LABELS = {
    "url": "URL",
    "description": "Description",
    "events": "Events",
    "active": "Active",
    "secret": "Signing secret",
    "*": "Webhook",
}
_MINUTE, _HOUR = 60, 3_600
# Seconds before each further attempt, as the Standard Webhooks advise: three days in all.
DELAYS = (
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
LONGEST_WAIT = 24 * _HOUR
# Attempts are spread over this share of the delay, so that not all come back at one moment.
JITTER = 0.2
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def check_webhook(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their normal spelling; raise one `ValidationError` naming all that is wrong.

    ``values`` are editable fields by name; read-only ones are left out.
    """
    problems: list[FieldProblem] = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in READ_ONLY:
            continue
        if name not in CHECKS:
            problems.append(FieldProblem(name, "is not a field of a webhook"))
            continue
        try:
            found[name] = CHECKS[name](value)
        except ValueProblem as problem:
            problems.append(FieldProblem(name, str(problem)))
    if problems:
        raise ValidationError("; ".join(f"{p.field} {p.message}" for p in problems[:5]), problems)
    return found


def place_of(url: str) -> str:
    """What of a URL everybody may see: its path and query often are a password of their own."""
    parts = urlsplit(url)
    hidden = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{parts.netloc}{hidden}"


def wait_seconds(attempts: int, asked: int | None, spread: float) -> int | None:
    """How long to wait after so many failed attempts; None where that was the last.

    ``asked`` is what the receiver asked for (seconds), obeyed up to a day; ``spread``
    is a random number from 0 to 1.
    """
    if attempts > len(DELAYS):
        return None
    own = DELAYS[attempts - 1] * (1 + JITTER * spread)
    return max(round(own), min(asked or 0, LONGEST_WAIT))


def read_retry_after(text: str | None, moment: int) -> int | None:
    """The seconds that a `Retry-After` header asks to wait, a number or a date; None if neither."""
    given = (text or "").strip()
    if given.isascii() and given.isdigit():
        return int(given[:9])
    try:
        return max(0, int(parsedate_to_datetime(given).timestamp()) - moment)
    except (ValueError, TypeError, OverflowError):
        return None


def _url(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueProblem("must be a string")
    url = value.strip()
    problem = "must not be empty" if not url else url_problem(url)
    if problem:
        raise ValueProblem(problem)
    return url


def _description(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueProblem("must be a string or null")
    text = value.strip()
    if len(text) > MAX_DESCRIPTION:
        raise ValueProblem(f"must have at most {MAX_DESCRIPTION} characters (it has {len(text)})")
    if _CONTROL.search(text):
        raise ValueProblem("must be one line without control characters")
    return text or None


def _events(value: Any) -> list[str]:
    """In the order of the registry, each once."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueProblem("must be a list of names")
    unknown = next((name for name in value if name not in EVENTS), None)
    if unknown is not None:
        raise ValueProblem(f"has {unknown[:64]!r}; there are {', '.join(EVENTS)}")
    if not value:
        raise ValueProblem("must name at least one event")
    return [name for name in EVENTS if name in value]


def _active(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueProblem("must be true or false")
    return value


CHECKS: dict[str, Callable[[Any], Any]] = {
    "url": _url,
    "description": _description,
    "events": _events,
    "active": _active,
}
