"""What `/v1/admin/changes` and `/v1/admin/batches/{id}` answer, and the filter they take."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field, create_model

from app.blueprints.api_v1.models import EXACT_TEXT, MOMENT, always, list_parameters, parameter
from app.blueprints.api_v1.schemas import Schema
from app.core.permissions import ACTOR_KINDS
from app.core.values import MAX_TEXT
from app.queries.change_filter import MAX_MOMENT
from app.queries.change_list import COUNTED

TEXT: Schema = {"type": "string"}
OPTIONAL: Schema = {"type": ["string", "null"]}
_ACTOR_KIND: Schema = {"type": "string", "enum": list(ACTOR_KINDS)}
_BY: dict[str, Schema] = {
    "kind": {**TEXT, "description": "`edit`, `bulk`, `sync`, `undo` and so on."},
    "actor": {**TEXT, "description": "An e-mail address, or the name of a token or feed."},
    "actor_kind": _ACTOR_KIND,
    "reason": OPTIONAL,
    "request_id": {**OPTIONAL, "description": "The `X-Request-ID` of the call that did it."},
    "created_at": MOMENT,
    "feed": {**OPTIONAL, "description": "The feed whose sync it was."},
    "run_id": {**OPTIONAL, "description": "The sync run that wrote it."},
}
_CHANGE: dict[str, Schema] = {
    "id": {"type": "integer"},
    "batch_id": {**TEXT, "description": "What an undo of the whole action takes."},
    **_BY,
    "record_type": TEXT,
    "record_id": {**OPTIONAL, "description": "Its public id, where such records have one."},
    "record_name": OPTIONAL,
    "field": {**TEXT, "description": "`*` is the record as a whole: added or deleted."},
    "old": {"description": "The value before; null is unknown."},
    "new": {"description": "The value after; null is unknown."},
    "old_manual": {"type": "boolean", "description": "Whether a person had decided it."},
    "new_manual": {"type": "boolean", "description": "Whether it is a person's decision now."},
}
LoggedChange: type[BaseModel] = create_model(
    "LoggedChange",
    __doc__="One field of one record: before and after, who and why. Every key is always there.",
    **{name: always(schema) for name, schema in _CHANGE.items()},
)
LoggedBatch: type[BaseModel] = create_model(
    "LoggedBatch",
    __doc__="One action with all its changes. Every key is always there.",
    **{
        name: always(schema)
        for name, schema in (
            {"id": TEXT}
            | _BY
            | {
                "summary": {"type": "object"},
                "changes": {"type": "integer", "minimum": 0},
                "undoes": {**OPTIONAL, "description": "The action that this one takes back."},
                "undone_by": {**OPTIONAL, "description": "The newest one that took it back."},
                "redone": {"type": "boolean", "description": "That one was taken back in turn."},
            }
        ).items()
    },
)


class ChangeList(BaseModel):
    """A page of the change log, newest first."""

    data: list[LoggedChange]
    total: int = Field(description=f"How many changes match, counted up to {COUNTED:,}.")
    total_is_capped: bool = Field(
        default=False, description="There, and true, where there may be more."
    )
    limit: int
    offset: int


def _moment(description: str) -> Any:
    schema = {"type": "integer", "minimum": 0, "maximum": MAX_MOMENT}
    also = " Also a day (`2026-11-23`) or a moment (`2026-11-23T14:30`), in UTC."
    return parameter(schema, f"{description}in Unix seconds.{also}")


def _words(description: str) -> Any:
    pattern = r"^[^\x00]*\S[^\x00]*$"
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT, "pattern": pattern}
    return parameter(schema, description)


_PAGING = list_parameters(())
ChangeQuery: type[BaseModel] = create_model(
    "ChangeQuery",
    __doc__="Which changes. Read by `app.queries.change_filter`.",
    record=_words("An id, alias, raw id of a model, name of a provider or feed, or flag."),
    field=EXACT_TEXT,
    actor=EXACT_TEXT,
    feed=_words("The name of the feed whose syncs changed something."),
    since=_moment("Not before, "),
    until=_moment("Not after, "),
    batch=EXACT_TEXT,
    kind=EXACT_TEXT,
    actor_kind=parameter(_ACTOR_KIND, "What kind of actor changed it."),
    limit=_PAGING["limit"],
    offset=_PAGING["offset"],
)
