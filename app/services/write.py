"""The one write path: compares, writes records, overrides and the change log.

Every use case (console, API, sync, bulk, undo) describes what should be in
force as `Edit`s and hands them here, inside its `writing` transaction. Switches
of many records at once mean the same in a few statements: `app.services.write_many`.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from sqlalchemy import Insert, Table, Update, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.hashing import same
from app.core.permissions import Actor
from app.core.resolve import State
from app.models import (
    Base,
    Batch,
    CatalogEntry,
    CatalogRevision,
    Change,
    Claim,
    EntryAlias,
    Override,
    Provider,
    ProviderModel,
    SyncItem,
    SyncPlanPart,
    now,
)
from app.queries.states import NAME, TABLES, Decision, Record, chunks
from app.services.change_fields import note_fields
from app.services.search_index import (
    index_entries,
    index_provider_models,
    rewrite_tags,
    search_text,
)
from app.services.webhooks import emit


def _table(model: type[Base]) -> Table:
    return cast("Table", model.__table__)


# Built once: putting a statement together costs more than running it.
_INSERTS: dict[type[Base], Insert] = {
    model: insert(_table(model))
    for model in (
        *(Batch, CatalogEntry, Change, Claim),
        *(EntryAlias, Override, Provider, ProviderModel, SyncItem, SyncPlanPart),
    )
}
_BUMP = (
    update(CatalogRevision)
    .where(CatalogRevision.id == 1)
    .values(revision=CatalogRevision.revision + 1)
)
LOGGED_COLUMNS = frozenset({"retired_at", "protection_choice"})
OVERRIDE_KEY = ("record_type", "record_id", "field")
SEARCHED = frozenset({"model_display_name", "family", "description", "tags"})


@dataclass(frozen=True, slots=True)
class Action:
    """Who does what, and when (Unix seconds): the batch that an edit, sync or bulk action writes.

    The moment is one: what a batch decided has the batch's time, and an undo gives it that back.
    """

    kind: str
    actor: Actor
    reason: str | None = None
    feed_id: int | None = None
    undoes_id: int | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    at: int = field(default_factory=now)


@dataclass(slots=True)
class Edit:
    """What one record should become. ``decide`` are new overrides, ``release`` those to drop.

    ``columns`` are further columns of the record (``retired_at``, ``protection_choice``).
    """

    record: Record
    after: State
    decide: dict[str, Decision] = field(default_factory=dict)
    release: frozenset[str] = frozenset()
    columns: dict[str, Any] = field(default_factory=dict)
    _changed: list[str] | None = None

    def changed_fields(self) -> list[str]:
        """The registry fields whose value in force, or whose owner, becomes another."""
        if self._changed is None:
            before = self.record.state
            marks = set(before.manual_fields) ^ set(self.after.manual_fields)
            self._changed = [
                name
                for name in FIELDS[self.record.record_type]
                if name in marks or not same(before.values[name], self.after.values[name])
            ]
        return self._changed

    def has_effect(self) -> bool:
        """Whether there is anything at all to write, derived columns included."""
        before, after = self.record.state, self.after
        return (
            self.is_visible()
            or bool(self.columns or self.release)
            or before.sources != after.sources
            or not same(before.drift, after.drift)
        )

    def is_visible(self) -> bool:
        """Whether something a reader relies on changes: that makes a new version."""
        before, after = self.record.state, self.after
        return (
            bool(self.changed_fields())
            or (before.protection, before.status) != (after.protection, after.status)
            or bool(self.decide)
        )


def open_batch(session: Session, action: Action) -> tuple[int, str]:
    """Write the batch row, and tell webhooks of a person's; return its id and public id."""
    public_id = f"batch_{secrets.token_hex(10)}"
    values = {
        "public_id": public_id,
        "kind": action.kind,
        "actor_kind": action.actor.kind,
        "actor": action.actor.name,
        "reason": action.reason,
        "request_id": action.actor.request_id,
        "feed_id": action.feed_id,
        "undoes_id": action.undoes_id,
        "summary": dict(action.summary),
        "created_at": action.at,
    }
    key = session.connection().execute(_INSERTS[Batch], values).inserted_primary_key
    if action.actor.kind in ("user", "token"):
        emit(session, "change.written", _message(values))
    return int(key[0]), public_id  # type: ignore[index]


def _message(batch: Mapping[str, Any]) -> dict[str, Any]:
    """What webhooks are told of a batch; its changes are read by its id."""
    told = {name: batch[name] for name in ("kind", "actor", "actor_kind", "reason")}
    return {"batch_id": batch["public_id"], **told, "at": batch["created_at"]}


def write_edits(session: Session, batch_id: int, action: Action, edits: Sequence[Edit]) -> None:
    """Put the edits in force.

    The records must have been loaded with ``lock``; each is written only where
    its version is still the one it was loaded with. Raises `RuntimeError` when
    one is not, which the lock excludes. The caller ends with `bump_revision`:
    every writer takes that row's lock last, so that none waits for another in a circle.
    """
    _update_records(session, edits, now())
    _write_overrides(session, batch_id, action, edits)
    _log_changes(session, batch_id, edits)
    _refresh_search(session, edits)


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows by `executemany`, which both drivers do faster than one long statement.

    Changes go into the log nowhere else (but set by set: `app.services.write_many`).
    """
    if rows:
        session.connection().execute(_INSERTS[model], list(rows))
    if model is Change:
        note_fields(session, ((row["batch_id"], row["field"]) for row in rows))


def bump_revision(session: Session) -> None:
    """Tell caches that the catalog is another one."""
    session.connection().execute(_BUMP)


def _columns_of(edit: Edit, moment: int) -> dict[str, Any]:
    before, after = edit.record.state, edit.after
    names = FIELDS[edit.record.record_type]
    columns = {n: after.values[n] for n in names if not same(before.values[n], after.values[n])}
    if before.sources != after.sources:
        columns["sources"] = dict(after.sources)
    if not same(before.drift, after.drift):
        columns["drift"] = dict(after.drift) or None
    if before.manual_fields != after.manual_fields:
        columns["manual_fields"] = list(after.manual_fields)
    if before.protection != after.protection:
        columns["protection"] = after.protection
    if before.status != after.status:
        columns["status"] = after.status
    if "pricing" in columns:
        columns |= plot_prices(after.values["pricing"])
    if "token_limits" in columns:
        columns |= plot_limits(after.values["token_limits"])
    if edit.is_visible():
        columns["updated_at"] = moment
        columns["version"] = edit.record.version + 1
    return columns | edit.columns


def plot_prices(pricing: Mapping[str, Any] | None) -> dict[str, float | None]:
    """The two approximate price columns that tables sort by; exact amounts stay in `pricing`."""
    amounts = {
        line["unit"]: float(line["amount_micro_usd"]) for line in (pricing or {}).get("lines", ())
    }
    return {
        "prompt_price": amounts.get("per_1k_prompt_tokens"),
        "completion_price": amounts.get("per_1k_completion_tokens"),
    }


def plot_limits(limits: Mapping[str, Any] | None) -> dict[str, int | None]:
    """The column that tables sort and filter by; both limits stay in `token_limits`."""
    return {"context_length": (limits or {}).get("context_length")}


def _update_records(session: Session, edits: Iterable[Edit], moment: int) -> None:
    """One statement for each set of columns: a thousand edits are a few `executemany`."""
    groups: dict[tuple[RecordType, tuple[str, ...]], list[dict[str, Any]]] = {}
    for edit in edits:
        columns = _columns_of(edit, moment)
        if columns:
            row = {"at_id": edit.record.id, "at_version": edit.record.version}
            row |= {f"_{name}": value for name, value in columns.items()}
            groups.setdefault((edit.record.record_type, tuple(sorted(columns))), []).append(row)
    connection = session.connection()
    for (record_type, names), rows in groups.items():
        if connection.execute(_update_statement(record_type, names), rows).rowcount != len(rows):
            raise RuntimeError("a record changed while it was locked")


@cache
def _update_statement(record_type: RecordType, names: tuple[str, ...]) -> Update:
    table = _table(TABLES[record_type])
    return (
        update(table)
        .where(table.c.id == bindparam("at_id"), table.c.version == bindparam("at_version"))
        .values({name: bindparam(f"_{name}", type_=table.c[name].type) for name in names})
    )


def _write_overrides(
    session: Session, batch_id: int, action: Action, edits: Iterable[Edit]
) -> None:
    own: Decider = (batch_id, action.actor.name, action.reason, action.at)
    listed = list(edits)
    deciders = _former_deciders(session, listed)
    released, rows = [], []
    for edit in listed:
        at = {"record_type": edit.record.record_type, "record_id": edit.record.id}
        released += [{f"_{k}": v for k, v in (at | {"field": f}).items()} for f in edit.release]
        for name, decision in edit.decide.items():
            by = own if decision.batch_id is None else deciders.get(decision.batch_id, own)
            decider = dict(zip(("batch_id", "actor", "reason", "created_at"), by, strict=True))
            values = {"field": name, "value": decision.value, "base": decision.base}
            rows.append(at | values | decider)
    connection = session.connection()
    if released:
        connection.execute(_RELEASE, released)
    if rows:
        connection.execute(_override_statement(connection.dialect.name), rows)


Decider = tuple[int, str, str | None, int]
_RELEASE = delete(_table(Override)).where(
    *(_table(Override).c[name] == bindparam(f"_{name}") for name in OVERRIDE_KEY)
)


def _former_deciders(session: Session, edits: Iterable[Edit]) -> dict[int, Decider]:
    """Who decided, when and why, what an undo puts in force again."""
    ids = {d.batch_id for e in edits for d in e.decide.values() if d.batch_id is not None}
    found: dict[int, Decider] = {}
    for some in chunks(sorted(ids)):
        columns = (Batch.id, Batch.actor, Batch.reason, Batch.created_at)
        for row in session.execute(select(*columns).where(Batch.id.in_(some))):
            found[row.id] = (row.id, row.actor, row.reason, row.created_at)
    return found


@cache
def _override_statement(dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Insert an override, or replace the one there is."""
    table = _table(Override)
    key = list(OVERRIDE_KEY)
    replaced = ("value", "base", "batch_id", "actor", "reason", "created_at")
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(key, set_={n: lite.excluded[n] for n in replaced})
    pg = postgresql.insert(table)
    return pg.on_conflict_do_update(index_elements=key, set_={n: pg.excluded[n] for n in replaced})


def _log_changes(session: Session, batch_id: int, edits: Iterable[Edit]) -> None:
    rows: list[dict[str, Any]] = []
    for edit in edits:
        before, after = edit.record.state, edit.after
        # A decision that leaves the value as it is still has a new owner and reason.
        names = dict.fromkeys([*edit.changed_fields(), *edit.decide])
        logged = [(n, before.values[n], after.values[n]) for n in names]
        if before.protection != after.protection:
            logged.append(("protection", before.protection, after.protection))
        logged += [
            (name, getattr(edit.record, name), edit.columns[name])
            for name in sorted(LOGGED_COLUMNS & edit.columns.keys())
            if getattr(edit.record, name) != edit.columns[name]
        ]
        rows += [
            change_row(
                batch_id,
                edit.record.record_type,
                edit.record.id,
                name,
                (old, name in before.manual_fields),
                (new, name in after.manual_fields),
            )
            | _deciders_of(edit, name)
            for name, old, new in logged
        ]
    insert_rows(session, Change, rows)


def _deciders_of(edit: Edit, name: str) -> dict[str, int | None]:
    """The batches that decided the old and the new value; None for a new value: this one."""
    old, new = edit.record.overrides.get(name), edit.decide.get(name)
    return {
        "old_batch_id": old.batch_id if old else None,
        "new_batch_id": new.batch_id if new else None,
    }


def change_row(
    batch_id: int,
    record_type: str,
    record_id: int,
    name: str,
    old: tuple[Any, bool],
    new: tuple[Any, bool],
) -> dict[str, Any]:
    """One row of the change log; ``old`` and ``new`` are (value, whether it is a person's)."""
    return {
        "batch_id": batch_id,
        "record_type": record_type,
        "record_id": record_id,
        "field": name,
        "old": old[0],
        "new": new[0],
        "old_manual": old[1],
        "new_manual": new[1],
    }


def _refresh_search(session: Session, edits: Sequence[Edit]) -> None:
    renamed = [
        edit.record.id
        for edit in edits
        if edit.record.record_type == "provider_model" and NAME in edit.changed_fields()
    ]
    index_provider_models(session, renamed)
    found = {
        edit.record.id: edit
        for edit in edits
        if edit.record.record_type == "entry" and SEARCHED & set(edit.changed_fields())
    }
    if not found:
        return
    index_entries(
        session,
        [(i, search_text(e.after.values, e.record.public_id)) for i, e in found.items()],
    )
    tagged = {i: e for i, e in found.items() if "tags" in e.changed_fields()}
    rewrite_tags(session, [(i, e.after.values["tags"]) for i, e in tagged.items()])
