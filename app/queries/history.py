"""What became of one record: its changes a page at a time, and since when each value holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.models import Batch, Change, Feed, SyncItem, SyncRun
from app.models.sync import OPEN_ITEMS
from app.queries.states import chunks

ROWS = 50
MAX_STEPS = 5_000


class HistoryRow(NamedTuple):
    """One change of one field. ``feed`` and ``run_id`` say whose sync it was."""

    id: int
    field: str
    old: Any
    new: Any
    old_manual: bool
    new_manual: bool
    batch: str
    kind: str
    actor_kind: str
    actor: str
    reason: str | None
    created_at: int
    feed: str | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Changes, newest first. ``older`` is the id that the next page comes before, if any."""

    rows: list[HistoryRow]
    older: int | None


class Step(NamedTuple):
    """A value that a field took, and the change that did it."""

    record_id: int
    field: str
    old: Any
    new: Any
    created_at: int
    batch: str
    kind: str
    actor: str
    reason: str | None
    feed: str | None


class HeldRow(NamedTuple):
    """What a feed says of a record that does not count: it waits for a decision, or was refused.

    ``field`` is None where the record as a whole is meant.
    """

    field: str | None
    feed: str
    new: Any
    state: str
    reason: str | None
    message: str | None
    created_at: int


def list_history(
    session: Session,
    record_type: str,
    record_id: int,
    *,
    field: str | None = None,
    before: int | None = None,
    limit: int = ROWS,
) -> HistoryPage:
    """The changes of a record, or of one field of it, that came before another."""
    tests = [Change.record_type == record_type, Change.record_id == record_id]
    if field is not None:
        tests.append(Change.field == field)
    if before is not None:
        tests.append(Change.id < before)
    newest = select(Change.id).where(*tests).order_by(Change.id.desc()).limit(limit + 1)
    rows = [HistoryRow._make(row) for row in session.execute(_history(newest))]
    return HistoryPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _history(ids: Select[Any]) -> Select[Any]:
    page = ids.subquery("page")
    run = select(SyncRun.public_id).where(SyncRun.batch_id == Batch.id).limit(1)
    return (
        select(
            *(Change.id, Change.field, Change.old, Change.new),
            *(Change.old_manual, Change.new_manual, Batch.public_id, Batch.kind),
            *(Batch.actor_kind, Batch.actor, Batch.reason, Batch.created_at, Feed.name),
            run.correlate(Batch).scalar_subquery(),
        )
        .join(page, page.c.id == Change.id)
        .join(Batch, Batch.id == Change.batch_id)
        .outerjoin(Feed, Feed.id == Batch.feed_id)
        .order_by(Change.id.desc())
    )


def list_changed_fields(session: Session, record_type: RecordType, record_id: int) -> list[str]:
    """The fields of a record that ever changed."""
    mine = and_(Change.record_type == record_type, Change.record_id == record_id)
    return list(session.scalars(select(Change.field).where(mine).distinct().order_by(Change.field)))


def since_when(session: Session, record_type: RecordType, record_id: int) -> Mapping[str, int]:
    """When each value in force became what it is, by field; those that never changed are not there.

    A decision that left the value as it was does not count.
    """
    newest = (
        select(Change.field, func.max(Change.id).label("id"))
        .where(Change.record_type == record_type, Change.record_id == record_id)
        .where(Change.old.is_distinct_from(Change.new))
        .group_by(Change.field)
        .subquery("newest")
    )
    statement = (
        select(newest.c.field, Batch.created_at)
        .join(Change, Change.id == newest.c.id)
        .join(Batch, Batch.id == Change.batch_id)
    )
    return {row.field: row.created_at for row in session.execute(statement)}


def list_steps(
    session: Session,
    record_type: RecordType,
    record_ids: Collection[int],
    fields: Collection[str],
) -> Mapping[tuple[int, str], list[Step]]:
    """How these fields of these records changed, oldest first; the newest `MAX_STEPS` of each 500.

    By record and field; those that never changed are not there.
    """
    found: dict[tuple[int, str], list[Step]] = defaultdict(list)
    columns = (
        *(Change.record_id, Change.field, Change.old, Change.new, Batch.created_at),
        *(Batch.public_id, Batch.kind, Batch.actor, Batch.reason, Feed.name),
    )
    for some in chunks(sorted(record_ids)):
        statement = (
            select(*columns)
            .join(Batch, Batch.id == Change.batch_id)
            .outerjoin(Feed, Feed.id == Batch.feed_id)
            .where(Change.record_type == record_type, Change.record_id.in_(some))
            .where(Change.field.in_(fields), Change.old.is_distinct_from(Change.new))
            .order_by(Change.id.desc())
            .limit(MAX_STEPS)
        )
        for row in reversed(session.execute(statement).all()):
            found[row.record_id, row.field].append(Step._make(row))
    return found


def list_held(session: Session, record_type: RecordType, record_id: int) -> list[HeldRow]:
    """What feeds say of a record that waits for a decision or was refused, what waits first."""
    statement = (
        select(
            *(SyncItem.field, Feed.name, SyncItem.new, SyncItem.state),
            *(SyncItem.reason, SyncItem.message, SyncItem.created_at),
        )
        .join(Feed, Feed.id == SyncItem.feed_id)
        .where(SyncItem.record_type == record_type, SyncItem.record_id == record_id)
        .where(OPEN_ITEMS)
        .order_by(SyncItem.state.desc(), SyncItem.id)
    )
    return [HeldRow._make(row) for row in session.execute(statement)]
