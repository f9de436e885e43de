"""What goes in and out of `/v1/admin/providers`. The checks are those of `app.core.providers`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    StrictBool,
    WithJsonSchema,
    create_model,
)

from app.blueprints.api_v1.models import MOMENT, OPTIONAL_MOMENT
from app.blueprints.api_v1.schemas import Schema
from app.core.providers import (
    CATEGORIES,
    CHECKS,
    MAX_ENDPOINTS,
    MAX_KEY,
    MAX_META_VALUE,
    MAX_METADATA,
)
from app.core.urls import MAX_URL, URL_PATTERN
from app.core.values import MAX_INTEGER, MAX_TEXT

URL: Schema = {
    "type": "string",
    "maxLength": MAX_URL,
    "pattern": f"^{URL_PATTERN}$",
}
_ANY = r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]"
_INK = r"[^\s\x00-\x1f\x7f-\x9f\u2028\u2029]"
_LINE: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TEXT,
    "pattern": f"^{_ANY}*{_INK}{_ANY}*$",
}
_NUMBER: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}
_ENDPOINT: Schema = {
    "type": "object",
    "properties": {
        "url": URL,
        "weight": {**_NUMBER, "default": 1},
        "priority": {**_NUMBER, "default": 0},
        "healthy": {"type": "boolean", "default": True},
    },
    "required": ["url"],
    "additionalProperties": False,
}
_FLAG: Schema = {"type": "boolean"}

SENT: dict[str, Schema] = {
    "name": {**_LINE, "description": "Unique among providers; case does not matter."},
    "vendor": {**_LINE, "description": "Whose models it offers, such as `openai`."},
    "base_url": {
        **URL,
        "type": ["string", "null"],
        "description": "Where its API is; `/models` below it is its list.",
    },
    "endpoints": {"type": "array", "items": _ENDPOINT, "maxItems": MAX_ENDPOINTS},
    "active": {**_FLAG, "description": "Switched off, none of its models is available."},
    "category": {"type": "string", "enum": list(CATEGORIES)},
    "default_provider_image_generate": {
        **_FLAG,
        "description": "Only one provider has this; it is taken from another.",
    },
    "default_provider_image_edit": {
        **_FLAG,
        "description": "Only one provider has this; it is taken from another.",
    },
    "metadata": {
        "type": "object",
        "maxProperties": MAX_METADATA,
        "propertyNames": {"maxLength": MAX_TEXT, "pattern": f"^{_INK}({_ANY}*{_INK})?$"},
        "additionalProperties": {
            "type": "string",
            "maxLength": MAX_META_VALUE,
            "pattern": f"^{_ANY}*$",
        },
        "description": (
            "`feed_kind` says how its list is read, `auto_enable_new_models` = `true` lets"
            " new models arrive switched on."
        ),
    },
}
_KEY: Schema = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": MAX_KEY,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
    "writeOnly": True,
    "description": "Kept encrypted and never shown; null removes it.",
}
SHOWN_ONLY: dict[str, Schema] = {
    "id": {"type": "string"},
    "api_key_hint": {
        "type": ["string", "null"],
        "description": "The last characters of the key, fewer of a short one; null without a key.",
    },
    "model_count": {"type": "integer"},
    "model_active_count": {"type": "integer"},
    "last_synced_at": OPTIONAL_MOMENT,
    "version": {"type": "integer", "minimum": 1},
    "created_at": MOMENT,
    "updated_at": MOMENT,
}


class _Sent(BaseModel):
    """Its text never shows what was sent: a key may be in it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """The fields that were sent and can be set."""
        names = self.model_fields_set - SHOWN_ONLY.keys()
        return {name: getattr(self, name) for name in type(self).model_fields if name in names}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(sorted(self.model_fields_set))})"

    __str__ = __repr__


class _Created(_Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"name": "Local vLLM", "vendor": "vllm", "base_url": "http://127.0.0.1:8001/v1"}
            ]
        }
    )


class _Changed(_Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"active": True}]})


def _checked(name: str, schema: Schema, *, needed: bool = False) -> Any:
    checked = Annotated[Any, PlainValidator(CHECKS[name]), WithJsonSchema(schema)]
    return (checked, ...) if needed else (checked, Field(default=None))


def _ignored(schema: Schema) -> Any:
    return Annotated[Any, WithJsonSchema({"readOnly": True} | schema)], Field(default=None)


_FIELDS: dict[str, Any] = {n: _checked(n, s) for n, s in SENT.items()}
_FIELDS["api_key"] = _checked("api_key", _KEY)
_IGNORED: dict[str, Any] = {name: _ignored(schema) for name, schema in SHOWN_ONLY.items()}

NewProvider: type[_Sent] = create_model(
    "NewProvider",
    __base__=_Created,
    __doc__="A provider to add. Read-only keys are ignored.",
    **_FIELDS | {"name": _checked("name", SENT["name"], needed=True)} | _IGNORED,
)
ProviderPatch: type[_Sent] = create_model(
    "ProviderPatch",
    __base__=_Changed,
    __doc__="Some fields of a provider. Absent: untouched. Read-only keys are ignored.",
    **_FIELDS | _IGNORED,
)
_SHOWN: dict[str, Any] = {
    name: (Annotated[Any, WithJsonSchema(schema)], ...)
    for name, schema in {"id": SHOWN_ONLY["id"], **SENT, **SHOWN_ONLY}.items()
}
Provider: type[BaseModel] = create_model(
    "Provider", __doc__="Who offers models, and where. Every key is always there.", **_SHOWN
)


class ProviderList(RootModel[list[Provider]]):
    """All providers that match, by name."""


class ProviderQuery(BaseModel):
    """Which providers. Read by `app.queries.providers`."""

    kind: Annotated[
        Any,
        WithJsonSchema(
            {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_TEXT,
                "pattern": r"^[^\x00]*\S[^\x00]*$",
                "description": "A vendor, or how the list is read (`openai_compatible`).",
            }
        ),
    ] = None
    active: Annotated[Any, WithJsonSchema({"type": "boolean"})] = None
    search: Annotated[
        Any,
        WithJsonSchema(
            {
                "type": "string",
                "maxLength": MAX_TEXT,
                "pattern": r"^[^\x00]*$",
                "description": "Part of name, vendor, base URL or id; case does not matter.",
            }
        ),
    ] = None


class SyncOrder(BaseModel):
    """How to sync. The body may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: StrictBool = Field(
        default=False, description="Say what would change, and change nothing."
    )


class NotImported(BaseModel):
    """A record of the list that was left out, or an oddity of one that was not."""

    position: str
    id: str | None
    reason: str


class SyncCounts(BaseModel):
    """What a sync did, in provider models; `protected` counts entries too."""

    feed: str
    added: int
    updated: int
    protected: int
    retired: int
    reactivated: int
    unchanged: int
    quarantined: int
    entries: dict[str, int] = Field(description="The same of catalog entries.")
    rejected: list[NotImported]
    notes: list[NotImported]
    dry_run: bool
    batch_id: str | None
    error: str | None
