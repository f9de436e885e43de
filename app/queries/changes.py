"""Reads of the change log: batches, and the changes of each. No query reads the whole log."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from app.core.errors import NotFoundError
from app.models import Batch, Change
from app.queries.change_filter import ChangeFilter
from app.queries.names import RecordKey, RecordName, find_records, name_records

# A list of batches says "1,000+" rather than count further.
COUNTED = 1_000
# A field of no named record is looked for in so many of the newest changes: no index leads to it.
SEARCHED = 200_000
CHOICES = 100


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


def list_batches(
    session: Session, wanted: ChangeFilter, *, limit: int, offset: int, by_people: bool = False
) -> list[BatchRow]:
    """The newest batches that match, newest first; ``by_people`` leaves out what feeds did."""
    ids = _matching(session, wanted)
    if by_people:
        ids = ids.where(Batch.actor_kind.in_(("user", "token")))
    page = ids.order_by(Batch.id.desc()).limit(limit).offset(offset).subquery("page")
    statement = _batches().join(page, page.c.id == Batch.id).order_by(Batch.id.desc())
    return [BatchRow._make(row) for row in session.execute(statement)]


def count_batches(session: Session, wanted: ChangeFilter) -> int:
    """How many batches match."""
    found = _matching(session, wanted).subquery()
    return session.execute(select(func.count()).select_from(found)).scalar_one()


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
    # The sum keeps PostgreSQL from walking the whole log along its primary key to find them.
    page = select(Change.id).where(Change.batch_id == batch_id).order_by(Change.id + 0)
    return _changes(session, page.limit(limit).offset(offset))


def first_changes(
    session: Session, batch_ids: Sequence[int], wanted: ChangeFilter, each: int = 3
) -> dict[int, list[ChangeRow]]:
    """A few changes of each of these batches, those that the filter asks for."""
    if not batch_ids:
        return {}
    test = _change_test(session, wanted)
    few = [
        select(Change.id).where(Change.batch_id == i, test).limit(each).subquery()
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
    """Who wrote anything, the latest first."""
    newest = func.max(Batch.id)
    statement = select(Batch.actor).group_by(Batch.actor).order_by(newest.desc()).limit(CHOICES)
    return list(session.scalars(statement))


def list_kinds(session: Session) -> list[str]:
    """The kinds of batches there are."""
    return list(session.scalars(select(Batch.kind).distinct().order_by(Batch.kind)))


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
    )


def _matching(session: Session, wanted: ChangeFilter) -> Select[Any]:
    tests = [
        column == value
        for column, value in (
            (Batch.actor, wanted.actor),
            (Batch.kind, wanted.kind),
            (Batch.public_id, wanted.batch),
        )
        if value is not None
    ]
    if wanted.since is not None:
        tests.append(Batch.created_at >= wanted.since)
    if wanted.until is not None:
        tests.append(Batch.created_at <= wanted.until)
    if wanted.record is not None or wanted.field is not None:
        tests.append(Batch.id.in_(_holding(session, wanted)))
    return select(Batch.id).where(*tests)


def _holding(session: Session, wanted: ChangeFilter) -> Select[Any]:
    """The batches with a change that is asked for."""
    found = select(Change.batch_id).where(_change_test(session, wanted))
    if wanted.record is None:
        found = found.where(Change.id > _newest(session, wanted) - SEARCHED)
    return found


def _newest(session: Session, wanted: ChangeFilter) -> int:
    """The newest change that the time allows."""
    newest = select(func.max(Change.id))
    if wanted.until is not None:
        last = select(func.max(Batch.id)).where(Batch.created_at <= wanted.until)
        newest = newest.where(Change.batch_id == last.scalar_subquery())
    return session.scalar(newest) or 0


def _change_test(session: Session, wanted: ChangeFilter) -> ColumnElement[bool]:
    tests = []
    if wanted.field is not None:
        tests.append(Change.field == wanted.field)
    if wanted.record is not None:
        tests.append(_of_records(find_records(session, wanted.record)))
    return and_(True, *tests)


def _of_records(keys: Collection[RecordKey]) -> ColumnElement[bool]:
    if not keys:
        return false()
    return or_(
        *(
            and_(Change.record_type == kind, Change.record_id == record_id)
            for kind, record_id in keys
        )
    )
