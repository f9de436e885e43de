"""JSON Schema of each kind of field: what `app.core.values.check` accepts, said in advance."""

from __future__ import annotations

from typing import Any

from app.core.fields import Field, Kind
from app.core.values import (
    LIMITS,
    MAX_INTEGER,
    MAX_LIST,
    MAX_LONG_TEXT,
    MAX_REFERENCE,
    MAX_TEXT,
    PRICE_UNITS,
)

Schema = dict[str, Any]

# A character of one line, and one that is no space either.
_ANY = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_INK = r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029]"

_LINE: Schema = {
    "type": "string",
    "maxLength": MAX_TEXT,
    "pattern": f"^{_ANY}*$",
}
ITEM: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TEXT,
    "pattern": f"^{_ANY}*{_INK}{_ANY}*$",
}
_ITEMS: Schema = {"type": "array", "items": ITEM, "maxItems": MAX_LIST}
_OPTIONAL_LINE: Schema = {**_LINE, "type": ["string", "null"]}
_OPTIONAL_ITEMS: Schema = {**_ITEMS, "type": ["array", "null"]}
_DEFAULTS: Schema = {
    "type": ["object", "null"],
    "maxProperties": MAX_LIST,
    "propertyNames": {
        "maxLength": MAX_TEXT,
        "pattern": f"^{_INK}({_ANY}*{_INK})?$",
    },
    "additionalProperties": {"type": ["number", "null"], "minimum": -1e18, "maximum": 1e18},
}

_AMOUNT: Schema = {
    "minimum": 0,
    "maximum": MAX_INTEGER,
    "description": "Millionths of a US dollar, exact, at most 24 decimal places; 0 is free.",
}


def pricing_schema(amount: Schema) -> Schema:
    """Prices whose amounts are written as ``amount`` says."""
    line = {
        "type": "object",
        "properties": {
            "unit": {"type": "string", "enum": list(PRICE_UNITS)},
            "amount_micro_usd": amount,
            "currency": {"type": "string", "enum": ["USD"]},
        },
        "required": ["unit", "amount_micro_usd"],
        "additionalProperties": False,
    }
    lines = {
        "type": "array",
        "items": line,
        "maxItems": len(PRICE_UNITS),
        "description": "Each unit once at most; a missing one is unknown.",
    }
    return {"type": "object", "properties": {"lines": lines}, "additionalProperties": False}


# What answers hold, and what may be sent: decimal text too.
SHOWN_PRICING = pricing_schema({**_AMOUNT, "type": "number"})
_SENT_PRICING = pricing_schema(
    {
        **_AMOUNT,
        "type": ["number", "string"],
        "pattern": r"^\+?([0-9]{1,15}\.?[0-9]{0,24}|\.[0-9]{1,24})$",
    }
)
_LIMIT: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": MAX_INTEGER}

_KINDS: dict[Kind, Schema] = {
    Kind.FLAG: {"type": "boolean"},
    Kind.TEXT: _LINE,
    Kind.LONG_TEXT: {"type": "string", "maxLength": MAX_LONG_TEXT, "pattern": r"^[^\x00]*$"},
    Kind.INTEGER: {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER},
    Kind.TAGS: _ITEMS,
    Kind.CHOICE: _LINE,
    Kind.ARCHITECTURE: {
        "type": "object",
        "properties": {
            "modality": _OPTIONAL_LINE,
            "input_modalities": _OPTIONAL_ITEMS,
            "output_modalities": _OPTIONAL_ITEMS,
            "tokenizer": _OPTIONAL_LINE,
            "instruct_type": _OPTIONAL_LINE,
        },
        "additionalProperties": False,
    },
    Kind.PARAMETERS: {
        "type": "object",
        "properties": {"names": _OPTIONAL_ITEMS, "default": _DEFAULTS},
        "additionalProperties": False,
    },
    Kind.JSON: {"type": "object"},
    Kind.PRICING: _SENT_PRICING,
    Kind.TOKEN_LIMITS: {
        "type": "object",
        "properties": dict.fromkeys(LIMITS, _LIMIT),
        "additionalProperties": False,
    },
    Kind.REFERENCE: {**_LINE, "maxLength": MAX_REFERENCE},
}


def field_schema(field: Field) -> Schema:
    """What may be sent for a field, with its label and help."""
    schema = dict(_KINDS[field.kind])
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    help_text = f"{field.help} In {field.unit}." if field.unit else field.help
    return {**schema, "title": field.label, "description": help_text}
