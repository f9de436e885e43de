"""What a feed consists of besides what it says, and the checks of what somebody sends for it. Pure.

Feeds have one owner, whoever manages them: no claims, no overrides, no drift.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from app.core.errors import FieldProblem, ValidationError
from app.core.fields import RecordType, feed_fields
from app.core.guards import THRESHOLDS, Threshold
from app.core.urls import url_problem
from app.core.values import MAX_TEXT, ValueProblem, is_unicode

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
# A page of the console has this name already.
RESERVED = frozenset({"new"})
MODES = ("auto", "review")
MAX_PATH = 4096
DEFAULT_INTERVAL = 60
# Settings that are whole numbers: the least and the most.
BOUNDS: dict[str, tuple[int, int]] = {
    "priority": (0, 1_000),
    "miss_limit": (1, 100),
    "minimum_share": (0, 100),
    "interval_minutes": (5, 43_200),
}
LABELS = {
    "name": "Name",
    "kind": "Kind",
    "url": "URL",
    "path": "File",
    "provider": "Provider",
    "mode": "Mode",
    "enabled": "Switched on",
    "priority": "Priority",
    "trusted_fields": "Trusted with of entries",
    "trusted_model_fields": "Trusted with of provider models",
    "miss_limit": "Misses until retired",
    "minimum_share": "Least share of known models",
    "guards": "Guards",
    "interval_minutes": "Interval",
    "removed_at": "Removed",
    "*": "Feed",
}
# Of these a change may put other values in force: it is looked at before it is made.
WEIGHTY = ("priority", "trusted_fields", "trusted_model_fields", "miss_limit")
TRUSTED: dict[str, RecordType] = {
    "trusted_fields": "entry",
    "trusted_model_fields": "provider_model",
}
READ_ONLY = (
    "trusted_fields_default",
    "trusted_model_fields_default",
    "next_run_at",
    "last_success_at",
    "last_error_at",
    "last_error",
    "last_counts",
    "waiting_count",
    "created_at",
)


def check_feed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The settings in their normal spelling; raise one `ValidationError` naming all that is wrong.

    ``values`` are settings by name (`CHECKS`); read-only ones are left out.
    """
    problems = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in READ_ONLY:
            continue
        if name not in CHECKS:
            problems.append(FieldProblem(name, "is not a setting of a feed"))
            continue
        try:
            found[name] = CHECKS[name](value)
        except ValueProblem as problem:
            problems.append(FieldProblem(name, str(problem)))
    if problems:
        raise refused(problems)
    return found


def refused(problems: list[FieldProblem]) -> ValidationError:
    """One error that says all of them."""
    return ValidationError("; ".join(f"{p.field} {p.message}" for p in problems[:5]), problems)


def trustable(record_type: RecordType) -> list[str]:
    """The fields that a feed may be trusted with, in registry order."""
    return [field.name for field in feed_fields(record_type)]


def _name(value: Any) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(value):
        accepted = "a to z, digits, dots, dashes and underscores, at most 64 characters"
        shown = f"{value[:MAX_TEXT]!r} is not a feed name" if isinstance(value, str) else "is none"
        raise ValueProblem(f"{shown}: {accepted}")
    if value in RESERVED:
        raise ValueProblem(f"{value!r} cannot be a feed's name: a page is called that")
    return value


def _kind(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueProblem("must be the name of a feed kind")
    return value


def _text(value: Any, limit: int) -> str:
    if not isinstance(value, str):
        raise ValueProblem("must be a string")
    text = value.strip()
    if not text or len(text) > limit:
        raise ValueProblem(f"must have 1 to {limit} characters")
    if not text.isprintable() or not is_unicode(text):
        raise ValueProblem("must be one line without control characters")
    return text


def _url(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueProblem("must be a string")
    url = value.strip()
    if problem := url_problem(url):
        raise ValueProblem(problem)
    return url


def _path(value: Any) -> str | None:
    return None if value is None else _text(value, MAX_PATH)


def _provider(value: Any) -> str | None:
    return None if value is None else _text(value, MAX_TEXT)


def _mode(value: Any) -> str:
    if not isinstance(value, str) or value not in MODES:
        raise ValueProblem(f"must be {' or '.join(MODES)}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueProblem("must be true or false")
    return value


def _number(name: str) -> Callable[[Any], int]:
    least, most = BOUNDS[name]

    def check(value: Any) -> int:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not least <= value <= most or value != int(value):
            raise ValueProblem(f"must be a whole number, {least:,} to {most:,}")
        return int(value)

    return check


def _interval(value: Any) -> int | None:
    return None if value is None else _number("interval_minutes")(value)


def _trust(record_type: RecordType) -> Callable[[Any], list[str] | None]:
    known = trustable(record_type)

    def check(value: Any) -> list[str] | None:
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise ValueProblem("must be a list of field names, or null")
        unknown = sorted(set(value) - set(known))
        if unknown:
            raise ValueProblem(
                f"names {unknown[0][:MAX_TEXT]!r}, which no feed fills; they are {', '.join(known)}"
            )
        return [name for name in known if name in value]

    return check


def _guards(value: Any) -> dict[str, float] | None:
    """Only what differs from the defaults; null stands for the default."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ValueProblem("must be an object of thresholds")
    unknown = sorted(set(value) - set(THRESHOLDS))
    if unknown:
        raise ValueProblem(
            f"has the key {unknown[0][:MAX_TEXT]!r}; its keys are {', '.join(THRESHOLDS)}"
        )
    given = {name: _threshold(THRESHOLDS[name], value[name]) for name in THRESHOLDS & value.keys()}
    own = {name: n for name in THRESHOLDS if (n := given.get(name)) is not None}
    return {name: n for name, n in own.items() if n != THRESHOLDS[name].default} or None


def _threshold(threshold: Threshold, value: Any) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not threshold.least <= value <= threshold.most:
        least, most = f"{threshold.least:,g}", f"{threshold.most:,.0f}"
        raise ValueProblem(f"{threshold.name} must be a number, {least} to {most}")
    if is_switch(threshold) and value not in (0, 1):
        raise ValueProblem(f"{threshold.name} must be 0 or 1")
    return int(value) if value == int(value) else float(value)


def is_switch(threshold: Threshold) -> bool:
    """Whether a guard is only on or off."""
    return (threshold.least, threshold.most) == (0, 1)


def own_list(given: Iterable[str] | None, default: Iterable[str]) -> list[str] | None:
    """A list of trusted fields as it is kept: None where it is what would be anyway."""
    listed = None if given is None else list(given)
    return None if listed is None or set(listed) == set(default) else listed


CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _name,
    "kind": _kind,
    "url": _url,
    "path": _path,
    "provider": _provider,
    "mode": _mode,
    "enabled": _flag,
    "priority": _number("priority"),
    "trusted_fields": _trust("entry"),
    "trusted_model_fields": _trust("provider_model"),
    "miss_limit": _number("miss_limit"),
    "minimum_share": _number("minimum_share"),
    "guards": _guards,
    "interval_minutes": _interval,
}
