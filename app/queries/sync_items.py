"""Items of sync runs: what was found, what waits for a person, as rows and as programs see them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import Feed, SyncItem, SyncRun
from app.queries.names import RecordName, name_records

KINDS: dict[str, str] = {
    "added": "Added",
    "updated": "Updated",
    "protected": "Decided by a person",
    "drift": "Held record",
    "outranked": "Outranked",
    "claimed": "Listed too",
    "dropped": "No longer listed",
    "retired": "Retired",
    "reactivated": "Back again",
}
STATES: dict[str, str] = {
    "planned": "planned",
    "applied": "applied",
    "waiting": "waiting",
    "rejected": "rejected",
    "superseded": "overtaken",
    "discarded": "discarded",
    "reverted": "taken back",
}
RECORD_TYPES: dict[str, str] = {
    "entry": "Catalog entry",
    "provider_model": "Provider model",
    "provider": "Provider",
}
# How a filter asks for what is about a record as a whole.
WHOLE = "*"


class ItemRow(NamedTuple):
    """One item. ``run`` is a public id; ``record`` None: there is no such record (yet)."""

    id: int
    run: str
    feed: str
    kind: str
    record_type: str
    record_id: int | None
    target: str | None
    name: str
    field: str | None
    old: Any
    new: Any
    said_old: Any
    payload: dict[str, Any] | None
    reason: str | None
    message: str | None
    size: float | None
    state: str
    decided_by: str | None
    decided_at: int | None
    decision: str | None
    created_at: int
    record: RecordName | None = None


def items_among(session: Session, ids: Select[int]) -> list[ItemRow]:
    """The items that a short query finds, unordered, with what their records are called."""
    page = ids.subquery("page")
    columns = {"run": SyncRun.public_id.label("run"), "feed": Feed.name.label("feed")}
    names = [name for name in ItemRow._fields if name != "record"]
    statement = (
        select(*(columns[n] if n in columns else getattr(SyncItem, n) for n in names))
        .join(page, page.c.id == SyncItem.id)
        .join(SyncRun, SyncRun.id == SyncItem.run_id)
        .join(Feed, Feed.id == SyncItem.feed_id)
    )
    rows = [ItemRow._make((*row, None)) for row in session.execute(statement)]
    keys = {(row.record_type, row.record_id) for row in rows if row.record_id is not None}
    found = name_records(session, keys)
    return [row._replace(record=found.get((row.record_type, row.record_id or 0))) for row in rows]


def item_json(row: ItemRow) -> dict[str, Any]:
    """An item as programs see it: all keys, always; times in Unix seconds.

    ``record`` is what would be added, of an added record that does not exist yet.
    """
    return {
        "id": row.id,
        "run_id": row.run,
        "feed": row.feed,
        "kind": row.kind,
        "record_type": row.record_type,
        "record_id": row.record.public_id if row.record else None,
        "name": row.name,
        "field": row.field,
        "old": row.old,
        "new": row.new if row.field else None,
        "said_before": row.said_old,
        "reason": row.reason,
        "message": row.message,
        "size": row.size,
        "state": row.state,
        "decided_by": row.decided_by,
        "decided_at": row.decided_at,
        "created_at": row.created_at,
        "record": row.payload,
    }
