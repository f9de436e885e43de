"""The ids that have each value of each facet, and how they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.models import CatalogEntry, ProviderModel
from app.queries.bits import Bits, bits_of, up_to

LIMIT = 500  # values of one facet; the most frequent ones


@dataclass(frozen=True, slots=True)
class FacetSets:
    """The ids of all records that are seen, and by facet and value of those that have it."""

    everything: Bits
    highest: int
    values: Mapping[str, Mapping[str, Bits]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads ids of all records of a kind, or of ``only`` some of them."""

    session: Session
    only: Collection[int] | None = None

    def everything(self, table: type[CatalogEntry | ProviderModel]) -> tuple[Bits, int]:
        """The ids that there are, and the highest. Without holes they need not be read."""
        if self.only is not None:
            highest = max(self.only, default=0)
            return bits_of(self.where(table.id), highest), highest
        count, last = self.session.execute(select(func.count(), func.max(table.id))).one()
        highest = last or 0
        if count == highest:
            return up_to(highest), highest
        return bits_of(self.where(table.id), highest), highest

    def where(self, key: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> list[int]:
        """The ids of the records of which that is true."""
        found = select(_joined(key)).where(*conditions, *self.among(key))
        return _numbers(self.session.execute(found).scalar())

    def by_value(
        self,
        value: InstrumentedAttribute[Any],
        key: InstrumentedAttribute[int],
        *,
        most: int | None = LIMIT,
    ) -> dict[Any, list[int]]:
        """The ids of the records by a value of theirs; of the most frequent ones (None: of all)."""
        there = select(value, _joined(key)).where(value.is_not(None), *self.among(key))
        rows = self.session.connection().execute(there.group_by(value)).all()
        groups = {row[0]: _numbers(row[1]) for row in rows}
        if most is None or len(groups) <= most:
            return groups
        frequent = sorted(groups, key=lambda one: (-len(groups[one]), one))[:most]
        return {one: groups[one] for one in frequent}

    def among(self, key: InstrumentedAttribute[int]) -> list[ColumnElement[bool]]:
        """That it is one of those that are read."""
        return [] if self.only is None else [key.in_(self.only)]


def renewed(sets: FacetSets, touched: Collection[int], part: FacetSets) -> FacetSets | None:
    """The sets after some records became others; ``part`` are the sets of those alone.

    None where a facet has more values than are kept and one comes up: nobody knows who else has it.
    """
    rest = ~bits_of(touched, max(touched))
    values: dict[str, dict[str, Bits]] = {}
    for name, old in sets.values.items():
        new = part.values[name]
        if len(old) >= LIMIT and new.keys() - old.keys():
            return None
        both = ((value, old.get(value, 0) & rest | new.get(value, 0)) for value in {**old, **new})
        values[name] = {value: bits for value, bits in both if bits or value in new}
        if new.keys() - old.keys():
            values[name] = alphabetical(values[name].items())
    return FacetSets(sets.everything & rest | part.everything, sets.highest, values)


def read_ids(session: Session, ids: Select[int]) -> list[int]:
    """The ids that a query gives."""
    found = ids.subquery()
    return _numbers(session.execute(select(_joined(found.columns[0]))).scalar())


def _joined(key: Any) -> ColumnElement[str]:
    """All of the numbers as one text: a row each would cost three times as much to fetch."""
    return func.aggregate_strings(cast(key, Text), ",")


def _numbers(text: str | None) -> list[int]:
    return list(map(int, text.split(","))) if text else []


def alphabetical(sets: Iterable[tuple[Any, Bits]]) -> dict[str, Bits]:
    """Sets by text, in alphabetical order."""
    found = ((str(value), bits) for value, bits in sets)
    return dict(sorted(found, key=lambda pair: (pair[0].casefold(), pair[0])))


def sets_by_value(groups: Mapping[Any, list[int]], highest: int, seen: Bits) -> dict[str, Bits]:
    """The sets of ids by value, in alphabetical order."""
    return alphabetical((value, bits_of(ids, highest) & seen) for value, ids in groups.items())


def yes_or_no(seen: Bits, yes: Bits) -> dict[str, Bits]:
    """The two sets of a filter that is on or off; what is unknown is off."""
    return {"true": seen & yes, "false": seen & ~yes}
