"""What a filter means in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, exists, false, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from app.models import CatalogEntry, EntryTag
from app.queries.entry_filter import EntryFilter


def conditions(wanted: EntryFilter, *, walking: bool = False) -> list[ColumnElement[bool]]:
    """The conditions on `CatalogEntry`, all but the search.

    ``walking`` asks for the shape that is cheap to test on one entry after the
    other, instead of the one that finds all of them.
    """
    found = [_PLAIN[name](value) for name, value in wanted.restrictions().items() if name in _PLAIN]
    if wanted.tag is not None:
        found.append(_walked_tag(wanted.tag) if walking else _tag(wanted.tag))
    return found


Condition = Callable[[Any], ColumnElement[bool]]


def _is(column: InstrumentedAttribute[Any]) -> Condition:
    def condition(value: Any) -> ColumnElement[bool]:
        wanted = (true() if value else false()) if isinstance(value, bool) else literal(value)
        return column.expression == wanted

    return condition


def _capability(column: InstrumentedAttribute[bool | None]) -> Condition:
    """Unknown is shown as false, so it is found as false."""

    def condition(value: bool) -> ColumnElement[bool]:
        return column == true() if value else or_(column == false(), column.is_(None))

    return condition


def _known(column: InstrumentedAttribute[Any]) -> Condition:
    return lambda value: column.is_not(None) if value else column.is_(None)


def _manual(value: bool) -> ColumnElement[bool]:
    if value:
        return CatalogEntry.status == "updated"
    return CatalogEntry.status.in_(("init", "filled"))


def _tag(tag: str) -> ColumnElement[bool]:
    return CatalogEntry.id.in_(select(EntryTag.entry_id).where(EntryTag.tag == tag))


def _walked_tag(tag: str) -> ColumnElement[bool]:
    return exists().where(EntryTag.tag == tag, EntryTag.entry_id == CatalogEntry.id)


_PLAIN: dict[str, Condition] = {
    **{
        name: _is(getattr(CatalogEntry, name))
        for name in (
            "status",
            "active",
            "is_moderated",
            "experimental",
            "requires_feature_flag",
            "family",
        )
    },
    **{
        name: _capability(getattr(CatalogEntry, name))
        for name in CatalogEntry.__table__.columns.keys()  # noqa: SIM118 - not a dict
        if name.startswith("supports_")
    },
    "manual": _manual,
    "drift": _known(CatalogEntry.drift),
    "retired": _known(CatalogEntry.retired_at),
}
