"""Entries and provider models as programs see them (contract sections 4.1 and 4.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from app.core.fields import CAPABILITIES, feed_fields
from app.core.values import LIMITS
from app.queries.entries import EntryRow
from app.queries.provider_models import ProviderModelRow

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
        "manual_fields": sorted(row.manual_fields),
        "unknown_fields": [name for name in _FEED_FIELDS if getattr(row, name) is None],
        "drift": row.drift or {},
        "sources": row.sources,
        "retired_at": row.retired_at,
    }


def provider_model_json(row: ProviderModelRow) -> dict[str, Any]:
    """All keys, always, in one order. Null is unknown; amounts of money are decimals.

    Unknown prices are no lines; an unknown capability of the entry is shown as false.
    """
    return {
        "id": row.public_id,
        "provider_id": row.provider_id,
        "provider_vendor": row.provider_vendor,
        "model_catalog_id": row.entry_id,
        "model_public_id": row.entry_id,
        "provider_original_model_id": row.raw_id,
        "model_display_name": row.model_display_name,
        "category": row.category,
        "category_order_number": row.category_order_number,
        "model_order_number": row.model_order_number,
        "pricing": pricing_json(row.pricing),
        "token_limits": row.token_limits and {k: row.token_limits.get(k) for k in LIMITS},
        "family": row.family,
        **{name: getattr(row, name) is True for name in _CAPABILITIES},
        "active": row.active,
        "available": row.available,
        "instruct_model_public_id": row.instruct_model_public_id,
        "status": row.status,
        "manual_fields": sorted(row.manual_fields),
        "drift": {
            name: pricing_json(value) if name == "pricing" else value
            for name, value in (row.drift or {}).items()
        },
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def pricing_json(value: dict[str, Any] | None) -> dict[str, Any]:
    """Prices with their amounts as decimals, exactly as they are kept."""
    return {
        "lines": [
            {
                "unit": line["unit"],
                "amount_micro_usd": Decimal(line["amount_micro_usd"]),
                "currency": "USD",
            }
            for line in (value or {}).get("lines") or ()
        ]
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
