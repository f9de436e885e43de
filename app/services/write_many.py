"""The write path for one field of many records: the meaning of `write_edits`, set by set.

A change of 100,000 records is staged as their rows of the change log (what is
in force, what shall be, who decided either) and then put in force from there:
one statement each for the log, the overrides and the records. Only for fields
that feeds never write (`SWITCHES`), whose new state needs no claims to be known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased

from app.core.errors import RaceError
from app.core.fields import FIELDS, Field, Kind, RecordType
from app.core.resolve import MANUAL
from app.models import Batch, Change, Override, now
from app.queries.states import TABLES
from app.services.write import OVERRIDE_KEY, Action

_SIMPLE = (Kind.FLAG, Kind.CHOICE, Kind.INTEGER, Kind.REFERENCE)
SWITCHES: dict[RecordType, dict[str, Field]] = {
    kind: {n: f for n, f in fields.items() if f.owner == "operator" and f.kind in _SIMPLE}
    for kind, fields in FIELDS.items()
}
_LOGGED = (
    *("batch_id", "record_type", "record_id", "field", "old", "new", "old_manual", "new_manual"),
    *("old_batch_id", "new_batch_id", "old_protection", "new_protection"),
)


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


def lock_records(session: Session, record_type: RecordType, which: ColumnElement[bool]) -> None:
    """Keep others from changing these records until the transaction ends, in the order of ids."""
    if session.get_bind().dialect.name == "sqlite":
        return  # the transaction holds the only write lock there is
    table = TABLES[record_type]
    locked = select(table.id).where(which).order_by(table.id).with_for_update(key_share=True)
    session.execute(select(func.count()).select_from(locked.subquery()))


def set_many(many: Many, value: Any, which: ColumnElement[bool]) -> int:
    """Decide one value for all records that ``which`` selects; they have another one now.

    Protection becomes `fields` unless it is `entry` already: a switch does not
    freeze the rest of a record. Returns how many records changed.
    """
    record, override = many.table, Override
    rows = (
        select(
            *_keys(many, record.id),
            _as_json(many, many.column),
            _json_literal(many, value),
            override.id.is_not(None),
            literal_column("true"),
            override.batch_id,
            null(),
            case((record.protection == "none", "none")),
            case((record.protection == "none", "fields")),
        )
        .outerjoin(override, _override_of(many, record.id))
        .where(which)
        .order_by(record.id)
    )
    return _stage_and_apply(many, rows)


def release_many(many: Many, which: ColumnElement[bool], *, last: bool) -> int:
    """Return the field of these records to what it was before a person decided.

    Only records whose field is overridden are touched. With ``last`` the record's
    protection is lifted, too. Returns how many records changed.
    """
    record, override = many.table, Override
    lifted = and_(literal(last), record.protection != "none")
    rows = (
        select(
            *_keys(many, record.id),
            _as_json(many, many.column),
            override.base,
            literal_column("true"),
            literal_column("false"),
            override.batch_id,
            null(),
            case((lifted, record.protection)),
            case((lifted, "none")),
        )
        .join(override, _override_of(many, record.id))
        .where(which)
        .order_by(record.id)
    )
    return _stage_and_apply(many, rows)


def undo_many(many: Many, undone_id: int) -> int:
    """Take back what the batch ``undone_id`` did to this field, where it still stands.

    Returns how many records changed.
    """
    record, change, override = many.table, aliased(Change), Override
    protection = _protection_undone(many, change)
    rows = (
        select(
            *_keys(many, record.id),
            change.new,
            change.old,
            change.new_manual,
            change.old_manual,
            override.batch_id,
            change.old_batch_id,
            case((protection != record.protection, record.protection)),
            case((protection != record.protection, protection)),
        )
        .select_from(change)
        .join(record, record.id == change.record_id)
        .outerjoin(override, _override_of(many, record.id))
        .where(_changes_of(many, change, undone_id), stands(many, change, override))
        .order_by(record.id)
    )
    return _stage_and_apply(many, rows)


def _protection_undone(many: Many, change: Any) -> ColumnElement[Any]:
    """The protection of a record after the undo.

    What it was before, unless it was changed since; but no decision is left
    unprotected, and with the last one gone, `fields` protects nothing.
    """
    record = many.table
    length = func.json_array_length if many.is_sqlite else func.jsonb_array_length
    others = length(record.manual_fields) - case((change.new_manual, 1), else_=0)
    is_held = or_(change.old_manual, others > 0)
    is_as_left = record.protection == change.new_protection
    return case(
        (and_(is_as_left, or_(change.old_protection != "none", ~is_held)), change.old_protection),
        (and_(is_held, record.protection == "none"), "fields"),
        (and_(~is_held, record.protection == "fields"), "none"),
        else_=record.protection,
    )


def stands(many: Many, change: Any, override: Any) -> ColumnElement[bool]:
    """Whether nobody changed the field since: a decision is still that batch's (or the one it
    returned to), a release is still without a decision and has the value it left.
    """
    decided_by = func.coalesce(change.new_batch_id, change.batch_id)
    left = _from_json(many, change.new)
    return or_(
        and_(change.new_manual, override.batch_id == decided_by),
        and_(~change.new_manual, override.id.is_(None), many.column.is_not_distinct_from(left)),
    )


def changes_since(many: Many, undone_id: int) -> Any:
    """A query for the row ids of records whose field was changed after that batch."""
    record, change, override = many.table, aliased(Change), Override
    return (
        select(record.id)
        .select_from(change)
        .join(record, record.id == change.record_id)
        .outerjoin(override, _override_of(many, record.id))
        .where(
            _changes_of(many, change, undone_id),
            func.coalesce(stands(many, change, override), literal_column("false"))
            == literal_column("false"),
        )
    )


def _changes_of(many: Many, change: Any, batch_id: int) -> ColumnElement[bool]:
    return and_(
        change.batch_id == batch_id,
        change.record_type == many.record_type,
        change.field == many.field.name,
    )


def _keys(many: Many, record_id: Any) -> tuple[ColumnElement[Any], ...]:
    return (
        literal(many.batch_id, Integer),
        literal(many.record_type, Text),
        record_id,
        literal(many.field.name, Text),
    )


def _override_of(many: Many, record_id: Any) -> ColumnElement[bool]:
    return and_(
        Override.record_type == many.record_type,
        Override.record_id == record_id,
        Override.field == many.field.name,
    )


def _stage_and_apply(many: Many, rows: Any) -> int:
    connection = many.session.connection()
    log = insert(_table(Change)).from_select(_LOGGED, rows, include_defaults=False)
    count = connection.execute(log).rowcount
    if not count:
        return 0
    _write_overrides(many)
    _drop_overrides(many)
    if connection.execute(_record_update(many)).rowcount != count:
        raise RaceError("somebody else changed one of the same records just now")
    return count


def _table(model: type[Any]) -> Table:
    return cast("Table", model.__table__)


def _write_overrides(many: Many) -> None:
    """A decision there was keeps its base: what held before any person decided."""
    batch, action = aliased(Batch), many.action
    restored = batch.id.is_not(None)
    rows = (
        select(
            *_keys(many, Change.record_id)[1:2],
            Change.record_id,
            Change.field,
            Change.new,
            Change.old,
            func.coalesce(batch.id, many.batch_id),
            func.coalesce(batch.actor, action.actor.name),
            case((restored, batch.reason), else_=literal(action.reason, Text)),
            func.coalesce(batch.created_at, now()),
        )
        .outerjoin(batch, batch.id == Change.new_batch_id)
        .where(_changes_of(many, Change, many.batch_id), Change.new_manual)
        .order_by(Change.id)
    )
    replaced = ("value", "batch_id", "actor", "reason", "created_at")
    names = (*OVERRIDE_KEY, "value", "base", *replaced[1:])
    key = list(OVERRIDE_KEY)
    statement: Any
    if many.is_sqlite:
        lite = sqlite.insert(_table(Override)).from_select(names, rows)
        statement = lite.on_conflict_do_update(key, set_={n: lite.excluded[n] for n in replaced})
    else:
        pg = postgresql.insert(_table(Override)).from_select(names, rows)
        statement = pg.on_conflict_do_update(
            index_elements=key, set_={n: pg.excluded[n] for n in replaced}
        )
    many.session.connection().execute(statement)


def _drop_overrides(many: Many) -> None:
    released = and_(_changes_of(many, Change, many.batch_id), ~Change.new_manual)
    if not many.session.scalar(select(exists().where(released))):
        return
    many.session.connection().execute(
        delete(_table(Override)).where(
            Override.record_type == many.record_type,
            Override.field == many.field.name,
            Override.record_id.in_(select(Change.record_id).where(released)),
        )
    )


def _record_update(many: Many) -> Any:
    """Put in force what is staged; what is derived from it follows (`app.core.resolve`)."""
    record = _table(many.table)
    protection = func.coalesce(Change.new_protection, record.c.protection)
    sources = _sources(many, record.c.sources)
    known = case((sources != _json_text(many, "{}"), "filled"), else_="init")
    return (
        update(record)
        .where(
            record.c.id == Change.record_id,
            _changes_of(many, Change, many.batch_id),
        )
        .values(
            {
                many.field.name: _from_json(many, Change.new),
                "version": record.c.version + 1,
                "updated_at": bindparam("moment", now()),
                "protection": protection,
                "status": case((protection != "none", "updated"), else_=known),
                "manual_fields": _manual_fields(many, record.c.manual_fields),
                "sources": sources,
            }
        )
    )


def _manual_fields(many: Many, column: Any) -> ColumnElement[Any]:
    """The list of manual fields with or without this one."""
    name = many.field.name
    if many.is_sqlite:
        item = func.json_each(column).table_valued("value")
        rest = select(func.json_group_array(item.c.value)).where(item.c.value != name)
        added: Any = func.json_insert(column, "$[#]", name)
        removed: Any = rest.scalar_subquery()
    else:
        added = column.op("||")(_json_literal(many, [name]))
        removed = column.op("-")(literal(name, Text))
    return case(
        (and_(Change.new_manual, ~Change.old_manual), added),
        (and_(Change.old_manual, ~Change.new_manual), removed),
        else_=column,
    )


def _sources(many: Many, column: Any) -> ColumnElement[Any]:
    """Where values come from: an operator's field is either a person's or nobody's."""
    name = many.field.name
    if many.is_sqlite:
        path = f'$."{name}"'
        put: Any = func.json_set(column, path, MANUAL)
        taken: Any = func.json_remove(column, path)
    else:
        put = column.op("||")(_json_literal(many, {name: MANUAL}))
        taken = column.op("-")(literal(name, Text))
    return case((Change.new_manual, put), else_=taken)


def _as_json(many: Many, column: Any) -> ColumnElement[Any]:
    """A column's value as the change log has it; unknown is NULL there, too."""
    if not many.is_sqlite:
        return func.to_jsonb(column)
    if many.field.kind is Kind.FLAG:
        return case((column.is_(True), "true"), (column.is_(False), "false"))
    return case((column.is_not(None), func.json_quote(column)))


def _from_json(many: Many, value: Any) -> Any:
    """The change log's value as the column has it."""
    column = many.column
    if many.is_sqlite:
        return func.json_extract(value, "$", type_=column.type)
    if many.field.kind in (Kind.FLAG, Kind.INTEGER):
        return sql_cast(value, column.type)
    return sql_cast(value.op("#>>")(literal_column("'{}'::text[]")), Text)


def _json_literal(many: Many, value: Any) -> Any:
    return null() if value is None else _json_text(many, json.dumps(value))


def _json_text(many: Many, text: str) -> Any:
    written = literal(text, Text)
    return written if many.is_sqlite else sql_cast(written, JSONB)
