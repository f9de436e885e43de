"""A sync run as `/v1` gives it: `app.queries.runs.run_json`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool, WithJsonSchema

from app.blueprints.api_v1.models import MOMENT, OPTIONAL_MOMENT
from app.blueprints.api_v1.schemas import Schema
from app.queries.runs import RUN_STATUSES

Moment = Annotated[int, WithJsonSchema(MOMENT)]
OptionalMoment = Annotated[int | None, WithJsonSchema(OPTIONAL_MOMENT)]
_COUNTS = WithJsonSchema(
    {
        "type": ["object", "null"],
        "additionalProperties": {"type": "integer"},
        "description": "added, updated, protected, retired, reactivated, unchanged, quarantined.",
    }
)
_ENTRY_COUNTS = WithJsonSchema(
    {
        "type": ["object", "null"],
        "additionalProperties": {"type": "integer"},
        "description": "The same of catalog entries.",
    }
)
_STATUS: Schema = {
    "type": "string",
    "enum": list(RUN_STATUSES),
    "description": (
        "`planned`: a dry run, its plan is kept; `held`: a guard refused the answer as a whole;"
        " `superseded`: a later run overtook the plan."
    ),
}


class RunOrder(BaseModel):
    """How to run. The body may be left out."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"dry_run": True}]})

    dry_run: StrictBool = Field(
        default=False, description="Keep the plan to be looked at, and change nothing."
    )


class SyncRun(BaseModel):
    """One run of one feed. Every key is always there."""

    id: str
    feed: str
    status: Annotated[str, WithJsonSchema(_STATUS)]
    stage: str | None = Field(description="Where a running one is: fetch, parse, plan, apply.")
    trigger: str = Field(description="What asked for it: schedule, console, api, cli.")
    dry_run: bool
    counts: Annotated[dict[str, int] | None, _COUNTS]
    entries: Annotated[dict[str, int] | None, _ENTRY_COUNTS]
    error: str | None
    batch_id: str | None = Field(description="The batch of what it wrote.")
    created_at: Moment
    started_at: OptionalMoment
    finished_at: OptionalMoment
