"""The ids that have each value of each facet, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def all_ids(session: Session, table: type[CatalogEntry | ProviderModel]) -> tuple[Bits, int]:
    """The ids that there are, and the highest. Without holes they need not be read."""
    count, highest = session.execute(select(func.count(), func.max(table.id))).one()
    highest = highest or 0
    if count == highest:
        return up_to(highest), highest
    return bits_of(ids_where(session, table.id), highest), highest


def ids_where(
    session: Session, key: InstrumentedAttribute[int], *conditions: ColumnElement[bool]
) -> Iterable[int]:
    """The ids of the records of which that is true."""
    return _numbers(session.execute(select(_joined(key)).where(*conditions)).scalar())


def ids_by_value(
    session: Session,
    value: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[int],
    *,
    most: int | None = LIMIT,
) -> dict[Any, list[int]]:
    """The ids of the records by a value of theirs; of the most frequent values (None: of all)."""
    statement = select(value, _joined(key)).where(value.is_not(None)).group_by(value)
    rows = session.connection().execute(statement).all()
    groups = {row[0]: list(_numbers(row[1])) for row in rows}
    if most is None or len(groups) <= most:
        return groups
    frequent = sorted(groups, key=lambda one: (-len(groups[one]), one))[:most]
    return {one: groups[one] for one in frequent}


def read_ids(session: Session, ids: Select[int]) -> Iterable[int]:
    """The ids that a query gives."""
    found = ids.subquery()
    return _numbers(session.execute(select(_joined(found.columns[0]))).scalar())


def _joined(key: Any) -> ColumnElement[str]:
    """All of the numbers as one text: a row each would cost three times as much to fetch."""
    return func.aggregate_strings(cast(key, Text), ",")


def _numbers(text: str | None) -> Iterable[int]:
    return map(int, text.split(",")) if text else ()


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
