"""The change log as one list of changes, newest first, for programs and exports.

Walked action by action (`find_batches`), so that no part of it is sorted as a
whole and any number of changes passes through little memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.models import Change
from app.queries.change_filter import ChangeFilter
from app.queries.change_find import (
    Place,
    asks_for_batches,
    change_test,
    find_batches,
    some_batches,
)
from app.queries.changes import BatchRow, list_batches
from app.queries.names import RecordName, name_records

# Totals are counted up to here.
COUNTED = 10_000
BATCHES = 250
PIECE = 1_000


class LoggedChange(NamedTuple):
    """One change and the action it is part of; ``record`` is None where nothing has its name."""

    id: int
    record_type: str
    record: RecordName | None
    field: str
    old: Any
    new: Any
    old_manual: bool
    new_manual: bool
    batch: BatchRow


def list_changes(
    session: Session, wanted: ChangeFilter, *, limit: int, offset: int
) -> list[LoggedChange]:
    """The changes of a page, newest first."""
    found: list[LoggedChange] = []
    for batch_ids, skipped in _groups(session, wanted, offset, least=limit):
        found += _changes(session, batch_ids, wanted, skipped, limit - len(found))
        if len(found) >= limit:
            break
    return found


def count_changes(session: Session, wanted: ChangeFilter) -> tuple[int, bool]:
    """How many changes match, up to `COUNTED`, and whether there may be more."""
    mine, is_whole = select(Change.id).where(change_test(session, wanted)), True
    if asks_for_batches(wanted):
        batches, is_whole = some_batches(session, wanted)
        which = batches.subquery()
        mine = mine.join(which, which.c.id == Change.batch_id)
    counted = select(func.count()).select_from(mine.limit(COUNTED + 1).subquery())
    found = session.execute(counted).scalar_one()
    return min(found, COUNTED), found > COUNTED or not is_whole


def walk_changes(session: Session, wanted: ChangeFilter) -> Iterator[list[LoggedChange]]:
    """All changes that match, newest first, a piece at a time.

    What is logged meanwhile is newer than where the walk began, and not in it.
    """
    for batch_ids, _ in _groups(session, wanted, 0, least=BATCHES):
        offset = 0
        while piece := _changes(session, batch_ids, wanted, offset, PIECE):
            yield piece
            offset += len(piece)
            if len(piece) < PIECE:
                break


def _groups(
    session: Session, wanted: ChangeFilter, offset: int, *, least: int
) -> Iterator[tuple[list[int], int]]:
    """Neighbouring batches to be read together, a large one alone; and how much to skip of them."""
    group: list[int] = []
    size, skipped = 0, 0
    for counts in _counted(session, wanted, least):
        for batch_id, count in counts:
            if offset >= count and not group:
                offset -= count
                continue
            if group and size + count > PIECE:
                yield group, skipped
                group, size = [], 0
            if not group:
                skipped, offset = offset, 0
            group.append(batch_id)
            size += count
        if group:
            yield group, skipped
            group, size = [], 0


def _counted(session: Session, wanted: ChangeFilter, least: int) -> Iterator[list[tuple[int, int]]]:
    """Batches with changes that are asked for, and how many; newest first."""
    test = change_test(session, wanted)
    start: Place | None = None
    size = min(max(least, 20), BATCHES)
    while True:
        stretch = find_batches(session, wanted, size, start)
        mine = Change.batch_id.in_(stretch.ids)
        counts = select(Change.batch_id, func.count()).where(mine, test).group_by(Change.batch_id)
        found = {row[0]: row[1] for row in session.execute(counts)}
        yield [(i, found[i]) for i in stretch.ids if i in found]
        start, size = stretch.further, BATCHES
        if start is None:
            return


def _changes(
    session: Session, batch_ids: Sequence[int], wanted: ChangeFilter, offset: int, limit: int
) -> list[LoggedChange]:
    """Some changes of these batches: in their order, each batch's newest change first."""
    batches = {batch.id: batch for batch in list_batches(session, batch_ids)}
    columns = (
        *(Change.id, Change.batch_id, Change.record_type, Change.record_id, Change.field),
        *(Change.old, Change.new, Change.old_manual, Change.new_manual),
    )
    mine = Change.batch_id.in_(batch_ids) if len(batch_ids) > 1 else Change.batch_id == batch_ids[0]
    statement = select(*columns).where(mine, change_test(session, wanted))
    if len(batch_ids) > 1:
        place = {batch_id: number for number, batch_id in enumerate(batch_ids)}
        rows: Sequence[Row[Any]] = sorted(
            session.execute(statement), key=lambda row: (place[row.batch_id], -row.id)
        )[offset : offset + limit]
    else:
        page = statement.order_by(Change.id.desc()).offset(offset).limit(limit)
        rows = session.execute(page).all()
    names = name_records(session, {(row.record_type, row.record_id) for row in rows})
    return [
        LoggedChange(
            *(row.id, row.record_type, names.get((row.record_type, row.record_id)), row.field),
            *(row.old, row.new, row.old_manual, row.new_manual, batches[row.batch_id]),
        )
        for row in rows
    ]
