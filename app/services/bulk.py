"""Bulk actions: one decision about many records, in one transaction and one batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.core.bulk import BulkChange
from app.core.errors import ConflictError
from app.core.fields import FIELDS
from app.core.hashing import same
from app.core.permissions import Actor
from app.core.resolve import Protection
from app.models import Override
from app.queries.selections import (
    Preview,
    Selection,
    acted_on,
    preview_bulk,
    scope,
    target,
)
from app.queries.states import TABLES, Record, chunks, load_records
from app.services.decide import decided, released
from app.services.flags import ensure_flags
from app.services.many_sql import Many
from app.services.records import EDIT_PERMISSION, FLAG, check_fields, write_decisions
from app.services.transaction import AnySession, plain, writing
from app.services.write import Action, Edit, bump_revision, open_batch
from app.services.write_many import SWITCHES, lock_records, release_many, set_many


class SelectionChangedError(ConflictError):
    """Other records than the previewed ones would change; ``preview`` is how it is now."""

    code = "selection_changed"
    title = "The selection has changed"

    def __init__(self, preview: Preview) -> None:
        super().__init__(
            "what you looked at is no longer what would happen: look again, then confirm"
        )
        self.preview = preview


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a bulk action did, or with ``dry_run`` would do; no batch where nothing changed."""

    preview: Preview
    batch: str | None = None

    @property
    def updated(self) -> int:
        """How many records really changed."""
        return self.preview.changing

    @property
    def skipped(self) -> int:
        """How many were selected and stayed as they were."""
        return self.preview.total - self.preview.changing


def run_bulk(
    session: AnySession,
    actor: Actor,
    change: BulkChange,
    selection: Selection,
    *,
    expected: str | None = None,
    reason: str | None = None,
    dry_run: bool = False,
) -> Outcome:
    """Carry out a bulk action on every selected record that it makes different.

    The selection is evaluated here, under lock. ``expected`` is the fingerprint
    of the preview that somebody confirmed: where it is another one now,
    `SelectionChangedError` is raised. Also raises `ForbiddenError`,
    `ValidationError`; then nothing changed. A field set this way is manual, the
    record's protection `fields` unless it was `entry`: a bulk action does not
    freeze what it does not set. ``dry_run`` only counts.
    """
    actor.require(EDIT_PERMISSION[change.record_type])
    check_fields(change.record_type, change.fields)
    if dry_run:
        return Outcome(preview_bulk(plain(session), change, selection))
    with writing(session) as db:
        # All that is selected: what needs no change now may need one once a writer is done.
        reached = and_(scope(db, selection), acted_on(db, selection))
        lock_records(db, change.record_type, reached)
        preview = preview_bulk(db, change, selection)
        if expected is not None and expected != preview.fingerprint:
            raise SelectionChangedError(preview)
        if not preview.changing:
            return Outcome(preview)
        action = Action("bulk", actor, reason, summary=_summary(change, preview))
        batch_id, public_id = open_batch(db, action)
        _write(db, batch_id, action, change, selection)
        bump_revision(db)
        return Outcome(preview, public_id)


def _summary(change: BulkChange, preview: Preview) -> dict[str, Any]:
    """What lists of batches say of it without reading its changes."""
    return {
        "record_type": change.record_type,
        "action": change.action.name,
        "done": change.done(),
        "updated": preview.changing,
        "unchanged": preview.unchanged,
        "kept": preview.kept,
    }


def _write(
    session: Session, batch_id: int, action: Action, change: BulkChange, selection: Selection
) -> None:
    if change.action.how == "release":
        _release(session, batch_id, action, change, selection)
        return
    field = change.field
    if field is None:
        raise ValueError("only a release has no field")
    if field.name == FLAG and change.value is not None:
        ensure_flags(session, batch_id, {change.value})
    which = target(session, selection, change)
    if change.action.how == "set" and field.name in SWITCHES[change.record_type]:
        many = Many(session, batch_id, action, change.record_type, field)
        set_many(many, change.value, which)
        return
    for records in _loaded(session, change, which):
        edits = [_decision(record, change) for record in records]
        write_decisions(session, batch_id, action, edits)


def _loaded(session: Session, change: BulkChange, which: Any) -> Any:
    """The records in runs, locked: memory stays small however many there are."""
    table = TABLES[change.record_type]
    ids: Sequence[int] = session.scalars(select(table.id).where(which).order_by(table.id)).all()
    for some in chunks(ids):
        yield load_records(session, change.record_type, some, lock=True).values()


def _decision(record: Record, change: BulkChange) -> Edit:
    """What the change makes of a record whose claims decide, or whose value does."""
    protection: Protection = "entry" if record.state.protection == "entry" else "fields"
    name = change.field.name if change.field else ""
    value = change.value
    if change.action.how == "add":
        held = record.state.values[name] or []
        value = [*held, *(word for word in value if word not in held)]
    elif change.action.how == "remove":
        value = [word for word in record.state.values[name] or [] if word not in value]
    edit = decided(record, {name: value}, protection)
    if not same(edit.after.values[name], value):
        raise RuntimeError("a decision was not put in force")
    return edit


def _release(
    session: Session, batch_id: int, action: Action, change: BulkChange, selection: Selection
) -> None:
    """Give records back: set by set where only switches were decided, else by their claims."""
    record_type = change.record_type
    if not change.fields:
        which = and_(scope(session, selection), _only_switched(session, selection))
        for field in SWITCHES[record_type].values():
            many = Many(session, batch_id, action, record_type, field)
            release_many(many, which, last=True)
    fields = set(change.fields or FIELDS[record_type])
    for records in _loaded(session, change, target(session, selection, change)):
        edits = [released(record, fields, not change.fields) for record in records]
        write_decisions(session, batch_id, action, edits)


def _only_switched(session: Session, selection: Selection) -> Any:
    """Records that hold nothing back from the feeds but fields that no feed writes."""
    record_type = selection.record_type
    table = TABLES[record_type]
    others = select(Override.record_id).where(
        Override.record_type == record_type, Override.field.not_in(SWITCHES[record_type])
    )
    return and_(table.protection != "entry", table.id.not_in(others), acted_on(session, selection))
