"""Finds the ids on a page of a list without sorting it and without reading wide rows.

Two ways, and arithmetic that chooses. *Walk*: go along the index of the sorted
column from the nearer end and test each record; good where many match. *Collect*:
find all that match by whatever index finds them, sort those, remember their
order; good where few match, or far from both ends. How many match is known
beforehand, exactly: it is on the page anyway, and counted once per change of
the catalog.

Entries and provider models are the same to it: a `Listed` says what differs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import Base, CatalogEntry, ProviderModel
from app.queries.cache import State, StateCache, catalog_state
from app.queries.conditions import among, plain, unindexed
from app.queries.list_args import Filter
from app.queries.search import SearchTable, fold, is_indexable, matching, walked

PROBE = 2_000  # matches up to which a search is sparse
FAR = 10_000  # steps along an index from which a remembered order is quicker
# Testing a record of a walk costs about as much as collecting and sorting this many.
WALK_COST = 1.0
COUNTS = StateCache(4_096)
PROBES = StateCache(256)
ORDERS = StateCache(32)
PAGES = StateCache(512)
# The ids that a filter finds, where they are few and somebody counted them anyway.
FEW = 5_000
FOUND = StateCache(64)


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by: a column, then whatever makes the order total.

    ``through`` is a table that the record refers to (by the given column): its
    index gives the order, its rows lead to the records. Not ``indexed``: sorted
    by so rarely, or written so often, that there is no index; collected, and
    remembered.
    """

    column: ColumnElement[Any]
    indexed: bool = True
    nullable: bool = False
    unique: bool = False
    through: tuple[type[Base], InstrumentedAttribute[int]] | None = None


@dataclass(frozen=True, slots=True)
class Listed(Generic[Filter]):
    """One kind of record to be listed.

    ``hidden`` are the ids nobody sees; ``conditions`` find what a filter means,
    ``walking`` test it row by row.
    """

    table: type[CatalogEntry | ProviderModel]
    search: SearchTable
    orders: Mapping[str, Order]
    hidden: Callable[[], Select[int]]
    conditions: Callable[[Session, Filter], list[ColumnElement[bool]]]
    walking: Callable[[Session, Filter], list[ColumnElement[bool]]]
    everything: Filter


def orders_of(
    table: type[CatalogEntry | ProviderModel],
    names: Mapping[str, str],
    without_index: frozenset[str],
) -> dict[str, Order]:
    """The orders by columns of the table itself; ``names`` says what each sort is called there."""
    found = {}
    for sort, name in names.items():
        column: InstrumentedAttribute[Any] = getattr(table, name)
        found[sort] = Order(
            column.expression,
            indexed=sort not in without_index,
            nullable=bool(column.property.columns[0].nullable),
            unique=name == "public_id",
        )
    return found


def forget() -> None:
    """Forget all that is remembered, as after a start; for measurements."""
    for cache in (COUNTS, PROBES, ORDERS, PAGES, FOUND):
        cache.clear()


def keep_found(
    state: State | None,
    listed: Listed[Filter],
    wanted: Filter,
    total: int,
    ids: Sequence[int] | None,
) -> None:
    """Remember how many match in a state of the catalog, and which, where somebody knows it."""
    COUNTS.keep(state, _key(listed, wanted), total)
    if ids is not None:
        FOUND.keep(state, _key(listed, wanted), ids)


def _key(listed: Listed[Filter], wanted: Filter) -> tuple[Any, ...]:
    return listed.search.name, wanted.key()


class Finder(Generic[Filter]):
    """One list being looked up: the filter, the engine and what is remembered."""

    def __init__(self, session: Session, listed: Listed[Filter], wanted: Filter) -> None:
        self.session = session
        self.listed = listed
        self.wanted = wanted
        self.pk = listed.table.id
        self.dialect = session.get_bind().dialect.name
        self.needle = fold(wanted.words) if wanted.words else ""
        self.state: State | None = catalog_state(session)
        self.order = listed.orders[wanted.sort]

    def page(self, limit: int, offset: int) -> tuple[Sequence[int], int]:
        """The row ids of a page in their order, and how many records match altogether."""
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
        """How many records match, exactly."""
        return COUNTS.get_or_make(self.state, self._key(), self._count)

    def all_ids(self) -> Select[int]:
        """The ids that match, found by indexes; the sparse search has been made already."""
        ids = select(self.pk).where(*self.listed.conditions(self.session, self.wanted))
        return ids.where(self.pk.in_(self._searched())) if self.needle else ids

    def _searched(self) -> Sequence[int] | Select[int]:
        sparse = self._sparse()
        return self._matching() if sparse is None else sparse

    def _matching(self) -> Select[int]:
        return matching(self.dialect, self.listed.search, self.needle)

    def _sparse(self) -> Sequence[int] | None:
        """The matches of the search alone, where they are few; None where they are many."""
        if not is_indexable(self.needle):
            return None
        key = (self.listed.search.name, self.needle)
        found = PROBES.get_or_make(self.state, key, self._probe)
        return None if len(found) > PROBE else found

    def _probe(self) -> Sequence[int]:
        return array("i", self.session.scalars(self._matching().limit(PROBE + 1)))

    def found(self) -> Select[int]:
        """The ids that match, by the shortest way to all of them."""
        found = self.all_ids()
        only_searched = self.needle and len(self.wanted.restrictions()) == 1
        if only_searched and self._sparse() is None:
            # No look at the records themselves: that the index knows them is enough.
            found = self._matching()
            found = found.where(found.selected_columns[0].not_in(self.listed.hidden()))
        return found

    def _count(self) -> int:
        found = self.found()
        return self.session.execute(select(func.count()).select_from(found.subquery())).scalar_one()

    def _key(self) -> tuple[Any, ...]:
        return _key(self.listed, self.wanted)

    def _order_key(self) -> tuple[Any, ...]:
        return *self._key(), self.wanted.sort, self.wanted.order

    def _is_far(self, total: int, take: int, offset: int) -> bool:
        """Whether a walk would test more records than there are to collect."""
        if not self.order.indexed:
            return True
        steps = min(offset, total - offset - take) + take
        if not self.wanted.restrictions():
            return steps > FAR and self.state is not None
        records = Finder(self.session, self.listed, self.listed.everything).total()
        return steps * records / total * WALK_COST > total

    def _collect(self) -> Sequence[int]:
        known = FOUND.get(self.state, self._key())
        some = self.all_ids() if known is None else self._these(known)
        statement = self._joined(some, plain).order_by(*self._ordering(reverse=False))
        return array("i", self.session.scalars(statement))

    def _these(self, ids: Sequence[int]) -> Select[int]:
        return select(self.pk).where(among(self.session, self.pk, ids))

    def _walk(self, total: int, take: int, offset: int) -> Sequence[int]:
        """From the nearer end: the last page is the first one of the reverse order."""
        behind = total - offset - take
        reverse = behind < offset
        tests = self.listed.walking(self.session, self.wanted)
        if self.needle:
            tests.append(walked(self.dialect, self.listed.search, self.pk, self.needle))
        # The plus keeps SQLite from looking up the other table for each record, and then sorting.
        spell = unindexed if self.dialect == "sqlite" else plain
        statement = (
            self._joined(select(self.pk), spell)
            .where(*tests)
            .order_by(*self._ordering(reverse=reverse))
            .limit(take)
            .offset(behind if reverse else offset)
        )
        ids = self.session.scalars(statement).all()
        return ids[::-1] if reverse else ids

    def _joined(
        self,
        statement: Select[int],
        spell: Callable[[InstrumentedAttribute[Any]], ColumnElement[Any]],
    ) -> Select[int]:
        if self.order.through is None:
            return statement
        table, reference = self.order.through
        return statement.where(reference == spell(table.id))  # type: ignore[attr-defined]

    def _ordering(self, *, reverse: bool) -> list[ColumnElement[Any]]:
        """Unknown is the smallest value, on SQLite by nature; PostgreSQL's indexes are made so."""
        ascending = (self.wanted.order == "asc") != reverse
        column = self.order.column
        first = column.asc() if ascending else column.desc()
        if self.order.nullable and self.dialect == "postgresql":
            first = first.nulls_first() if ascending else first.nulls_last()
        ids = [self.pk]
        if self.order.through is not None:
            ids.insert(0, self.order.through[0].id)  # type: ignore[attr-defined]
        elif self.order.unique:
            ids = []
        return [first, *(pk.asc() if ascending else pk.desc() for pk in ids)]
