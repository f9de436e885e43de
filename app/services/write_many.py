"""The write path for one field of many records: the meaning of `write_edits`, set by set.

A change of 100,000 records is staged as their rows of the change log (what is
in force, what shall be, who decided either) and then put in force from there:
one statement each for the log, the overrides and the records. Only for fields
that feeds never write (`SWITCHES`), whose new state needs no claims to be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from app.core.errors import RaceError
from app.core.fields import FIELDS, Field, Kind, RecordType
from app.models import Batch, Change, Override, now
from app.queries.states import TABLES
from app.services.change_fields import note_fields
from app.services.many_sql import (
    Many,
    as_json,
    from_json,
    is_manual,
    json_literal,
    json_text,
    manual_fields,
    sources,
    with_field,
    with_source,
)
from app.services.write import OVERRIDE_KEY

_SIMPLE = (Kind.FLAG, Kind.CHOICE, Kind.INTEGER, Kind.REFERENCE)
SWITCHES: dict[RecordType, dict[str, Field]] = {
    kind: {n: f for n, f in fields.items() if f.owner == "operator" and f.kind in _SIMPLE}
    for kind, fields in FIELDS.items()
}
_LOGGED = (
    *("batch_id", "record_type", "record_id", "field", "old", "new", "old_manual", "new_manual"),
    *("old_batch_id", "new_batch_id", "old_protection", "new_protection"),
)


_DECIDER = (Batch.id, Batch.actor, Batch.reason, Batch.created_at)
# SQLAlchemy keeps the row count of an INSERT only when asked.
_COUNTED = {"preserve_rowcount": True}
MANY = 1_000
_RACE = "somebody else changed one of the same records just now"


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

    The same as staging, but quicker: each statement reads the records themselves.
    """
    record, override = many.table, Override
    free = record.protection == "none"
    given = json_literal(many, value)
    rows = (
        select(
            *_keys(many, record.id),
            as_json(many, many.column),
            given,
            override.record_id.is_not(None),
            literal_column("true"),
            override.batch_id,
            null(),
            case((free, "none")),
            case((free, "fields")),
        )
        .outerjoin(override, _override_of(many, record.id))
        .where(which)
        .order_by(record.id)
    )
    connection = many.session.connection()
    log = insert(_table(Change)).from_select(_LOGGED, rows, include_defaults=False)
    count = connection.execute(log, execution_options=_COUNTED).rowcount
    note_fields(many.session, [(many.batch_id, many.field.name)])
    if not many.is_sqlite:  # what other writers did meanwhile does not make it another set
        which = record.id.in_(
            select(Change.record_id).where(_changes_of(many, Change, many.batch_id))
        )
    batch = many.session.execute(select(*_DECIDER).where(Batch.id == many.batch_id)).one()
    decider = [literal(one, column.type) for one, column in zip(batch, _DECIDER, strict=True)]
    decided = select(
        *_keys(many, record.id)[1:], given, as_json(many, many.column), *decider
    ).where(which)
    connection.execute(_upsert(many, decided.order_by(record.id)))
    if connection.execute(_set_records(many, value, which)).rowcount != count:
        raise RaceError(_RACE)
    return count


def _set_records(many: Many, value: Any, which: ColumnElement[bool]) -> Any:
    record = _table(many.table)
    known, held = record.c.sources, record.c.manual_fields
    return (
        update(record)
        .where(which)
        .values(
            {
                many.field.name: value,
                "version": record.c.version + 1,
                "updated_at": now(),
                "status": "updated",
                "protection": case((record.c.protection == "entry", "entry"), else_="fields"),
                "manual_fields": case((is_manual(many, held), held), else_=with_field(many, held)),
                "sources": case((is_manual(many, held), known), else_=with_source(many, known)),
            }
        )
    )


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
            as_json(many, many.column),
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


def undo_many(many: Many, undone_id: int, which: ColumnElement[bool]) -> int:
    """Take back what the batch ``undone_id`` did to this field, where it still stands.

    Only of the records that ``which`` selects. Returns how many changed.
    """
    record, change, override = many.table, aliased(Change), Override
    found = (
        select(
            record.id,
            change.new.label("old"),
            change.old.label("new"),
            change.new_manual.label("old_manual"),
            change.old_manual.label("new_manual"),
            override.batch_id.label("old_batch_id"),
            change.old_batch_id.label("new_batch_id"),
            record.protection,
            _protection_undone(many, change).label("becomes"),
        )
        .select_from(change)
        .join(record, record.id == change.record_id)
        .outerjoin(override, _override_of(many, record.id))
        .where(_changes_of(many, change, undone_id), _stands(many, change, override), which)
        .subquery("found")
    )
    c = found.c
    rows = select(
        *_keys(many, c.id),
        *(c[name] for name in _LOGGED[4:10]),
        case((c.becomes != c.protection, c.protection)),
        case((c.becomes != c.protection, c.becomes)),
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


def _stands(many: Many, change: Any, override: Any) -> ColumnElement[bool]:
    """Whether nobody changed the field since: a decision is still that batch's (or the one it
    returned to), a release is still without a decision and has the value it left.
    """
    decided_by = func.coalesce(change.new_batch_id, change.batch_id)
    left = from_json(many, change.new)
    return or_(
        and_(change.new_manual, override.batch_id == decided_by),
        and_(
            ~change.new_manual, override.record_id.is_(None), many.column.is_not_distinct_from(left)
        ),
    )


def left_alone(many: Many, undone_id: int, which: ColumnElement[bool]) -> Any:
    """A query for the row ids of the records whose field `undo_many` did not take back."""
    record, mine = many.table, aliased(Change)
    taken_back = select(mine.record_id).where(_changes_of(many, mine, many.batch_id))
    theirs = select(Change.record_id).where(_changes_of(many, Change, undone_id))
    return select(record.id).where(record.id.in_(theirs), which, record.id.not_in(taken_back))


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
    count = connection.execute(log, execution_options=_COUNTED).rowcount
    if not count:
        return 0
    note_fields(many.session, [(many.batch_id, many.field.name)])
    with _joining(many, count):
        _write_overrides(many)
        _drop_overrides(many)
        if connection.execute(_record_update(many)).rowcount != count:
            raise RaceError(_RACE)
    return count


@contextmanager
def _joining(many: Many, count: int) -> Iterator[None]:
    """Meanwhile, have PostgreSQL join many rows by hashes.

    It does not know yet that there are so many, and would compare each with each.
    """
    if many.is_sqlite or count < MANY:
        yield
        return
    many.session.execute(text("SET LOCAL enable_nestloop = off"))
    yield
    many.session.execute(text("SET LOCAL enable_nestloop = on"))


def _table(model: type[Any]) -> Table:
    return cast("Table", model.__table__)


def _write_overrides(many: Many) -> None:
    """Who decided is the batch itself, or the one that an undo returns to."""
    decider = Batch.id == func.coalesce(Change.new_batch_id, Change.batch_id)
    rows = (
        select(*_keys(many, Change.record_id)[1:], Change.new, Change.old, *_DECIDER)
        .join(Batch, decider)
        .where(_changes_of(many, Change, many.batch_id), Change.new_manual)
        .order_by(Change.id)
    )
    many.session.connection().execute(_upsert(many, rows))


def _upsert(many: Many, rows: Any) -> Any:
    """A decision there was keeps its base: what held before any person decided."""
    replaced = ("value", "batch_id", "actor", "reason", "created_at")
    names = (*OVERRIDE_KEY, "value", "base", *replaced[1:])
    key = list(OVERRIDE_KEY)
    if many.is_sqlite:
        lite = sqlite.insert(_table(Override)).from_select(names, rows)
        return lite.on_conflict_do_update(key, set_={n: lite.excluded[n] for n in replaced})
    pg = postgresql.insert(_table(Override)).from_select(names, rows)
    return pg.on_conflict_do_update(index_elements=key, set_={n: pg.excluded[n] for n in replaced})


def _drop_overrides(many: Many) -> None:
    released = and_(_changes_of(many, Change, many.batch_id), ~Change.new_manual)
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
    origins = sources(many, record.c.sources)
    known = case((origins != json_text(many, "{}"), "filled"), else_="init")
    return (
        update(record)
        .where(
            record.c.id == Change.record_id,
            _changes_of(many, Change, many.batch_id),
        )
        .values(
            {
                many.field.name: from_json(many, Change.new),
                "version": record.c.version + 1,
                "updated_at": bindparam("moment", now()),
                "protection": protection,
                "status": case((protection != "none", "updated"), else_=known),
                "manual_fields": manual_fields(many, record.c.manual_fields),
                "sources": origins,
            }
        )
    )
