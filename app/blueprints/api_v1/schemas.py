"""JSON Schema of each kind of field: what `app.core.values.check` accepts, said in advance."""

from __future__ import annotations

from typing import Any

from app.core.fields import Field, Kind
from app.core.values import MAX_INTEGER, MAX_LIST, MAX_LONG_TEXT, MAX_TEXT

Schema = dict[str, Any]

# A character of one line, and one that is no space either.
_ANY = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_INK = r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029]"

_LINE: Schema = {
    "type": "string",
    "maxLength": MAX_TEXT,
    "pattern": f"^{_ANY}*$",
}
_ITEM: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TEXT,
    "pattern": f"^{_ANY}*{_INK}{_ANY}*$",
}
_ITEMS: Schema = {"type": "array", "items": _ITEM, "maxItems": MAX_LIST}
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
}


def field_schema(field: Field) -> Schema:
    """What may be sent for a field, with its label and help."""
    schema = dict(_KINDS[field.kind])
    if field.nullable:
        schema["type"] = [schema["type"], "null"]
    help_text = f"{field.help} In {field.unit}." if field.unit else field.help
    return {**schema, "title": field.label, "description": help_text}
