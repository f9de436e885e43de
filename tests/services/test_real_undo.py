"""A whole sync of captured data taken back, and done again, compared row by row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.core.resolve import Protection
from app.models import CatalogEntry, EntryAlias, EntryTag, Override, Provider, ProviderModel
from app.services.records import edit_record
from app.services.run_actions import revert_run
from app.services.sync import sync_feed
from app.services.undo import undo_batch
from tests.support.captured import add_captured_feed, captured_files
from tests.support.feeds import EDITOR
from tests.support.paths import requires_shared_data

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]
TABLES = (CatalogEntry, ProviderModel, Provider, EntryAlias, EntryTag, Override)
# They count or date what happened; taking back happens, too.
BOOKKEEPING = {"version", "updated_at", "last_synced_at"}


def all_rows(session: Session) -> Rows:
    """Every column of every row, but the bookkeeping, by table and primary key."""
    session.rollback()
    found: Rows = {}
    for model in TABLES:
        table = model.__table__
        name = model.__tablename__
        columns = [c for c in table.columns if c.name not in BOOKKEEPING]
        keys = [c.name for c in table.primary_key]
        for row in session.execute(select(*columns)).mappings():
            found[name, *(row[name] for name in keys)] = dict(row)
    return found


def by_name(rows: Rows) -> Rows:
    """The same without row ids and what comes with new ones; when a record was retired is whether.

    An entry goes by its public id, a provider by its name, a provider model by both its names.
    """
    names: dict[tuple[str, int], Any] = {}
    for (table, pk, *_), row in rows.items():
        if table in {"catalog_entries", "providers"}:
            names[table, pk] = row["public_id" if table == "catalog_entries" else "name"]
    for (table, pk, *_), row in rows.items():
        if table == "provider_models":
            names[table, pk] = (names["providers", row["provider_id"]], row["raw_id"])
    return {_named_key(key, row, names): _named_row(row, names) for key, row in rows.items()}


def _named_key(key: tuple[Any, ...], row: Row, names: Mapping[Any, Any]) -> tuple[Any, ...]:
    if key[0] == "overrides":
        return (*key[:2], names[_table(row), row["record_id"]], row["field"])
    if key[0] == "entry_tags":
        return (*key[:2], names["catalog_entries", row["entry_id"]])
    return (key[0], names[key]) if key in names else key


def _table(row: Row) -> str:
    return "catalog_entries" if row["record_type"] == "entry" else "provider_models"


def _named_row(row: Row, names: Mapping[Any, Any]) -> Row:
    new = {k: v for k, v in row.items() if k not in {"id", "created_at"}}
    if not str(row.get("public_id", "")).count("/"):
        new.pop("public_id", None)  # drawn by lot, but for an entry's
    if "record_id" in row:
        new["record_id"] = names[_table(row), row["record_id"]]
    for column, table in (("entry_id", "catalog_entries"), ("provider_id", "providers")):
        if column in row:
            new[column] = names[table, row[column]]
    if "retired_at" in row:
        new["retired_at"] = row["retired_at"] is not None
    return new


def differences(one: Rows, other: Rows) -> list[tuple[Any, ...]]:
    """Which columns of which rows differ, with both values."""
    found: list[tuple[Any, ...]] = []
    for key in sorted(one.keys() | other.keys(), key=repr):
        before, after = one.get(key), other.get(key)
        if before is None or after is None:
            found.append((key, before, after))
        else:
            found += [(key, n, v, after[n]) for n, v in before.items() if v != after[n]]
    return found


def edit_some(session: Session) -> None:
    """Every twentieth entry and fortieth provider model, half of them protected as a whole."""
    entries = session.scalars(select(CatalogEntry.id).order_by(CatalogEntry.id)).all()
    for number, pk in enumerate(entries[::20]):
        values = {"supports_tools": number % 4 < 2, "tags": ["mine"], "context_length": 1_000}
        protection: Protection = "fields" if number % 2 else "entry"
        edit_record(session, EDITOR, "entry", pk, values, default_protection=protection)
    models = session.scalars(select(ProviderModel.id).order_by(ProviderModel.id)).all()
    for number, pk in enumerate(models[::40]):
        values = {"active": True, "model_display_name": f"By hand {number}"}
        protection = "fields" if number % 2 else "entry"
        edit_record(session, EDITOR, "provider_model", pk, values, default_protection=protection)


@requires_shared_data
def test_a_whole_sync_is_taken_back_and_done_again_row_by_row(session: Session) -> None:
    *earlier, last = [c for c in captured_files() if c.kind == "models_dev"]
    add_captured_feed(session, last)
    for captured in earlier:
        sync_feed(session, SYSTEM, captured.feed, path=str(captured.path))
    edit_some(session)
    before = all_rows(session)
    result = sync_feed(session, SYSTEM, last.feed, path=str(last.path))
    after = all_rows(session)
    assert (result.counts["added"], result.counts["retired"]) == (1951, 218)
    assert result.run_id is not None

    reverted = revert_run(session, EDITOR, result.run_id)
    assert differences(before, all_rows(session)) == []
    assert reverted.replanned == 0

    assert reverted.batch is not None
    undone = undo_batch(session, EDITOR, reverted.batch)
    assert (undone.refused, differences(by_name(after), by_name(all_rows(session)))) == ([], [])


def test_the_comparison_itself_finds_one_column_of_one_row() -> None:
    row = {"id": 1, "public_id": "a/b", "retired_at": None, "tags": []}
    rows = {("catalog_entries", 1): row}
    other = {("catalog_entries", 1): row | {"tags": ["x"]}}
    assert differences(rows, rows) == []
    assert differences(rows, other) == [(("catalog_entries", 1), "tags", [], ["x"])]
    assert differences(by_name(rows), by_name(other)) != []
