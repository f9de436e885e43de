"""Taking back what a batch did, as a new batch; what was changed since stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, NotFoundError
from app.core.fields import FIELDS, RecordType
from app.core.permissions import Actor
from app.models import Batch, Change, SyncRun
from app.queries.states import TABLES
from app.services.feed_rows import lock_feeds
from app.services.flags import ensure_flags
from app.services.many_sql import Many
from app.services.records import FLAG
from app.services.reword import ITEM_RECORD, Kept, Rewording
from app.services.run_actions import revert
from app.services.transaction import AnySession, writing
from app.services.undo_feeds import is_feed_batch
from app.services.undo_items import undo_item_changes
from app.services.undo_links import changes_links, undo_links
from app.services.undo_records import ChangeLine, Refused, undo_changes
from app.services.undo_things import THINGS
from app.services.write import Action, bump_revision, open_batch
from app.services.write_many import (
    SWITCHES,
    left_alone,
    lock_records,
    undo_many,
)

NAMED = 50
CHUNK = 2_000
PERMISSIONS: dict[str, str] = {
    "entry": "admin:catalog:edit",
    "provider_model": "admin:provider-model:edit",
    ITEM_RECORD: "admin:sync:review",
    **{kind: thing.permission for kind, thing in THINGS.items()},
}
_SINCE = "was changed since"


@dataclass(slots=True)
class Undone:
    """What an undo did: ``undone`` changes taken back; ``refused`` the first of the others."""

    batch_id: str | None = None
    undone: int = 0
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0

    def add(self, undone: int, refused: Sequence[Refused]) -> None:
        """Count what one part of the work did."""
        self.undone += undone
        self.refused_count += len(refused)
        self.refused += refused[: max(0, NAMED - len(self.refused))]


class _Group(NamedTuple):
    record_type: str
    field: str
    changes: int


def undo_batch(
    session: AnySession,
    actor: Actor,
    batch_public_id: str,
    *,
    change_id: int | None = None,
    reason: str | None = None,
) -> Undone:
    """Take back a batch, or with ``change_id`` only that change of it.

    Each field returns to the value, and to whom it belonged, before the batch;
    fields that somebody changed since are left alone and named. An undo is a
    batch itself and can be undone. Raises `NotFoundError`, `ForbiddenError`, and
    `ConflictError` where nothing could be taken back; then nothing changed.
    """
    actor.require("admin:change:undo")
    with writing(session) as db:
        batch = db.scalar(select(Batch).where(Batch.public_id == batch_public_id))
        if batch is None:
            raise NotFoundError(f"there is no batch {batch_public_id!r}")
        groups = _groups(db, batch, change_id)
        _check(actor, batch, groups, change_id)
        summary = {"undoes": batch.public_id, "kind": batch.kind, "summary": dict(batch.summary)}
        action = Action("undo", actor, reason, undoes_id=batch.id, summary=summary)
        new_id, public_id = open_batch(db, action)
        undone = Undone(public_id)
        if changes_links(db, batch):
            _undo_links(db, new_id, action, batch, change_id, undone)
        elif batch.kind == "sync" and change_id is None:
            _undo_sync(db, new_id, action, batch, undone)
        elif any(group.record_type == ITEM_RECORD for group in groups):
            lines = _lines(db, batch, ITEM_RECORD, change_id)
            undone.add(*undo_item_changes(db, new_id, action, [x for run in lines for x in run]))
        else:
            _lock(db, batch)
            if change_id is None:
                _undo_switches(db, new_id, action, batch, groups, undone)
            _undo_lines(db, new_id, action, batch, change_id, undone)
        if not undone.undone:
            raise ConflictError(_nothing(undone))
        _ensure_required(db, new_id)
        bump_revision(db)
        return undone


def _ensure_required(session: Session, batch_id: int) -> None:
    """A feature flag that entries require again may have been deleted meanwhile."""
    required = select(Change.new).where(Change.batch_id == batch_id, Change.field == FLAG)
    keys = {key for key in session.scalars(required) if key is not None}
    ensure_flags(session, batch_id, keys)


def _groups(session: Session, batch: Batch, change_id: int | None) -> list[_Group]:
    statement = select(Change.record_type, Change.field, func.count()).where(
        Change.batch_id == batch.id
    )
    if change_id is not None:
        statement = statement.where(Change.id == change_id)
    found = session.execute(statement.group_by(Change.record_type, Change.field)).all()
    if not found and change_id is not None:
        raise NotFoundError(f"the batch {batch.public_id} has no change {change_id}")
    return [_Group._make(row) for row in found]


def _check(actor: Actor, batch: Batch, groups: Sequence[_Group], change_id: int | None) -> None:
    if batch.kind == "sync" and change_id is None:
        actor.require("admin:sync:review")
        return
    if any(group.record_type == ITEM_RECORD for group in groups):
        # What happened to records and providers followed from the decisions.
        groups = [group for group in groups if group.record_type == ITEM_RECORD]
    for group in groups:
        if group.record_type not in PERMISSIONS:
            raise ConflictError(f"a change of a {group.record_type} cannot be undone")
        actor.require(PERMISSIONS[group.record_type])
    if not groups:
        raise ConflictError("that batch changed nothing that could be undone")


def _undo_sync(session: Session, new_id: int, action: Action, batch: Batch, undone: Undone) -> None:
    """A sync as a whole: what the feed said before counts again."""
    run_id = session.scalar(select(SyncRun.id).where(SyncRun.batch_id == batch.id))
    if run_id is None:
        raise ConflictError("what that sync found was not kept: take back its changes one by one")
    job = Rewording(session, new_id, action)
    revert(job, run_id)
    undone.add(len(job.done), [_not_reverted(kept) for kept in job.kept])


def _not_reverted(kept: Kept) -> Refused:
    item = kept.item
    return Refused(item.record_type, item.record_id or 0, item.name, item.field or "*", kept.why)


def _lock(session: Session, batch: Batch) -> None:
    """All records that the batch changed, in one round: nobody waits for us in a circle."""
    if is_feed_batch(batch):
        lock_feeds(session)
    for record_type in SWITCHES:
        changed = select(Change.record_id).where(
            Change.batch_id == batch.id, Change.record_type == record_type
        )
        lock_records(session, record_type, TABLES[record_type].id.in_(changed))


def _kind(record_type: str) -> RecordType:
    return "entry" if record_type == "entry" else "provider_model"


def _is_switch(group: _Group) -> bool:
    return group.record_type in SWITCHES and group.field in SWITCHES[_kind(group.record_type)]


def _is_more(batch: Batch, record_type: RecordType) -> Select[int]:
    """The records of which the batch changed something that feeds fill, or their protection."""
    switches = Change.field.in_(SWITCHES[record_type])
    return select(Change.record_id).where(
        Change.batch_id == batch.id, Change.record_type == record_type, ~switches
    )


def _undo_switches(
    session: Session,
    new_id: int,
    action: Action,
    batch: Batch,
    groups: Sequence[_Group],
    undone: Undone,
) -> None:
    """Set by set where nothing but fields was changed that no feed writes."""
    for group in sorted(filter(_is_switch, groups)):
        record_type = _kind(group.record_type)
        record_id = TABLES[record_type].id
        which: ColumnElement[bool] = true()
        if any(g.record_type == record_type and not _is_switch(g) for g in groups):
            which = record_id.not_in(_is_more(batch, record_type))
        many = Many(session, new_id, action, record_type, FIELDS[record_type][group.field])
        undone.undone += (count := undo_many(many, batch.id, which))
        if count < group.changes:
            left = session.scalars(left_alone(many, batch.id, which)).all()
            named = [Refused(record_type, i, "", group.field, _SINCE) for i in left[:NAMED]]
            undone.add(0, _with_names(session, record_type, named))
            undone.refused_count += len(left) - len(named)


def _undo_links(
    session: Session,
    new_id: int,
    action: Action,
    batch: Batch,
    change_id: int | None,
    undone: Undone,
) -> None:
    columns = [getattr(Change, name) for name in ChangeLine._fields]
    statement = select(Change.record_type, *columns).where(Change.batch_id == batch.id)
    if change_id is not None:
        statement = statement.where(Change.id == change_id)
    rows = session.execute(statement.order_by(Change.id))
    lines = [(kind, ChangeLine._make(line)) for kind, *line in rows]
    count, refused = undo_links(session, new_id, action, lines)
    undone.undone += count
    for kind in SWITCHES:
        mine = [one for one in refused if one.record_type == kind]
        undone.add(0, _with_names(session, kind, mine))


def _undo_lines(
    session: Session,
    new_id: int,
    action: Action,
    batch: Batch,
    change_id: int | None,
    undone: Undone,
) -> None:
    """Change by change, in runs of whole records: what claims decide must be looked at anew."""
    is_feeds = batch.actor_kind == "feed"
    followed = is_feed_batch(batch)
    for record_type in PERMISSIONS.keys() - {ITEM_RECORD}:
        for lines in _lines(session, batch, record_type, change_id):
            if record_type in THINGS:
                count, refused = THINGS[record_type].undo(session, new_id, lines)
                undone.add(count, refused)
                continue
            kind = _kind(record_type)
            if followed:
                # It follows from the settings of the feed, and so does its undo.
                refused = [_following(kind, line) for line in lines if change_id is not None]
                undone.add(0, _with_names(session, kind, refused))
            else:
                count, refused = undo_changes(session, new_id, action, kind, lines, is_feeds)
                undone.add(count, _with_names(session, kind, refused))


def _following(record_type: RecordType, line: ChangeLine) -> Refused:
    why = "follows from the settings of a feed"
    return Refused(record_type, line.record_id, "", line.field, why)


def _lines(
    session: Session, batch: Batch, record_type: str, change_id: int | None
) -> Sequence[Sequence[ChangeLine]]:
    statement = (
        select(*(getattr(Change, name) for name in ChangeLine._fields))
        .where(Change.batch_id == batch.id, Change.record_type == record_type)
        .order_by(Change.record_id, Change.id)
    )
    if change_id is None and record_type in SWITCHES:
        statement = statement.where(Change.record_id.in_(_is_more(batch, _kind(record_type))))
    if change_id is not None:
        # With the last decision the protection that came with it goes, too.
        changed = select(Change.record_id).where(Change.id == change_id)
        statement = statement.where(
            (Change.id == change_id)
            | ((Change.field == "protection") & (Change.record_id == changed.scalar_subquery()))
        )
    lines = [ChangeLine._make(row) for row in session.execute(statement)]
    if not any(line.id == change_id for line in lines) and change_id is not None:
        return []
    runs: list[list[ChangeLine]] = []
    for line in lines:
        if not runs or (len(runs[-1]) >= CHUNK and runs[-1][-1].record_id != line.record_id):
            runs.append([])
        runs[-1].append(line)
    return runs


def _with_names(
    session: Session, record_type: RecordType, refused: Sequence[Refused]
) -> list[Refused]:
    """The refused changes with their records' names, as far as they will be shown."""
    table = TABLES[record_type]
    ids = {one.record_id for one in refused[:NAMED]}
    found = session.execute(
        select(table.id, table.model_display_name, table.public_id).where(table.id.in_(ids))
    )
    names = {record_id: name or public_id for record_id, name, public_id in found}
    return [one._replace(name=names.get(one.record_id, "")) for one in refused]


def _nothing(undone: Undone) -> str:
    named = ", ".join(f"{one.field} of {one.name} {one.why}" for one in undone.refused[:5])
    return f"nothing could be taken back: {named}" if named else "nothing could be taken back"
