"""What goes in and out of `/v1/admin/webhooks`. The checks are those of `app.core.webhooks`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    WithJsonSchema,
    create_model,
)

from app.blueprints.api_v1.models import MOMENT, OPTIONAL_MOMENT, parameter
from app.blueprints.api_v1.schemas import Schema
from app.core.events import EVENTS, TEST
from app.core.urls import MAX_URL, URL_PATTERN
from app.core.webhooks import CHECKS, MAX_DESCRIPTION
from app.queries.list_args import MAX_LIMIT
from app.queries.webhooks import MESSAGE_ID, STATES

_SENT: dict[str, Schema] = {
    "url": {
        "type": "string",
        "maxLength": MAX_URL,
        "pattern": f"^{URL_PATTERN}$",
        "description": "Where messages are posted to; redirects are not followed.",
    },
    "description": {
        "type": ["string", "null"],
        "maxLength": MAX_DESCRIPTION,
        "pattern": r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$",
    },
    "events": {
        "type": "array",
        "items": {"type": "string", "enum": list(EVENTS)},
        "minItems": 1,
        "description": "What it is told of.",
    },
    "active": {"type": "boolean", "description": "Switched off, it is told nothing."},
}
_LAST: Schema = {
    "type": ["object", "null"],
    "properties": {
        "state": {"type": "string", "enum": list(STATES)},
        "created_at": MOMENT,
        "error": {"type": ["string", "null"]},
    },
    "description": "The newest message to it; null where there was none yet.",
}
_SHOWN_ONLY: dict[str, Schema] = {
    "id": {"type": "string"},
    "secret_hint": {"type": "string", "description": "The last characters of the secret."},
    "last_delivery": _LAST,
    "version": {"type": "integer", "minimum": 1},
    "created_at": MOMENT,
    "updated_at": MOMENT,
}
_SECRET: Schema = {
    "type": "string",
    "description": "Signs every message; kept encrypted, and shown this once.",
}


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def given(self) -> dict[str, Any]:
        """The fields that were sent and can be set."""
        names = self.model_fields_set - _SHOWN_ONLY.keys()
        return {name: getattr(self, name) for name in type(self).model_fields if name in names}


class _Created(_Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"url": "https://hooks.example/almanac", "events": ["sync.failed", "sync.held"]}
            ]
        }
    )


class _Changed(_Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"active": True}]})


def _checked(name: str, *, needed: bool = False) -> Any:
    checked = Annotated[Any, PlainValidator(CHECKS[name]), WithJsonSchema(_SENT[name])]
    return (checked, ...) if needed else (checked, Field(default=None))


def _ignored(schema: Schema) -> Any:
    return Annotated[Any, WithJsonSchema({"readOnly": True} | schema)], Field(default=None)


def _always(fields: dict[str, Schema]) -> dict[str, Any]:
    return {name: (Annotated[Any, WithJsonSchema(one)], ...) for name, one in fields.items()}


_FIELDS: dict[str, Any] = {name: _checked(name) for name in _SENT}
_IGNORED: dict[str, Any] = {name: _ignored(schema) for name, schema in _SHOWN_ONLY.items()}
_SHOWN: dict[str, Schema] = {
    "id": _SHOWN_ONLY["id"],
    **_SENT,
    "url": {"type": "string"},
    **_SHOWN_ONLY,
}

NewWebhook: type[_Sent] = create_model(
    "NewWebhook",
    __base__=_Created,
    __doc__="A webhook to add. Read-only keys are ignored.",
    **_FIELDS | {name: _checked(name, needed=True) for name in ("url", "events")} | _IGNORED,
)
WebhookPatch: type[_Sent] = create_model(
    "WebhookPatch",
    __base__=_Changed,
    __doc__="Some fields of a webhook. Absent: untouched. Read-only keys are ignored.",
    **_FIELDS | _IGNORED,
)
Webhook: type[BaseModel] = create_model(
    "Webhook",
    __doc__="An address that is told of events. Every key is always there.",
    **_always(_SHOWN),
)
WebhookWithSecret: type[BaseModel] = create_model(
    "WebhookWithSecret",
    __doc__="A webhook with the new secret that it has just been given.",
    **_always(_SHOWN | {"secret": _SECRET}),
)
Delivery: type[BaseModel] = create_model(
    "Delivery",
    __doc__="One message to one webhook. Every key is always there.",
    **_always(
        {
            "id": {
                "type": "string",
                "description": "The `webhook-id` header, the same in every attempt.",
            },
            "event": {"type": "string", "enum": [*EVENTS, TEST]},
            "state": {"type": "string", "enum": list(STATES)},
            "attempts": {"type": "integer", "minimum": 0},
            "next_attempt_at": OPTIONAL_MOMENT,
            "last_status": {"type": ["integer", "null"], "description": "Of the last answer."},
            "last_error": {"type": ["string", "null"]},
            "payload": {"type": "object", "description": "What is posted."},
            "response": {
                "type": ["string", "null"],
                "description": "The beginning of the last answer.",
            },
            "created_at": MOMENT,
            "delivered_at": OPTIONAL_MOMENT,
        }
    ),
)


class WebhookList(RootModel[list[Webhook]]):
    """All webhooks, the oldest first."""


class DeliveryList(BaseModel):
    """Messages, the newest first."""

    data: list[Delivery]
    next: str | None = Field(description="What `before` is for the next page; null at the end.")


DeliveryQuery: type[BaseModel] = create_model(
    "DeliveryQuery",
    __doc__="Which messages. Read by `app.queries.webhooks`.",
    state=parameter({"type": "string", "enum": list(STATES)}),
    before=parameter(
        {"type": "string", "pattern": f"^{MESSAGE_ID}$"}, "Only messages older than this one."
    ),
    limit=parameter(
        {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 20, "examples": [5]}
    ),
)
