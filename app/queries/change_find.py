"""Finds the batches that a filter of the change log asks for, newest first, from any place on.

Always along an index in the order of time, so that a page costs the same however
long the log is. Where no index knows all that is asked for (one feed's batches of
one kind, one field's by one person), the one that leads to few is taken; where all
lead to many, the next `WINDOW` of them are looked at, and the answer says where to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, tuple_
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, ValidationError
from app.models import Batch, BatchField, Change, Feed
from app.models.change import BY_PEOPLE
from app.queries.change_filter import ChangeFilter
from app.queries.names import find_records

WINDOW = 2_000
# A list says "1,000+" rather than count further.
COUNTED = 1_000
# So many of the newest changes of one record are looked at.
OF_RECORD = 20_000


class Place(NamedTuple):
    """A batch's place in the order of time."""

    created_at: int
    id: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Batches, newest first. ``further`` is where to go on; None: there are no more that way."""

    ids: list[int]
    further: Place | None


@dataclass(frozen=True, slots=True)
class _Way:
    """How to find: the columns of an index, its conditions, and what is left to be tested."""

    id: Any
    created_at: Any
    known: Sequence[ColumnElement[bool]]
    left: Sequence[ColumnElement[bool]] = ()


def get_place(session: Session, name: str, public_id: str) -> Place:
    """Where a batch lies; raises `ValidationError` for the parameter ``name`` if there is none."""
    row = session.execute(
        select(Batch.created_at, Batch.id).where(Batch.public_id == public_id)
    ).one_or_none()
    if row is None:
        problem = FieldProblem(name, f"names no batch: {public_id!r}")
        raise ValidationError(f"{problem.field} {problem.message}", [problem])
    return Place(*row)


def get_places(session: Session, ids: Sequence[int]) -> list[Place]:
    """Where these batches lie, in the order they are named."""
    rows = session.execute(select(Batch.created_at, Batch.id).where(Batch.id.in_(ids)))
    found = {row.id: Place(*row) for row in rows}
    return [found[i] for i in ids]


def name_place(session: Session, place: Place) -> str:
    """The public id of the batch that lies there, for an address."""
    return session.scalars(select(Batch.public_id).where(Batch.id == place.id)).one()


def find_batches(
    session: Session,
    wanted: ChangeFilter,
    limit: int,
    start: Place | None = None,
    *,
    forward: bool = False,
) -> Stretch:
    """The next ``limit`` batches older than ``start``; ``forward``: the next newer ones."""
    way = _way(session, wanted, start, forward=forward)
    candidates = _candidates(way, wanted, start, forward=forward)
    if not way.left:
        rows = session.execute(candidates.limit(limit + 1)).all()
        return _stretch(rows, limit, None, forward=forward)
    window = candidates.limit(WINDOW).subquery("candidates")
    order = _ordering(window.c.created_at, window.c.id, forward=forward)
    found = select(window.c.id, window.c.created_at).join(Batch, Batch.id == window.c.id)
    rows = session.execute(found.where(*way.left).order_by(*order).limit(limit + 1)).all()
    last = None
    if len(rows) <= limit:
        last = session.execute(candidates.offset(WINDOW - 1).limit(1)).one_or_none()
    return _stretch(rows, limit, last, forward=forward)


def count_batches(session: Session, wanted: ChangeFilter, most: int = COUNTED) -> tuple[int, bool]:
    """How many batches match, and whether that is all: counted up to ``most``, in one window."""
    way = _way(session, wanted)
    candidates = _candidates(way, wanted, None, forward=False)
    if not way.left:
        counted = select(func.count()).select_from(candidates.limit(most + 1).subquery())
        found = session.execute(counted).scalar_one()
        return min(found, most), found <= most
    window = candidates.limit(WINDOW).subquery("candidates")
    matching = select(window.c.id).join(Batch, Batch.id == window.c.id).where(*way.left)
    seen = select(func.count()).select_from(window).scalar_subquery()
    few = select(func.count()).select_from(matching.limit(most + 1).subquery())
    row = session.execute(select(few.scalar_subquery(), seen)).one()
    found, looked_at = int(row[0]), int(row[1])
    return min(found, most), found <= most and looked_at < WINDOW


def asks_for_batches(wanted: ChangeFilter) -> bool:
    """Whether anything but the record restricts it."""
    return replace(wanted, record=None) != ChangeFilter()


def some_batches(session: Session, wanted: ChangeFilter) -> tuple[Select[Any], bool]:
    """The ids of the batches that match, and whether of all: else of the newest `WINDOW` only."""
    way = _way(session, wanted)
    candidates = _candidates(way, wanted, None, forward=False)
    if not way.left:
        return candidates.order_by(None), True
    window = candidates.limit(WINDOW).subquery("candidates")
    seen = session.execute(select(func.count()).select_from(window)).scalar_one()
    found = select(window.c.id).join(Batch, Batch.id == window.c.id).where(*way.left)
    return found, seen < WINDOW


def change_test(session: Session, wanted: ChangeFilter) -> ColumnElement[bool]:
    """Whether a change is of the record and the field that are asked for."""
    tests = []
    if wanted.field is not None:
        tests.append(Change.field == wanted.field)
    if wanted.record is not None:
        keys = find_records(session, wanted.record)
        same = (and_(Change.record_type == kind, Change.record_id == i) for kind, i in keys)
        tests.append(or_(false(), *same))
    return and_(True, *tests)


def _way(
    session: Session, wanted: ChangeFilter, start: Place | None = None, *, forward: bool = False
) -> _Way:
    """The way whose index knows all that is asked for, or else that has few to look at.

    Where none has, the first.
    """
    ways = _ways(session, wanted)
    for way in ways if ways[0].left else ():
        candidates = _candidates(way, wanted, start, forward=forward).limit(WINDOW).subquery()
        if session.execute(select(func.count()).select_from(candidates)).scalar_one() < WINDOW:
            return way
    return ways[0]


def _ways(session: Session, wanted: ChangeFilter) -> list[_Way]:
    tests, mine = _batch_tests(session, wanted), BatchField.field == wanted.field
    if wanted.record is not None:
        holding = select(Change.batch_id).where(change_test(session, wanted))
        newest = holding.order_by(Change.id.desc()).limit(OF_RECORD)
        tests["record"] = Batch.id.in_(select(newest.subquery().c.batch_id))
    elif wanted.field is not None:
        same = and_(BatchField.batch_id == Batch.id, BatchField.created_at == Batch.created_at)
        tests["field"] = select(BatchField.batch_id).where(mine, same).correlate(Batch).exists()
    if {"batch", "record"} & tests.keys():
        # The sum keeps both engines from walking the whole log in its order to find these few.
        return [_Way(Batch.id, Batch.created_at + 0, list(tests.values()))]
    ways = []
    for names in _INDEXED:
        if tests.keys() >= set(names) and (names or not tests):
            known = [tests[name] for name in names]
            left = [test for name, test in tests.items() if name not in names]
            ways.append(_Way(Batch.id, Batch.created_at, known, left))
    if wanted.field is not None:
        others = [test for name, test in tests.items() if name != "field"]
        ways.insert(0, _Way(BatchField.batch_id, BatchField.created_at, [mine], others))
    return ways


# What an index of the batches knows, what says most first.
_INDEXED = (
    *(("feed",), ("actor", "kind"), ("actor",), ("kind",), ("actor_kind",)),
    *(("by_people",), ()),
)


def _batch_tests(session: Session, wanted: ChangeFilter) -> dict[str, ColumnElement[bool]]:
    tests: dict[str, ColumnElement[bool]] = {}
    if wanted.actor is not None:
        tests["actor"] = Batch.actor == wanted.actor
    if wanted.kind is not None:
        tests["kind"] = Batch.kind == wanted.kind
    if wanted.actor_kind is not None:
        tests["actor_kind"] = Batch.actor_kind == wanted.actor_kind
    if wanted.feed is not None:
        feed_id = session.scalar(select(Feed.id).where(Feed.name == wanted.feed))
        tests["feed"] = false() if feed_id is None else Batch.feed_id == feed_id
    if wanted.by_people:
        tests["by_people"] = and_(BY_PEOPLE)
    if wanted.batch is not None:
        tests["batch"] = Batch.public_id == wanted.batch
    return tests


def _candidates(
    way: _Way, wanted: ChangeFilter, start: Place | None, *, forward: bool
) -> Select[Any]:
    tests = list(way.known)
    if wanted.since is not None:
        tests.append(way.created_at >= wanted.since)
    if wanted.until is not None:
        tests.append(way.created_at <= wanted.until)
    if start is not None:
        place = tuple_(way.created_at, way.id)
        tests.append(place > tuple_(*start) if forward else place < tuple_(*start))
    order = _ordering(way.created_at, way.id, forward=forward)
    columns = (way.id.label("id"), way.created_at.label("created_at"))
    return select(*columns).where(*tests).order_by(*order)


def _ordering(created_at: Any, batch_id: Any, *, forward: bool) -> list[Any]:
    return [c.asc() if forward else c.desc() for c in (created_at, batch_id)]


def _stretch(rows: Sequence[Any], limit: int, last: Any, *, forward: bool) -> Stretch:
    """The rows in the order of the list; ``last`` is the last that was looked at in vain."""
    shown = rows[:limit]
    ids = [row.id for row in shown]
    end = shown[-1] if len(rows) > limit else last
    further = None if end is None else Place(end.created_at, end.id)
    return Stretch(ids[::-1] if forward else ids, further)
