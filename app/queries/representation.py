"""An entry as programs see it (contract section 4.1)."""

from __future__ import annotations

from typing import Any

from app.core.fields import CAPABILITIES, feed_fields
from app.queries.entries import EntryRow

_CAPABILITIES = tuple(sorted(field.name for field in CAPABILITIES))
_FEED_FIELDS = tuple(field.name for field in feed_fields("entry"))
_PLAIN = (
    "model_display_name",
    "description",
    "family",
    "notes",
    "tags",
    "active",
    "experimental",
    "is_moderated",
    "requires_feature_flag",
    "context_length",
)
_TRAILING = (
    "status",
    "last_synced_at",
    "created_at",
    "updated_at",
    "version",
    "protection",
    "manual_fields",
)


def entry_json(row: EntryRow) -> dict[str, Any]:
    """All keys, always, in one order. Null is unknown; an unknown capability is shown as false
    and named in `unknown_fields`.
    """
    return {
        "id": row.public_id,
        "public_id": row.public_id,
        **{name: getattr(row, name) for name in _PLAIN},
        "architecture": architecture_json(row.architecture),
        "supported_parameters": parameters_json(row.supported_parameters),
        **{name: getattr(row, name) is True for name in _CAPABILITIES},
        "extras": row.extras or {},
        **{name: getattr(row, name) for name in _TRAILING},
        "unknown_fields": [name for name in _FEED_FIELDS if getattr(row, name) is None],
        "drift": row.drift or {},
        "sources": row.sources,
        "retired_at": row.retired_at,
    }


def architecture_json(value: dict[str, Any] | None) -> dict[str, Any]:
    """An architecture with all its keys."""
    known = value or {}
    return {
        "modality": known.get("modality"),
        "input_modalities": known.get("input_modalities") or [],
        "output_modalities": known.get("output_modalities") or [],
        "tokenizer": known.get("tokenizer"),
        "instruct_type": known.get("instruct_type"),
    }


def parameters_json(value: dict[str, Any] | None) -> dict[str, Any]:
    """Supported parameters with both their keys."""
    known = value or {}
    return {"names": known.get("names") or [], "default": known.get("default") or {}}
