"""What the words of a filter mean in SQL, for either kind of record."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    UnaryExpression,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy import false as no
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.operators import custom_op

Meaning = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
Spelling = Callable[[InstrumentedAttribute[Any]], ColumnElement[Any]]
Meanings = Mapping[str, tuple[InstrumentedAttribute[Any], Meaning]]


def meant(
    meanings: Meanings, given: Mapping[str, Any], spell: Spelling
) -> list[ColumnElement[bool]]:
    """The conditions of those restrictions that are about one column."""
    return [
        meaning(spell(column), given[name])
        for name, (column, meaning) in meanings.items()
        if name in given
    ]


def tested(dialect: str) -> Spelling:
    """How to write columns that are to be tested row by row, in an order that an index gives.

    SQLite would rather gather all rows with a flag and sort them: a plus before a
    column keeps it from using that column's index. PostgreSQL estimates better.
    """
    return unindexed if dialect == "sqlite" else plain


def unindexed(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column, of no use to any index of it."""
    return UnaryExpression(column.expression, operator=custom_op("+"), type_=column.expression.type)


def plain(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """The column as it is."""
    expression: ColumnElement[Any] = column.expression
    return expression


def equal(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if isinstance(value, bool):
        return column == (true() if value else no())
    return column == literal(value)


def capability(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    """Unknown is shown as false, so it is found as false."""
    return column == true() if value else or_(column == no(), column.is_(None))


def known(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    return column.is_not(None) if value else column.is_(None)


def at_least(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    return column >= literal(value)


def at_most(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    return column <= literal(value)


def costs_at_least(column: ColumnElement[Any], value: Decimal) -> ColumnElement[bool]:
    return column >= literal(micro_dollars_per_1k(value))


def costs_at_most(column: ColumnElement[Any], value: Decimal) -> ColumnElement[bool]:
    return column <= literal(micro_dollars_per_1k(value))


def micro_dollars_per_1k(dollars_per_million: Decimal) -> float:
    """A price in the unit of the columns that tables sort by, rounded as those are."""
    return float(dollars_per_million.scaleb(3))


def manual(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    return column == "updated" if value else column.in_(("init", "filled"))


def among(session: Session, column: Any, ids: Collection[int]) -> ColumnElement[bool]:
    """Whether a column is one of any number of ids: they travel as one parameter."""
    if session.get_bind().dialect.name == "sqlite":
        listed = func.json_each(json.dumps(sorted(ids))).table_valued("value")
        return column.in_(select(listed.c.value))  # type: ignore[no-any-return]
    array = literal(sorted(ids), ARRAY(Integer))
    return column == func.any(array)  # type: ignore[no-any-return]
