"""The items of one sync run: a page at a time, filtered, and their row ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.models import SyncItem
from app.queries.list_args import one_of
from app.queries.page import Page
from app.queries.review_filter import REVIEW_FIELDS, read_args
from app.queries.sync_items import KINDS, RECORD_TYPES, STATES, WHOLE, ItemRow, items_among

# A list counts so far.
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class RunItemFilter:
    """All conditions hold; None says nothing. ``field`` ``*``: about a record as a whole."""

    kind: str | None = None
    state: str | None = None
    field: str | None = None
    record_type: str | None = None

    def to_args(self) -> dict[str, str]:
        """The query string that is read as this filter."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) is not None}


READERS = {
    "kind": one_of(*KINDS),
    "state": one_of(*STATES),
    "field": one_of(*REVIEW_FIELDS),
    "record_type": one_of(*RECORD_TYPES),
}


def parse_run_item_filter(args: Mapping[str, str], also: Iterable[str] = ()) -> RunItemFilter:
    """Read the filter from a query string; raises `ValidationError` with all that is wrong."""
    return RunItemFilter(**read_args(READERS, args, also))


def run_item_ids(run_id: int, wanted: RunItemFilter) -> Select[int]:
    """A query for the row ids of the items that the filter asks for."""
    return select(SyncItem.id).where(*_tests(run_id, wanted))


def list_run_items(
    session: Session, run_id: int, wanted: RunItemFilter, *, limit: int, offset: int = 0
) -> Page[ItemRow]:
    """A page of a run's items in the order they were found; ``total`` counts up to `COUNTED`."""
    ids = run_item_ids(run_id, wanted)
    few = ids.limit(COUNTED).subquery()
    total = session.scalar(select(func.count()).select_from(few)) or 0
    found = items_among(session, ids.order_by(SyncItem.id).limit(limit).offset(offset))
    return Page(sorted(found, key=lambda row: row.id), total, limit, offset)


def fields_of_run(session: Session, run_id: int) -> list[str]:
    """The fields that the first items of a run are about, in the order of the registry."""
    first = select(SyncItem.field).where(SyncItem.run_id == run_id).limit(COUNTED).subquery()
    found = set(session.scalars(select(first.c.field).distinct()))
    return [name for name in REVIEW_FIELDS if (None if name == WHOLE else name) in found]


def _tests(run_id: int, wanted: RunItemFilter) -> list[ColumnElement[bool]]:
    tests = [SyncItem.run_id == run_id]
    for name, value in wanted.to_args().items():
        column = getattr(SyncItem, name)
        tests.append(column.is_(None) if (name, value) == ("field", WHOLE) else column == value)
    return tests
