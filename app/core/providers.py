"""What a provider consists of, and the checks of what somebody sends for it. Pure.

Unlike an entry's, its fields have one owner, whoever manages providers: no claims,
no overrides, no drift.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from app.core.errors import FieldProblem, ValidationError
from app.core.urls import MAX_URL, url_problem
from app.core.values import MAX_INTEGER, MAX_TEXT, ValueProblem

MAX_KEY = 4096
MAX_ENDPOINTS = 100
MAX_METADATA = 100
MAX_META_VALUE = 4096
CATEGORIES = ("llm", "image")
DEFAULT_VENDOR = "custom"
ENDPOINT_KEYS = ("url", "weight", "priority", "healthy")
# Of these only one provider at a time can have each.
DEFAULTS = ("default_provider_image_generate", "default_provider_image_edit")
READ_ONLY = (
    "id",
    "api_key_hint",
    "model_count",
    "model_active_count",
    "last_synced_at",
    "version",
    "created_at",
    "updated_at",
)
LABELS = {
    "name": "Name",
    "vendor": "Vendor",
    "base_url": "Base URL",
    "endpoints": "Endpoints",
    "active": "Active",
    "category": "Category",
    "default_provider_image_generate": "Default for making images",
    "default_provider_image_edit": "Default for editing images",
    "metadata": "Metadata",
    "api_key": "API key",
    "deleted_at": "Deleted",
    "*": "Provider",
}

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_KEY = re.compile(r"[\x20-\x7e]*")


def check_provider(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values in their normal spelling; raise one `ValidationError` naming all that is wrong.

    ``values`` are editable fields by name (`CHECKS`); read-only ones are left out.
    """
    problems = []
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in READ_ONLY:
            continue
        if name not in CHECKS:
            problems.append(FieldProblem(name, "is not a field of a provider"))
            continue
        try:
            found[name] = CHECKS[name](value)
        except ValueProblem as problem:
            problems.append(FieldProblem(name, str(problem)))
    if problems:
        message = "; ".join(f"{p.field} {p.message}" for p in problems[:5])
        raise ValidationError(message, problems)
    return found


def hint_of(key: str) -> str:
    """What of a key may be shown: four characters of a long one, fewer of a shorter one."""
    if len(key) >= 12:
        return key[-4:]
    return key[-2:] if len(key) >= 8 else ""


def _line(value: Any, limit: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise ValueProblem("must be a string")
    text = value.strip()
    if not text:
        raise ValueProblem("must not be empty")
    if len(text) > limit:
        raise ValueProblem(f"must have at most {limit} characters (it has {len(text)})")
    _plain(text)
    return text


def _plain(text: str) -> None:
    if _CONTROL.search(text):
        raise ValueProblem("must be one line without control characters")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueProblem("must be valid Unicode") from None


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueProblem("must be true or false")
    return value


def _url(value: Any) -> str:
    url = _line(value, MAX_URL)
    if problem := url_problem(url):
        raise ValueProblem(problem)
    return url


def _optional_url(value: Any) -> str | None:
    return None if value is None else _url(value)


def _category(value: Any) -> str:
    if not isinstance(value, str) or value not in CATEGORIES:
        raise ValueProblem(f"must be {' or '.join(CATEGORIES)}")
    return value


def _whole(value: Any) -> int:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value <= MAX_INTEGER or value != int(value):
        raise ValueProblem("must be a whole number, not negative")
    return int(value)


def _endpoints(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise ValueProblem("must be a list")
    if len(value) > MAX_ENDPOINTS:
        raise ValueProblem(f"must have at most {MAX_ENDPOINTS} items")
    found: dict[str, dict[str, Any]] = {}
    for number, item in enumerate(value, 1):
        try:
            endpoint = _endpoint(item)
        except ValueProblem as problem:
            raise ValueProblem(f"item {number} {problem}") from None
        if endpoint["url"] in found:
            raise ValueProblem(f"item {number} has a URL that is there already")
        found[endpoint["url"]] = endpoint
    return list(found.values())


def _endpoint(item: Any) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise ValueProblem("must be an object")
    unknown = sorted(set(item) - set(ENDPOINT_KEYS))
    if unknown:
        raise ValueProblem(f"has the key {unknown[0][:MAX_TEXT]!r}; {_THERE_ARE}")
    given = {"weight": 1, "priority": 0, "healthy": True} | item
    checks: dict[str, Callable[[Any], Any]] = {
        "url": _url,
        "weight": _whole,
        "priority": _whole,
        "healthy": _flag,
    }
    found = {}
    for name, check in checks.items():
        try:
            found[name] = check(given.get(name))
        except ValueProblem as problem:
            raise ValueProblem(f"{name} {problem}") from None
    return found


_THERE_ARE = f"its keys are {', '.join(ENDPOINT_KEYS)}"


def _metadata(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueProblem("must be an object of strings")
    if len(value) > MAX_METADATA:
        raise ValueProblem(f"must have at most {MAX_METADATA} keys")
    found: dict[str, str] = {}
    for key, text in value.items():
        name = key.strip()
        if not name or len(name) > MAX_TEXT or _CONTROL.search(name):
            raise ValueProblem(f"keys are one line of 1 to {MAX_TEXT} characters")
        if name in found:
            raise ValueProblem(f"has the key {name!r} twice")
        found[name] = _meta_value(name, text)
    return found


def _meta_value(name: str, text: Any) -> str:
    if not isinstance(text, str):
        raise ValueProblem(f"{name!r} must be a string")
    if len(text) > MAX_META_VALUE:
        raise ValueProblem(f"{name!r} must have at most {MAX_META_VALUE} characters")
    try:
        _plain(name)
        _plain(text)
    except ValueProblem as problem:
        raise ValueProblem(f"{name!r} {problem}") from None
    return text


def _api_key(value: Any) -> str | None:
    """Never says what was sent."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueProblem("must be a string, or null to remove the key")
    key = value.strip(" ")
    if not key or len(key) > MAX_KEY:
        raise ValueProblem(f"must have 1 to {MAX_KEY} characters")
    if not _KEY.fullmatch(key):
        raise ValueProblem("must be one line of printable ASCII: it goes into an HTTP header")
    return key


CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _line,
    "vendor": _line,
    "base_url": _optional_url,
    "endpoints": _endpoints,
    "active": _flag,
    "category": _category,
    "default_provider_image_generate": _flag,
    "default_provider_image_edit": _flag,
    "metadata": _metadata,
    "api_key": _api_key,
}
