"""What goes in and out of `/v1/admin/feeds`. The checks are those of `app.core.feeds`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, create_model

from app.blueprints.api_v1.models import MOMENT, OPTIONAL_MOMENT
from app.blueprints.api_v1.provider_schemas import URL
from app.blueprints.api_v1.schemas import Schema
from app.core.feeds import BOUNDS, CHECKS, MAX_PATH, MODES, READ_ONLY, is_switch, trustable
from app.core.guards import THRESHOLDS, Threshold
from app.core.values import MAX_TEXT
from app.upstreams import FEED_KINDS


def _number(name: str, description: str, *, optional: bool = False) -> Schema:
    least, most = BOUNDS[name]
    kind = ["integer", "null"] if optional else "integer"
    return {"type": kind, "minimum": least, "maximum": most, "description": description}


def _fields(names: list[str], description: str) -> Schema:
    return {
        "type": ["array", "null"],
        "items": {"type": "string", "enum": names},
        "description": description,
    }


def _threshold(one: Threshold) -> Schema:
    bounds: Schema = {"minimum": one.least, "maximum": one.most}
    if is_switch(one):
        bounds = {"enum": [0, 1]}
    return {"type": "number", **bounds, "default": one.default, "description": one.help}


_GUARDS: Schema = {
    "type": "object",
    "properties": {name: _threshold(one) for name, one in THRESHOLDS.items()},
    "additionalProperties": False,
    "description": "What is held back for a person. A threshold left out has its default.",
}
SENT: dict[str, Schema] = {
    "name": {
        "type": "string",
        "maxLength": 64,
        "pattern": "^[a-z0-9][a-z0-9._-]*$",
        "description": "Unique among feeds; stands wherever a value's source is named.",
    },
    "kind": {
        "type": "string",
        "enum": list(FEED_KINDS),
        "description": "Which dialect it speaks. It stays.",
    },
    "url": {
        **URL,
        "type": ["string", "null"],
        "description": "Where it is fetched from; takes the place of a file.",
    },
    "path": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAX_PATH,
        "description": (
            "A file on the server's own machine that is read instead; it must be there and"
            " readable by the server. Whoever manages feeds may name any such file."
        ),
    },
    "provider": {
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": MAX_TEXT,
        "description": "The id of the provider whose models it lists.",
    },
    "mode": {
        "type": "string",
        "enum": list(MODES),
        "description": "`review`: everything it says waits for a person.",
    },
    "enabled": {"type": "boolean", "description": "Switched off, it is not read by itself."},
    "priority": _number("priority", "Its rank among feeds: the smaller number is believed."),
    "trusted_fields": _fields(
        trustable("entry"), "The fields of entries it is believed; null: its kind's own list."
    ),
    "trusted_model_fields": _fields(
        trustable("provider_model"), "The same of provider models; null: all of them."
    ),
    "miss_limit": _number(
        "miss_limit", "After so many complete answers without a model it is retired."
    ),
    "minimum_share": _number(
        "minimum_share", "An answer with fewer per cent of the known models is held as a whole."
    ),
    "guards": _GUARDS,
    "interval_minutes": _number(
        "interval_minutes", "How often it is read; null: only when somebody asks.", optional=True
    ),
}
_DEFAULT: Schema = {"type": "boolean", "description": "Whether nobody has said otherwise."}
_SHOWN: dict[str, Schema] = {
    "trusted_fields_default": _DEFAULT,
    "trusted_model_fields_default": _DEFAULT,
    "next_run_at": OPTIONAL_MOMENT,
    "last_success_at": OPTIONAL_MOMENT,
    "last_error_at": OPTIONAL_MOMENT,
    "last_error": {"type": ["string", "null"]},
    "last_counts": {
        "type": ["object", "null"],
        "description": "What its last successful run counted.",
    },
    "waiting_count": {"type": "integer", "description": "Items that wait for a person."},
    "created_at": MOMENT,
}
SHOWN_ONLY = {name: _SHOWN[name] for name in READ_ONLY}


class _Sent(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The settings that were sent."""
        names = self.model_fields_set - SHOWN_ONLY.keys()
        return {name: getattr(self, name) for name in type(self).model_fields if name in names}


class _Created(_Sent):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "example", "kind": "models_dev", "mode": "review"}]
        }
    )


class _Changed(_Sent):
    model_config = ConfigDict(json_schema_extra={"examples": [{"priority": 20}]})


def _checked(name: str, schema: Schema, *, needed: bool = False) -> Any:
    checked = Annotated[Any, PlainValidator(CHECKS[name]), WithJsonSchema(schema)]
    return (checked, ...) if needed else (checked, Field(default=None))


def _ignored(schema: Schema) -> Any:
    return Annotated[Any, WithJsonSchema({"readOnly": True} | schema)], Field(default=None)


_FIELDS: dict[str, Any] = {name: _checked(name, schema) for name, schema in SENT.items()}
_IGNORED: dict[str, Any] = {name: _ignored(schema) for name, schema in SHOWN_ONLY.items()}
_NEEDED = {name: _checked(name, SENT[name], needed=True) for name in ("name", "kind")}

NewFeed: type[_Sent] = create_model(
    "NewFeed",
    __base__=_Created,
    __doc__="A feed to add. Without URL and file it reads its kind's usual address or own data.",
    **_FIELDS | _NEEDED | _IGNORED,
)
FeedPatch: type[_Sent] = create_model(
    "FeedPatch",
    __base__=_Changed,
    __doc__="Some settings of a feed. Absent: untouched. Read-only keys are ignored.",
    **_FIELDS | _IGNORED,
)
_ORDER = (
    *("name", "kind", "url", "path", "provider", "mode", "enabled", "priority"),
    *("trusted_fields", "trusted_model_fields"),
    *("trusted_fields_default", "trusted_model_fields_default"),
    *("miss_limit", "minimum_share", "guards", "interval_minutes"),
    *READ_ONLY[2:],
)
_PARTS: dict[str, Any] = {
    name: (Annotated[Any, WithJsonSchema({**SENT, **SHOWN_ONLY}[name])], ...) for name in _ORDER
}
Feed: type[BaseModel] = create_model(
    "Feed", __doc__="A source of claims about models. Every key is always there.", **_PARTS
)


class FeedList(BaseModel):
    """All feeds, the strongest first."""

    data: list[Feed]
    total: int


class Consequence(BaseModel):
    """One value that another takes the place of."""

    record_type: str
    record_id: str
    field: str
    old: Any = Field(description="The value in force.")
    old_source: str | None
    new: Any
    new_source: str | None


class FeedPreview(BaseModel):
    """What a change of a feed's settings would change in force."""

    checked: int = Field(description="The records that the feed says something about.")
    records: dict[str, int] = Field(description="How many would change, by record type.")
    fields: dict[str, dict[str, int]] = Field(description="How many values, by type and field.")
    moved: int = Field(description="Values that stay as they are and are another feed's then.")
    retired: int
    reactivated: int
    examples: list[Consequence] = Field(description="The first of them.")
