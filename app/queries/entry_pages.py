"""Finds the ids on a page of the catalog without sorting it and without reading wide rows.

Two ways, and arithmetic that chooses. *Walk*: go along the index of the sorted
column from the nearer end and test each entry; good where many match. *Collect*:
find all that match by whatever index finds them, sort those, remember their
order; good where few match, or far from both ends. How many match is known
beforehand, exactly: it is on the page anyway, and counted once per change of
the catalog.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import CatalogEntry
from app.queries.cache import State, StateCache, catalog_state
from app.queries.entry_conditions import conditions, walking_conditions
from app.queries.entry_filter import EntryFilter
from app.queries.search import fold, is_indexable, matching, walked

PROBE = 2_000  # matches up to which a search is sparse
FAR = 10_000  # steps along an index from which a remembered order is quicker
# Testing an entry of a walk costs about as much as collecting and sorting this many.
WALK_COST = 1.0
COUNTS = StateCache(4_096)
PROBES = StateCache(256)
ORDERS = StateCache(32)
PAGES = StateCache(512)

_ALIASES = {"id": "public_id"}
# Sorted by so rarely that they have no index: collected, and remembered.
_UNINDEXED = frozenset({"description", "notes", "version", "protection", "retired_at"})


def page_of_ids(
    session: Session, wanted: EntryFilter, *, limit: int, offset: int
) -> tuple[Sequence[int], int]:
    """The row ids of a page in their order, and how many entries match altogether."""
    return _Finder(session, wanted).page(limit, offset)


def count_entries(session: Session, wanted: EntryFilter) -> int:
    """How many entries match, exactly."""
    return _Finder(session, wanted).total()


def forget() -> None:
    """Forget all that is remembered, as after a start; for measurements."""
    for cache in (COUNTS, PROBES, ORDERS, PAGES):
        cache.clear()


def matching_ids(session: Session, wanted: EntryFilter) -> Select[int]:
    """A query for the ids of all that match, in no order, to build set-based statements on."""
    return _Finder(session, wanted).all_ids()


class _Finder:
    """One list being looked up: the filter, the engine and what is remembered."""

    def __init__(self, session: Session, wanted: EntryFilter) -> None:
        self.session = session
        self.wanted = wanted
        self.dialect = session.get_bind().dialect.name
        self.needle = fold(wanted.q) if wanted.q else ""
        self.state: State | None = catalog_state(session)
        self.column: InstrumentedAttribute[Any] = getattr(
            CatalogEntry, _ALIASES.get(wanted.sort, wanted.sort)
        )

    def page(self, limit: int, offset: int) -> tuple[Sequence[int], int]:
        total = self.total()
        take = min(limit, total - offset)
        if take <= 0:
            return [], total
        ordered = ORDERS.get(self.state, self._order_key())
        if ordered is None and self._is_far(total, take, offset):
            ordered = ORDERS.keep(self.state, self._order_key(), self._collect())
        if ordered is not None:
            return ordered[offset : offset + take], total
        key = (*self._order_key(), offset, take)
        return PAGES.get_or_make(self.state, key, lambda: self._walk(total, take, offset)), total

    def total(self) -> int:
        return COUNTS.get_or_make(self.state, self.wanted.key(), self._count)

    def all_ids(self) -> Select[int]:
        """The ids that match, found by indexes; the sparse search has been made already."""
        ids = select(CatalogEntry.id).where(*conditions(self.wanted))
        if not self.needle:
            return ids
        sparse = self._sparse()
        if sparse is not None:
            return ids.where(CatalogEntry.id.in_(sparse))
        return ids.where(CatalogEntry.id.in_(matching(self.dialect, self.needle)))

    def _sparse(self) -> Sequence[int] | None:
        """The matches of the search alone, where they are few; None where they are many."""
        if not is_indexable(self.needle):
            return None
        found = PROBES.get_or_make(self.state, self.needle, self._probe)
        return None if len(found) > PROBE else found

    def _probe(self) -> Sequence[int]:
        statement = matching(self.dialect, self.needle).limit(PROBE + 1)
        return array("i", self.session.scalars(statement))

    def _count(self) -> int:
        restrictions = self.wanted.restrictions()
        if self.needle and len(restrictions) == 1:
            sparse = self._sparse()
            if sparse is not None:
                return len(sparse)
            found = matching(self.dialect, self.needle).subquery()
        else:
            found = self.all_ids().subquery()
        return self.session.execute(select(func.count()).select_from(found)).scalar_one()

    def _order_key(self) -> tuple[Any, ...]:
        return self.wanted.key(), self.wanted.sort, self.wanted.order

    def _is_far(self, total: int, take: int, offset: int) -> bool:
        """Whether a walk would test more entries than there are to collect."""
        if self.column.key in _UNINDEXED:
            return True
        steps = min(offset, total - offset - take) + take
        if not self.wanted.restrictions():
            return steps > FAR and self.state is not None
        entries = COUNTS.get_or_make(self.state, (), self._count_all)
        return steps * entries / total * WALK_COST > total

    def _count_all(self) -> int:
        return self.session.execute(select(func.count(CatalogEntry.id))).scalar_one()

    def _collect(self) -> Sequence[int]:
        statement = self.all_ids().order_by(*self._ordering(reverse=False))
        return array("i", self.session.scalars(statement))

    def _walk(self, total: int, take: int, offset: int) -> Sequence[int]:
        """From the nearer end: the last page is the first one of the reverse order."""
        behind = total - offset - take
        reverse = behind < offset
        tests = walking_conditions(self.wanted, self.dialect)
        if self.needle:
            tests.append(walked(self.dialect, self.needle))
        statement = (
            select(CatalogEntry.id)
            .where(*tests)
            .order_by(*self._ordering(reverse=reverse))
            .limit(take)
            .offset(behind if reverse else offset)
        )
        ids = self.session.scalars(statement).all()
        return ids[::-1] if reverse else ids

    def _ordering(self, *, reverse: bool) -> list[ColumnElement[Any]]:
        """Unknown is the smallest value, on SQLite by nature; PostgreSQL's indexes are made so."""
        ascending = (self.wanted.order == "asc") != reverse
        column, pk = self.column, CatalogEntry.id
        first = column.asc() if ascending else column.desc()
        if column.key == "public_id":
            return [first]
        if column.property.columns[0].nullable and self.dialect == "postgresql":
            first = first.nulls_first() if ascending else first.nulls_last()
        return [first, pk.asc() if ascending else pk.desc()]
