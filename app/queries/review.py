"""The review queue: what waits for a person (or was rejected), a page at a time, and its counts.

No query reads the whole queue: pages are found by where the last one ended, and counts
stop where they say enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, ValidationError
from app.core.guards import REASONS
from app.core.row_ids import read_row_id
from app.models import Feed, SyncItem, SyncRun
from app.queries.cache import StateCache, catalog_state
from app.queries.names import find_records
from app.queries.review_filter import REVIEW_FIELDS, REVIEW_STATES, ReviewFilter
from app.queries.sync_items import KINDS, WHOLE, ItemRow, items_among

# A list says "1,000+" rather than count further; where several things restrict it, no single
# index leads to what is counted, and it says "200+".
COUNTED = 1_000
COUNTED_FEW = 200
# A part of a name is looked for in so many of the newest items: no index leads to it.
SEARCHED = 5_000
_CURSOR = re.compile(r"(?:(?P<size>[0-9.eE+-]{1,40}):)?(?P<id>[0-9]{1,10})")
_FACETS = StateCache(16)


class Cursor(NamedTuple):
    """Where a page ended: the row id of an item, and its size where that is the order."""

    id: int
    size: float | None = None

    def __str__(self) -> str:
        return str(self.id) if self.size is None else f"{self.size!r}:{self.id}"


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Items in the order asked for; ``capped``: there are ``total`` of them or more.

    ``before`` and ``after`` lead to the pages around it; None: there is none.
    """

    rows: list[ItemRow]
    total: int
    capped: bool
    before: Cursor | None
    after: Cursor | None


@dataclass(frozen=True, slots=True)
class Facets:
    """How many items wait by feed, reason, field and kind, each counted up to `COUNTED`."""

    feed: dict[str, int]
    reason: dict[str, int]
    field: dict[str, int]
    kind: dict[str, int]


def parse_cursor(name: str, given: str | None) -> Cursor | None:
    """Read where a page begins; raises `ValidationError`."""
    if given is None:
        return None
    match = _CURSOR.fullmatch(given)
    pk = read_row_id(match["id"]) if match else None
    try:
        if match is not None and pk is not None:
            return Cursor(pk, float(match["size"]) if match["size"] else None)
    except ValueError:
        pass  # it is no number: refused below
    problem = FieldProblem(name, "must be taken from a page of this list")
    raise ValidationError(f"{name} {problem.message}", [problem])


def waiting_ids(session: Session, wanted: ReviewFilter) -> Select[int]:
    """A query for the row ids of the items that the filter asks for."""
    return select(SyncItem.id).where(*_tests(session, wanted))


def list_review(
    session: Session,
    wanted: ReviewFilter,
    *,
    limit: int,
    sort: str = "newest",
    before: Cursor | None = None,
    after: Cursor | None = None,
) -> ReviewPage:
    """A page of the queue: newest, oldest or the greatest change (``size``) first.

    ``after`` is where the page before it ended, ``before`` where the page after it began.
    """
    order = _Order(sort)
    backwards = before is not None
    ids = waiting_ids(session, wanted).add_columns(SyncItem.size)
    if sort == "size":
        ids = ids.where(SyncItem.size.is_not(None))
    if (cursor := before or after) is not None:
        ids = ids.where(order.beyond(cursor, backwards=backwards))
    ordered = ids.order_by(*order.by(backwards=backwards)).limit(limit + 1)
    found = [(row[0], row[1]) for row in session.execute(ordered)]
    more, found = len(found) > limit, found[:limit]
    if backwards:
        found.reverse()
    cursors = [Cursor(pk, size if sort == "size" else None) for pk, size in found]
    rows = {row.id: row for row in items_among(session, _these([c.id for c in cursors]))}
    has_before, has_after = (more, True) if backwards else (after is not None, more)
    most = counted_up_to(wanted)
    is_all = cursor is None and not more
    total = len(cursors) if is_all and sort != "size" else count_review(session, wanted, most)
    return ReviewPage(
        [rows[c.id] for c in cursors if c.id in rows],
        total,
        total == most,
        cursors[0] if cursors and has_before else None,
        cursors[-1] if cursors and has_after else None,
    )


def counted_up_to(wanted: ReviewFilter) -> int:
    """How far a list with this filter counts."""
    return COUNTED if len(wanted.to_args()) < 2 else COUNTED_FEW


def count_review(session: Session, wanted: ReviewFilter, most: int = COUNTED) -> int:
    """How many items the filter finds, counted up to ``most``."""
    few = waiting_ids(session, wanted).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def review_facets(session: Session, state: str = "waiting") -> Facets:
    """The counts of the whole queue; counted once per change of the catalog or the queue."""
    if state not in REVIEW_STATES:
        raise ValueError(f"{state} is no state of the queue")
    catalog = catalog_state(session)
    newest = session.scalar(select(func.max(SyncItem.id)))
    return _FACETS.get_or_make(catalog, (state, newest), lambda: _count_facets(session, state))


def _count_facets(session: Session, state: str) -> Facets:
    feeds = dict(session.execute(select(Feed.id, Feed.name).order_by(Feed.name)).all())
    by_feed = _counts(session, state, SyncItem.feed_id, feeds)
    return Facets(
        feed={feeds[pk]: number for pk, number in by_feed.items()},
        reason=_counts(session, state, SyncItem.reason, REASONS),
        field=_counts(session, state, SyncItem.field, REVIEW_FIELDS),
        kind=_counts(session, state, SyncItem.kind, KINDS),
    )


def _counts(session: Session, state: str, column: Any, values: Iterable[Any]) -> dict[Any, int]:
    """How many have each value, without those that nobody has; one statement."""
    wanted = list(values)
    counted = []
    for number, value in enumerate(wanted):
        test = column.is_(None) if value == WHOLE else column == value
        few = select(SyncItem.id).where(in_state(state), test).limit(COUNTED).subquery()
        counted.append(select(literal(number), func.count()).select_from(few))
    if not counted:
        return {}
    found = dict(session.execute(union_all(*counted)).all())
    return {value: found[number] for number, value in enumerate(wanted) if found[number]}


def in_state(state: str) -> ColumnElement[bool]:
    """The test of a state, written out: with a parameter no partial index would be used."""
    return SyncItem.state == literal(state, literal_execute=True)


class _Order:
    """One order of the list, and what lies beyond a place in it."""

    def __init__(self, sort: str) -> None:
        self.falls = sort != "oldest"
        self.columns = (SyncItem.size, SyncItem.id) if sort == "size" else (SyncItem.id,)

    def by(self, *, backwards: bool) -> list[Any]:
        falls = self.falls is not backwards
        return [column.desc() if falls else column.asc() for column in self.columns]

    def beyond(self, cursor: Cursor, *, backwards: bool) -> ColumnElement[bool]:
        falls = self.falls is not backwards
        place: tuple[Any, ...] = (cursor.id,)
        if len(self.columns) == 2:
            place = (cursor.size or 0.0, cursor.id)
        here = tuple_(*self.columns)
        there = tuple_(*(literal(value) for value in place))
        return here < there if falls else here > there


def _these(ids: list[int]) -> Select[int]:
    return select(SyncItem.id).where(SyncItem.id.in_(ids))


def _tests(session: Session, wanted: ReviewFilter) -> list[ColumnElement[bool]]:
    tests = [in_state(wanted.state)]
    if wanted.feed is not None:
        tests.append(
            _one(session, SyncItem.feed_id, select(Feed.id).where(Feed.name == wanted.feed))
        )
    if wanted.run is not None:
        run = select(SyncRun.id).where(SyncRun.public_id == wanted.run)
        tests.append(_one(session, SyncItem.run_id, run))
    if wanted.field is not None:
        whole = wanted.field == WHOLE
        tests.append(SyncItem.field.is_(None) if whole else SyncItem.field == wanted.field)
    tests += [
        getattr(SyncItem, name) == value
        for name in ("reason", "kind", "record_type")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.size_min is not None:
        tests.append(SyncItem.size >= wanted.size_min)
    if wanted.record is not None:
        tests.append(_of_record(session, wanted.record))
    if wanted.q is not None:
        tests.append(_named(session, wanted))
    return tests


def _one(session: Session, column: Any, ids: Select[int]) -> ColumnElement[bool]:
    """The column is the one id that is found; looked up first, so that its index is used."""
    found = session.scalar(ids)
    return false() if found is None else column == found


def _of_record(session: Session, public_id: str) -> ColumnElement[bool]:
    kinds = ("entry", "provider_model")
    keys = [key for key in find_records(session, public_id) if key[0] in kinds]
    if not keys:
        return false()
    of_records = or_(
        *(and_(SyncItem.record_type == kind, SyncItem.record_id == pk) for kind, pk in keys)
    )
    # What the index of the records says of itself.
    return and_(
        SyncItem.state.in_([literal(s, literal_execute=True) for s in REVIEW_STATES]), of_records
    )


def _named(session: Session, wanted: ReviewFilter) -> ColumnElement[bool]:
    """The name holds the words, among the newest items."""
    newest = select(SyncItem.id).where(in_state(wanted.state)).order_by(SyncItem.id.desc())
    last = session.scalar(newest.offset(SEARCHED).limit(1)) or 0
    name = func.lower(SyncItem.name)
    return and_(SyncItem.id > last, name.contains((wanted.q or "").lower(), autoescape=True))
