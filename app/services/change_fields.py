"""Notes which fields each batch changed, so that the change log can be read by field."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import cast

from sqlalchemy import Integer, String, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.models import Batch, BatchField


def note_fields(session: Session, changed: Iterable[tuple[int, str]]) -> None:
    """Remember pairs of (batch id, field), each once; the batches are there already."""
    rows = [{"_batch": batch_id, "_field": field} for batch_id, field in sorted(set(changed))]
    if rows:
        connection = session.connection()
        connection.execute(_statement(connection.dialect.name), rows)


@cache
def _statement(dialect: str) -> sqlite.Insert | postgresql.Insert:
    table = cast("Table", BatchField.__table__)
    batch = cast("Table", Batch.__table__)
    names = ("field", "created_at", "batch_id")
    values = select(
        bindparam("_field", type_=String(64)),
        batch.c.created_at,
        batch.c.id,
    ).where(batch.c.id == bindparam("_batch", type_=Integer))
    if dialect == "sqlite":
        return sqlite.insert(table).from_select(names, values).on_conflict_do_nothing()
    return postgresql.insert(table).from_select(names, values).on_conflict_do_nothing()
