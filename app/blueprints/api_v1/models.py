"""What goes in and out of `/v1`, made from the field registry.

Checking a value is `app.core.values.check`, here as everywhere; the schemas beside
it only say so in advance.
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, create_model

from app.blueprints.api_v1.request_body import MAX_REASON
from app.blueprints.api_v1.schemas import Schema, field_schema
from app.core.fields import CAPABILITIES, ENTRY_FIELDS
from app.core.fields import Field as RegistryField
from app.core.values import MAX_INTEGER, MAX_TEXT, check
from app.queries.entry_filter import SORTS, SWITCHES, TEXTS, WHOLES
from app.queries.list_args import MAX_LIMIT, MAX_OFFSET, STATUSES

MOMENT: Schema = {"type": "integer", "description": "Unix seconds"}
OPTIONAL_MOMENT: Schema = {"type": ["integer", "null"], "description": "Unix seconds"}
NAMES: Schema = {"type": "array", "items": {"type": "string"}}

# The keys of an entry that nobody sets: shown, and ignored where they are sent back.
READ_ONLY: dict[str, Schema] = {
    "id": {"type": "string", "description": "The same as `public_id`."},
    "public_id": {"type": "string", "maxLength": MAX_TEXT},
    "status": {
        "type": "string",
        "enum": list(STATUSES),
        "description": "`init` known by its id only, `filled` by feeds, `updated` by a person.",
    },
    "last_synced_at": OPTIONAL_MOMENT,
    "created_at": MOMENT,
    "updated_at": MOMENT,
    "version": {"type": "integer", "minimum": 1},
    "protection": {
        "type": "string",
        "enum": ["none", "fields", "entry"],
        "description": "What no sync changes: nothing, the manual fields, the whole entry.",
    },
    "manual_fields": {**NAMES, "description": "The fields a person decided."},
    "unknown_fields": {**NAMES, "description": "The fields nobody has said anything about."},
    "drift": {
        "type": "object",
        "description": "What the feeds say where it differs from what is in force.",
    },
    "sources": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "description": "The feed each value comes from, or `manual`.",
    },
    "retired_at": OPTIONAL_MOMENT,
}


def editable(field: RegistryField) -> Any:
    """A field to be sent: checked by the registry's own check, absent by default."""
    checked = Annotated[
        Any, PlainValidator(partial(check, field)), WithJsonSchema(field_schema(field))
    ]
    return checked, Field(default=None)


def ignored(schema: Schema) -> Any:
    """A key that nobody sets: accepted, and of no effect."""
    return Annotated[Any, WithJsonSchema({"readOnly": True} | schema)], Field(default=None)


def always(schema: Schema) -> Any:
    """A key that every answer has."""
    return Annotated[Any, WithJsonSchema(schema)], ...


def _shown(field: RegistryField) -> Any:
    schema = field_schema(field)
    if field.name == "is_moderated":
        schema = {**schema, "type": ["boolean", "null"]}
    return always(schema)


class Strict(BaseModel):
    """A body that knows its keys; `READ_ONLY` are those that are accepted and ignored."""

    model_config = ConfigDict(extra="forbid")
    READ_ONLY: ClassVar[frozenset[str]] = frozenset()

    def given(self) -> dict[str, Any]:
        """The fields that were sent and can be set."""
        return {name: getattr(self, name) for name in self.model_fields_set - self.READ_ONLY}


class _EntryExample(Strict):
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(READ_ONLY)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"context_length": 128000, "supports_tools": True}]}
    )


EntryPatch: type[Strict] = create_model(
    "EntryPatch",
    __base__=_EntryExample,
    __doc__="Some fields of an entry. Absent: untouched. Read-only keys are ignored.",
    **{field.name: editable(field) for field in ENTRY_FIELDS},
    **{name: ignored(schema) for name, schema in READ_ONLY.items()},
)
Entry: type[BaseModel] = create_model(
    "Entry",
    __doc__="A model as the catalog knows it. Every key is always there; null is unknown.",
    **{name: always(schema) for name, schema in READ_ONLY.items()},
    **{field.name: _shown(field) for field in ENTRY_FIELDS},
)


class EntryList(BaseModel):
    """A page of entries."""

    data: list[Entry]
    total: int = Field(description="How many entries match the filter.")
    limit: int
    offset: int


class ProblemDetail(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """An error. Nothing has been changed."""

    code: str = Field(description="A stable word to compare.")
    error: str = Field(description="What failed.")
    message: str = Field(description="Why, for a person.")
    request_id: str
    details: list[ProblemDetail] = Field(default=[], description="The fields at fault.")


def parameter(schema: Schema, description: str = "") -> Any:
    """A parameter of a query string."""
    said = {"description": description} if description else {}
    return Annotated[Any, WithJsonSchema(schema | said)], Field(default=schema.get("default"))


class ReasonHeaders(BaseModel):
    """The header that says why, read by `request_body`."""

    reason: Annotated[
        Any,
        WithJsonSchema(
            {
                "type": "string",
                "maxLength": MAX_REASON,
                "pattern": r"\S",
                "description": "For the change log; letters beyond ASCII percent-encoded as UTF-8.",
            }
        ),
    ] = Field(default=None, alias="X-Change-Reason")


class EditHeaders(ReasonHeaders):
    """Headers of a change of one record, read by `conditional` and `request_body`."""

    if_match: Annotated[
        Any, WithJsonSchema({"type": "string", "description": "Only if it still has this ETag."})
    ] = Field(default=None, alias="If-Match")


SWITCH = parameter({"type": "boolean"})
EXACT_TEXT = parameter(
    {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": r"^[^\x00]*\S[^\x00]*$"}
)


def list_parameters(sorts: tuple[str, ...]) -> dict[str, Any]:
    """The parameters of every list: paging, order, status and the capabilities."""
    return {
        "limit": parameter(
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 20, "examples": [5]}
        ),
        "offset": parameter({"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0}),
        "sort": parameter(
            {"type": "string", "enum": list(sorts), "default": "created_at"},
            "Unknown values sort below all others.",
        ),
        "order": parameter({"type": "string", "enum": ["asc", "desc"], "default": "desc"}),
        "status": parameter({"type": "string", "enum": list(STATUSES)}),
        **{
            field.name: parameter({"type": "boolean"}, "Unknown counts as false.")
            for field in CAPABILITIES
        },
    }


TOKENS = parameter(
    {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER, "examples": [128000]},
    "In tokens; what is unknown is not found.",
)


def search_parameter(description: str) -> Any:
    """The parameter that searches."""
    schema = {"type": "string", "maxLength": MAX_TEXT, "pattern": r"^[^\x00]*$"}
    return parameter(schema | {"examples": ["gpt"]}, description)


EntryQuery: type[BaseModel] = create_model(
    "EntryQuery",
    __doc__="Which entries, in which order. Read by `app.queries.entry_filter`.",
    q=search_parameter(
        "Part of id, display name, family, description or a tag; case does not matter."
    ),
    **list_parameters(SORTS),
    **dict.fromkeys(SWITCHES, SWITCH),
    **dict.fromkeys(TEXTS, EXACT_TEXT),
    **dict.fromkeys(WHOLES, TOKENS),
)
