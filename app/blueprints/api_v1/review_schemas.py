"""What goes in and out of `/v1/admin/sync-runs` and `/v1/admin/review`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    WithJsonSchema,
    create_model,
)

from app.blueprints.api_v1.bulk_schemas import MAX_ID, whole
from app.blueprints.api_v1.models import EXACT_TEXT, parameter
from app.blueprints.api_v1.run_schemas import Moment, OptionalMoment, SyncRun
from app.blueprints.api_v1.schemas import Schema
from app.core.guards import REASONS
from app.core.values import MAX_TEXT
from app.queries.list_args import MAX_LIMIT, MAX_OFFSET
from app.queries.review_filter import REVIEW_FIELDS, REVIEW_STATES, SORTS
from app.queries.runs import RUN_STATUSES
from app.queries.sync_items import KINDS, RECORD_TYPES, STATES

MAX_ITEMS = 10_000
_TEXT: Schema = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TEXT,
    "pattern": r"^[^\x00]*\S[^\x00]*$",
}
_FACTS: dict[str, Schema] = {
    "reason": {"type": "string", "enum": list(REASONS)},
    "field": {
        "type": "string",
        "enum": list(REVIEW_FIELDS),
        "description": "`*`: what is about a record as a whole.",
    },
    "kind": {"type": "string", "enum": list(KINDS)},
    "record_type": {"type": "string", "enum": list(RECORD_TYPES)},
}
# What restricts the queue, in a query string and in a body alike.
_QUEUE: dict[str, Schema] = {
    "state": {"type": "string", "enum": list(REVIEW_STATES), "default": "waiting"},
    "feed": _TEXT,
    **_FACTS,
    "q": {
        "type": "string",
        "maxLength": MAX_TEXT,
        "pattern": r"^[^\x00]*$",
        "description": "A part of the record's name, among the newest 5,000 items.",
    },
    "size_min": {
        "type": "number",
        "minimum": 1,
        "maximum": 1e12,
        "description": "Changed at least so many times.",
    },
    "run": {**_TEXT, "description": "The id of a sync run."},
    "record": {**_TEXT, "description": "The id of a catalog entry or a provider model."},
}
_LIMIT = parameter(
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 20, "examples": [5]}
)
_OFFSET = parameter({"type": "integer", "minimum": 0, "maximum": MAX_OFFSET, "default": 0})
_PLACE = {"type": "string", "pattern": r"^([0-9]{1,3}\.[0-9]{1,6}:)?[0-9]{1,9}$"}

RunQuery: type[BaseModel] = create_model(
    "RunQuery",
    __doc__="Which sync runs.",
    feed=EXACT_TEXT,
    status=parameter({"type": "string", "enum": list(RUN_STATUSES)}),
    limit=_LIMIT,
    offset=_OFFSET,
)
RunItemQuery: type[BaseModel] = create_model(
    "RunItemQuery",
    __doc__="Which items of a run. Read by `app.queries.run_items`.",
    state=parameter({"type": "string", "enum": list(STATES)}),
    limit=_LIMIT,
    offset=_OFFSET,
    **{name: parameter(_FACTS[name]) for name in ("kind", "field", "record_type")},
)
ReviewQuery: type[BaseModel] = create_model(
    "ReviewQuery",
    __doc__="What of the queue. Read by `app.queries.review_filter`.",
    **{name: parameter(schema) for name, schema in _QUEUE.items()},
    sort=parameter(
        {"type": "string", "enum": list(SORTS), "default": "newest"},
        "`size`: the greatest change first, without what has no size.",
    ),
    limit=_LIMIT,
    before=parameter(_PLACE, "`previous` of a page: the one before it."),
    after=parameter(_PLACE, "`next` of a page: the one after it."),
)


class SyncItem(BaseModel):
    """One thing that a run found. Every key is always there."""

    id: int
    run_id: str
    feed: str
    kind: Annotated[str, WithJsonSchema(_FACTS["kind"])]
    record_type: Annotated[str, WithJsonSchema(_FACTS["record_type"])]
    record_id: str | None = Field(description="Null where there is no such record (yet).")
    name: str
    field: str | None = Field(description="Null: the record as a whole.")
    old: Any = Field(description="The value in force when it was found.")
    new: Any = Field(description="What the feed says.")
    said_before: Any = Field(description="What the feed said before, as far as it counted.")
    reason: str | None = Field(description="Why it waits, or waited.")
    message: str | None
    size: float | None = Field(description="How many times the value changed, 1 or more.")
    state: Annotated[str, WithJsonSchema({"type": "string", "enum": list(STATES)})]
    decided_by: str | None
    decided_at: OptionalMoment
    created_at: Moment
    record: dict[str, Any] | None = Field(description="What would be added.")


class RunList(BaseModel):
    """A page of sync runs, newest first."""

    data: list[SyncRun]
    total: int
    limit: int
    offset: int


class RunItemList(BaseModel):
    """A page of a run's items, in the order they were found."""

    data: list[SyncItem]
    total: int = Field(description="Counted up to 10,000.")
    limit: int
    offset: int


class ReviewList(BaseModel):
    """A page of the review queue."""

    data: list[SyncItem]
    total: int = Field(description="Counted up to 1,000, or 200 where several things restrict it.")
    total_is_capped: bool
    limit: int
    previous: str | None = Field(description="`before` of the page before this one.")
    next: str | None = Field(description="`after` of the page after this one.")


_ID = Annotated[StrictInt, Field(ge=1, le=MAX_ID), BeforeValidator(whole)]
_IDS = Annotated[list[_ID], Field(min_length=1, max_length=MAX_ITEMS)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ApplyOrder(_Strict):
    """What of a run to apply. The body may be left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    items: _IDS | None = Field(
        default=None,
        description="Ids of its items: the others wait in the review queue. Null: all of it.",
    )


def _sent(name: str, kind: Any) -> Any:
    schema = {k: v for k, v in _QUEUE[name].items() if k != "default"}
    return Annotated[kind | None, WithJsonSchema(schema)], Field(default=None)


ReviewWhich: type[BaseModel] = create_model(
    "ReviewWhich",
    __base__=_Strict,
    __doc__="Items of the queue: all that have all of these.",
    size_min=_sent("size_min", StrictFloat | StrictInt),
    **{name: _sent(name, StrictStr) for name in _QUEUE if name != "size_min"},
)


class ReviewOrder(_Strict):
    """What to decide, about which items: either by id or all that a filter finds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"decision": "approve", "filter": {"reason": "context_drop"}, "dry_run": True}
            ]
        }
    )

    decision: Literal["approve", "reject"]
    items: _IDS | None = Field(default=None, description="Ids of items.")
    filter: ReviewWhich | None = Field(
        default=None, description="All that it finds; an empty object: all that waits."
    )
    fingerprint: StrictStr | None = Field(
        default=None,
        max_length=MAX_TEXT,
        description="Of a preview: refused with 409 where other items wait now.",
    )
    dry_run: StrictBool = Field(default=False, description="Say what it is about, change nothing.")


class ReviewOutcome(BaseModel):
    """What a decision did, or with `dry_run` would be about."""

    batch_id: str | None = Field(description="What an undo takes.")
    decided_count: int
    skipped_count: int = Field(description="Items that were decided or overtaken already.")
    record_count: int
    by_reason: dict[str, int]
    by_feed: dict[str, int]
    fingerprint: str


class RunOutcome(BaseModel):
    """What was done with a run."""

    run: SyncRun
    batch_id: str | None = Field(description="What an undo takes.")
    item_count: int = Field(description="Items applied, rejected or taken back.")
    waiting_count: int = Field(description="Items of the run that wait for a person now.")
    replanned_count: int = Field(description="Of these: changed since the plan was made.")
