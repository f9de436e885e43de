"""What a filter means in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, exists, false, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.operators import custom_op

from app.models import CatalogEntry, EntryTag
from app.queries.entry_filter import EntryFilter

Meaning = Callable[[ColumnElement[Any], Any], ColumnElement[bool]]
Spelling = Callable[[InstrumentedAttribute[Any]], ColumnElement[Any]]


def conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """The conditions on `CatalogEntry`, all but the search, for finding all that match."""
    found = _conditions(wanted, _shown)
    if wanted.tag is not None:
        tagged = select(EntryTag.entry_id).where(EntryTag.tag == wanted.tag)
        found.append(CatalogEntry.id.in_(tagged))
    return found


def walking_conditions(wanted: EntryFilter, dialect: str) -> list[ColumnElement[bool]]:
    """The same for testing one entry after the other, in an order that an index gives.

    SQLite would rather gather all entries with a flag and sort them: a plus before a
    column keeps it from using that column's index. PostgreSQL estimates better.
    """
    found = _conditions(wanted, _hidden if dialect == "sqlite" else _shown)
    if wanted.tag is not None:
        tagged = (EntryTag.tag == wanted.tag) & (EntryTag.entry_id == CatalogEntry.id)
        found.append(exists().where(tagged))
    return found


def _conditions(wanted: EntryFilter, spell: Spelling) -> list[ColumnElement[bool]]:
    given = wanted.restrictions()
    return [
        meaning(spell(column), given[name])
        for name, (column, meaning) in _MEANINGS.items()
        if name in given
    ]


def _hidden(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    return UnaryExpression(column.expression, operator=custom_op("+"), type_=column.expression.type)


def _shown(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    expression: ColumnElement[Any] = column.expression
    return expression


def _equal(column: ColumnElement[Any], value: Any) -> ColumnElement[bool]:
    if isinstance(value, bool):
        return column == (true() if value else false())
    return column == literal(value)


def _capability(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    """Unknown is shown as false, so it is found as false."""
    return column == true() if value else or_(column == false(), column.is_(None))


def _known(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    return column.is_not(None) if value else column.is_(None)


def _manual(column: ColumnElement[Any], value: bool) -> ColumnElement[bool]:
    return column == "updated" if value else column.in_(("init", "filled"))


_EQUAL = (*("status", "active", "is_moderated", "experimental", "requires_feature_flag", "family"),)
_MEANINGS: dict[str, tuple[InstrumentedAttribute[Any], Meaning]] = {
    **{name: (getattr(CatalogEntry, name), _equal) for name in _EQUAL},
    **{
        column.name: (getattr(CatalogEntry, column.name), _capability)
        for column in CatalogEntry.__table__.columns
        if column.name.startswith("supports_")
    },
    "manual": (CatalogEntry.status, _manual),
    "drift": (CatalogEntry.drift, _known),
    "retired": (CatalogEntry.retired_at, _known),
}
