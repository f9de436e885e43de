"""The form of a feed: what its fields hold, what was sent. What is acceptable the service says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.errors import AlmanacError
from app.core.feeds import BOUNDS, TRUSTED, is_switch
from app.core.guards import THRESHOLDS, limits_of
from app.queries.feeds import FeedRow, default_trust

LINES = ("name", "kind", "url", "path", "provider", "mode", *BOUNDS)
_OPTIONAL = ("url", "path", "provider", "interval_minutes")
_LONGEST = 15
Data = dict[str, Any]


def blank_data(kind: str) -> Data:
    """The form of a new feed."""
    return {"kind": kind, "mode": "auto", "enabled": True, "name": ""}


def stored_data(row: FeedRow) -> Data:
    """The form of a feed that is there."""
    lines = {name: _text(getattr(row, name)) for name in LINES}
    guards = {name: _text(number) for name, number in limits_of(row.guards).items()}
    return {**lines, "enabled": row.enabled, **row.trust, "guards": guards}


def sent_data(posted: MultiDict[str, str]) -> Data:
    """The form as it was sent."""
    lines = {name: posted.get(name, "").strip() for name in LINES if name in posted}
    guards = {
        name: "1" if is_switch(one) and f"guard_{name}" in posted else posted.get(f"guard_{name}")
        for name, one in THRESHOLDS.items()
    }
    return {
        **lines,
        "enabled": "enabled" in posted,
        **{name: posted.getlist(name) for name in TRUSTED},
        "guards": {name: text or "0" for name, text in guards.items()},
    }


def values_of(data: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """What was sent as settings, for the service to check.

    A new feed has what its kind has by default where nothing was filled in.
    """
    values: dict[str, Any] = {"enabled": data["enabled"]}
    for name in LINES:
        text = data.get(name)
        if text is None or (new and not text):
            continue
        if not text and name in _OPTIONAL:
            values[name] = None
        else:
            values[name] = _number(text) if name in BOUNDS else text
    if not new:
        values |= {name: data[name] for name in TRUSTED}
        values["guards"] = {name: _number(text) for name, text in data["guards"].items()}
    return values


def default_fields(row: FeedRow) -> dict[str, list[str]]:
    """The fields that a feed of this kind is trusted with unless somebody says otherwise."""
    return default_trust(row.kind)


def problems_of(error: AlmanacError) -> dict[str, str]:
    """What is wrong, by field; under an empty name what belongs to none."""
    found = {detail.field: detail.message for detail in error.details}
    return found or {"": error.message}


def _number(text: str) -> int | float | str:
    """A number; what is none stays as it was typed, for the service to refuse."""
    given = text.strip().replace(",", "") if len(text) <= _LONGEST else text
    if not given.isascii() or len(given) > _LONGEST:
        return given
    try:
        return int(given) if given.lstrip("-").isdigit() else float(given)
    except ValueError:
        return given


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
