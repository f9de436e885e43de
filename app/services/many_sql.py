"""One field of many records in SQL: its values in JSON columns, and what is derived from them.

SQLite keeps JSON as text, PostgreSQL as jsonb; what differs between them is here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from app.core.fields import Field, Kind, RecordType
from app.core.resolve import MANUAL
from app.models import Change
from app.queries.states import TABLES
from app.services.write import Action


@dataclass(frozen=True, slots=True)
class Many:
    """One field of many records, in one batch."""

    session: Session
    batch_id: int
    action: Action
    record_type: RecordType
    field: Field

    @property
    def table(self) -> Any:
        """The records' mapped class."""
        return TABLES[self.record_type]

    @property
    def column(self) -> Any:
        """The field's column."""
        return getattr(self.table, self.field.name)

    @property
    def is_sqlite(self) -> bool:
        """Whether JSON is SQLite's text or PostgreSQL's jsonb."""
        return self.session.get_bind().dialect.name == "sqlite"


def manual_fields(many: Many, column: Any) -> ColumnElement[Any]:
    """The list of manual fields with or without this one."""
    if many.is_sqlite:
        item = func.json_each(column).table_valued("value")
        rest = select(func.json_group_array(item.c.value)).where(item.c.value != many.field.name)
        is_last = func.json_array_length(column) == 1
        removed: Any = case((is_last, "[]"), else_=rest.scalar_subquery())
    else:
        removed = column.op("-")(literal(many.field.name, Text))
    return by_owner(with_field(many, column), removed, column)


def sources(many: Many, column: Any) -> ColumnElement[Any]:
    """Where values come from: an operator's field is either a person's or nobody's."""
    if many.is_sqlite:
        removed: Any = func.json_remove(column, f'$."{many.field.name}"')
    else:
        removed = column.op("-")(literal(many.field.name, Text))
    return by_owner(with_source(many, column), removed, column)


def is_manual(many: Many, manual_fields: Any) -> ColumnElement[bool]:
    """Whether the field is one of a record's manual fields."""
    name = many.field.name
    if many.is_sqlite:  # field names hold no quotes: so written it is an item of the list
        return func.instr(manual_fields, f'"{name}"') > 0
    return manual_fields.op("@>")(json_literal(many, [name]))  # type: ignore[no-any-return]


def with_field(many: Many, manual_fields: Any) -> Any:
    """The list of manual fields with this one."""
    if many.is_sqlite:
        return func.json_insert(manual_fields, "$[#]", many.field.name)
    return manual_fields.op("||")(json_literal(many, [many.field.name]))


def with_source(many: Many, sources: Any) -> Any:
    """The sources of values, a person being the field's."""
    if many.is_sqlite:
        return func.json_set(sources, f'$."{many.field.name}"', MANUAL)
    return sources.op("||")(json_literal(many, {many.field.name: MANUAL}))


def by_owner(mine: Any, given_back: Any, same: Any) -> ColumnElement[Any]:
    """One value where a field becomes a person's, another where it stops being one's."""
    return case(
        (Change.old_manual == Change.new_manual, same),
        (Change.new_manual, mine),
        else_=given_back,
    )


def as_json(many: Many, column: Any) -> ColumnElement[Any]:
    """A column's value as the change log has it; unknown is NULL there, too."""
    if not many.is_sqlite:
        return func.to_jsonb(column)
    if many.field.kind is Kind.FLAG:
        return case((column.is_(True), "true"), (column.is_(False), "false"))
    return case((column.is_not(None), func.json_quote(column)))


def from_json(many: Many, value: Any) -> Any:
    """The change log's value as the column has it."""
    column = many.column
    if many.is_sqlite:
        return func.json_extract(value, "$", type_=column.type)
    if many.field.kind in (Kind.FLAG, Kind.INTEGER):
        return sql_cast(value, column.type)
    return sql_cast(value.op("#>>")(literal_column("'{}'::text[]")), Text)


def json_literal(many: Many, value: Any) -> Any:
    """A value as JSON; unknown is NULL."""
    return null() if value is None else json_text(many, json.dumps(value))


def json_text(many: Many, text: str) -> Any:
    """A JSON text as the database has it."""
    written = literal(text, Text)
    return written if many.is_sqlite else sql_cast(written, JSONB)
