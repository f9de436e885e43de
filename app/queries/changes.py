"""Reads of the change log: batches, and the changes of each. No query reads the whole log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.core.errors import NotFoundError
from app.models import Batch, Change, Feed, SyncRun
from app.queries.change_filter import ChangeFilter
from app.queries.change_find import COUNTED, change_test
from app.queries.names import RecordName, name_records

CHOICES = 200


class ChangeRow(NamedTuple):
    """One change of one field, with what its record is called; None: it has no name."""

    id: int
    record_type: str
    record_id: int
    field: str
    old: Any
    new: Any
    old_manual: bool
    new_manual: bool
    kind: str
    batch: str
    record: RecordName | None


class BatchRow(NamedTuple):
    """One batch. ``undoes`` is the batch it takes back, ``undone_by`` the newest that took it back.

    ``redone`` says that that one was taken back in turn; ``changes`` are counted up to `COUNTED`.
    ``run_id`` is the sync run that wrote it, ``feed`` whose word it was.
    """

    id: int
    public_id: str
    kind: str
    actor_kind: str
    actor: str
    reason: str | None
    created_at: int
    summary: Mapping[str, Any]
    undoes: str | None
    undone_by: str | None
    redone: bool
    changes: int
    request_id: str | None
    feed: str | None
    run_id: str | None


def list_batches(session: Session, ids: Sequence[int]) -> list[BatchRow]:
    """These batches, in this order."""
    rows = session.execute(_batches().where(Batch.id.in_(ids)))
    found = {row[0]: BatchRow._make(row) for row in rows}
    return [found[i] for i in ids if i in found]


def get_batch(session: Session, public_id: str) -> BatchRow:
    """One batch; raises `NotFoundError`. Its ``changes`` are counted in full."""
    row = session.execute(_batches().where(Batch.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no batch {public_id!r}")
    batch = BatchRow._make(row)
    if batch.changes < COUNTED:
        return batch
    counted = select(func.count()).select_from(Change).where(Change.batch_id == batch.id)
    return batch._replace(changes=session.execute(counted).scalar_one())


def list_batch_changes(
    session: Session, batch_id: int, *, limit: int, offset: int
) -> list[ChangeRow]:
    """The changes of one batch in the order they were made."""
    page = select(Change.id).where(Change.batch_id == batch_id).order_by(Change.id)
    return _changes(session, page.limit(limit).offset(offset))


def first_changes(
    session: Session, batch_ids: Sequence[int], wanted: ChangeFilter, each: int = 3
) -> dict[int, list[ChangeRow]]:
    """A few changes of each of these batches, those that the filter asks for."""
    if not batch_ids:
        return {}
    test = change_test(session, wanted)
    few = [
        select(Change.id)
        .where(Change.batch_id == i, test)
        .order_by(Change.id)
        .limit(each)
        .subquery()
        for i in batch_ids
    ]
    rows = _changes(session, union_all(*(select(one.c.id) for one in few)))
    public_ids = dict(
        session.execute(select(Batch.public_id, Batch.id).where(Batch.id.in_(batch_ids))).all()
    )
    found: dict[int, list[ChangeRow]] = {}
    for row in rows:
        found.setdefault(public_ids[row.batch], []).append(row)
    return found


def list_actors(session: Session) -> list[str]:
    """Who wrote anything, in the order of the alphabet: the first `CHOICES`."""
    return _distinct(session, Batch.actor)


def list_kinds(session: Session) -> list[str]:
    """The kinds of batches there are."""
    return _distinct(session, Batch.kind)


def list_sources(session: Session) -> list[str]:
    """The names of the feeds that wrote anything, also of those removed."""
    wrote = select(Batch.id).where(Batch.feed_id == Feed.id).limit(1).correlate(Feed).exists()
    return list(session.scalars(select(Feed.name).where(wrote).order_by(Feed.name).limit(CHOICES)))


def _distinct(session: Session, column: InstrumentedAttribute[str]) -> list[str]:
    """The values of an indexed column, each found from the one before: no walk through them all."""
    first = select(func.min(column).label("value")).cte("chosen", recursive=True)
    after = select(func.min(column)).where(column > first.c.value).scalar_subquery()
    chosen = first.union_all(select(after).where(first.c.value.is_not(None)))
    # PostgreSQL and SQLite both stop the recursion once so many rows are taken.
    values = session.scalars(select(chosen.c.value).limit(CHOICES))
    return [value for value in values if value is not None]


def _changes(session: Session, ids: Any) -> list[ChangeRow]:
    page = ids.subquery("page")
    columns = (
        *(Change.id, Change.record_type, Change.record_id, Change.field, Change.old, Change.new),
        *(Change.old_manual, Change.new_manual, Batch.kind, Batch.public_id),
    )
    statement = (
        select(*columns)
        .join(page, page.c.id == Change.id)
        .join(Batch, Batch.id == Change.batch_id)
        .order_by(Change.id)
    )
    rows = session.execute(statement).all()
    names = name_records(session, {(row.record_type, row.record_id) for row in rows})
    return [ChangeRow._make((*row, names.get((row.record_type, row.record_id)))) for row in rows]


def _batches() -> Select[Any]:
    undoing, again, undone = aliased(Batch), aliased(Batch), aliased(Batch)
    newest = select(undoing.public_id).where(undoing.undoes_id == Batch.id)
    in_turn = select(again.id).join(undoing, undoing.id == again.undoes_id)
    run = select(SyncRun.public_id).where(SyncRun.batch_id == Batch.id)
    few = select(Change.id).where(Change.batch_id == Batch.id).limit(COUNTED).correlate(Batch)
    return select(
        Batch.id,
        Batch.public_id,
        Batch.kind,
        Batch.actor_kind,
        Batch.actor,
        Batch.reason,
        Batch.created_at,
        Batch.summary,
        select(undone.public_id).where(undone.id == Batch.undoes_id).scalar_subquery(),
        newest.order_by(undoing.id.desc()).limit(1).scalar_subquery(),
        in_turn.where(undoing.undoes_id == Batch.id).correlate(Batch).exists(),
        select(func.count()).select_from(few.subquery("few")).scalar_subquery(),
        Batch.request_id,
        select(Feed.name).where(Feed.id == Batch.feed_id).scalar_subquery(),
        run.order_by(SyncRun.id.desc()).limit(1).scalar_subquery(),
    )
