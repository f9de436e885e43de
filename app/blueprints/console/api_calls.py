"""What a page offers to do, as calls of the API: label and command, to be copied."""

from __future__ import annotations

from typing import Any

from app.blueprints.console.kinds import ENTRY, RecordKind
from app.core.fields import Field, Kind
from app.web.curl import api_call

Calls = list[tuple[str, str]]
_WRITTEN = {Kind.TEXT, Kind.LONG_TEXT, Kind.INTEGER, Kind.TAGS, Kind.CHOICE, Kind.REFERENCE}


def record_calls(kind: RecordKind, record: Any) -> Calls:
    """Flipping each flag, writing each field that has a value, and giving everything back."""
    calls = [_flip(kind, record, f) for f in kind.fields.values() if f.kind is Kind.FLAG]
    calls += [
        (f"Set {f.label}", _patch(kind, record, {f.name: value}))
        for f in kind.fields.values()
        if f.kind in _WRITTEN and (value := getattr(record, f.name)) is not None
    ]
    if kind is ENTRY and record.status == "updated":
        body = {"catalog_ids": [record.public_id]}
        calls.append(("Give everything back", api_call("api_v1_bulk.reset_catalog", body)))
    return calls


def feed_calls(name: str) -> Calls:
    """Reading a feed, and only looking what that would do."""
    return [
        (label, api_call("api_v1_feeds.sync", {"dry_run": dry_run}, feed_name=name))
        for label, dry_run in (("Sync now", False), ("Dry run", True))
    ]


def batch_calls(public_id: str) -> Calls:
    """Taking a batch back."""
    return [("Undo", api_call("api_v1_bulk.undo", batch_id=public_id))]


def _flip(kind: RecordKind, record: Any, field: Field) -> tuple[str, str]:
    value = not getattr(record, field.name)
    said = f"Switch {field.label} {'on' if value else 'off'}"
    return said, _patch(kind, record, {field.name: value})


def _patch(kind: RecordKind, record: Any, body: dict[str, Any]) -> str:
    if kind is ENTRY:
        return api_call("api_v1_catalogs.patch_entry", body, model_public_id=record.public_id)
    endpoint = "api_v1_provider_models.patch_offer"
    return api_call(endpoint, body, provider_model_id=record.public_id)


HELPERS = (record_calls, feed_calls, batch_calls)
