"""Lets other words of a feed count: what a person approves of it, or takes back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.core.hashing import same
from app.core.holding import Policy
from app.models import Change, Claim, Feed, SyncItem, now
from app.queries.states import chunks, load_records
from app.services.decide import settled
from app.services.sync_run import Run
from app.services.write import Action, change_row, insert_rows, write_edits

ITEM_RECORD = "sync_item"
SINCE = "was changed since"
# What a person decided is not judged again.
BELIEVE = Policy({})


class ItemLine(NamedTuple):
    """A stored item, as far as deciding it needs."""

    id: int
    run_id: int
    feed_id: int
    kind: str
    record_type: str
    record_id: int | None
    target: str | None
    name: str
    field: str | None
    new: Any
    said_old: Any
    state: str
    batch_id: int | None


class Kept(NamedTuple):
    """An item that was not changed, and why."""

    item: ItemLine
    why: str


@dataclass(slots=True)
class Rewording:
    """One batch that lets other words of feeds count; what it did and what it left."""

    session: Session
    batch_id: int
    action: Action
    moment: int = field(default_factory=now)
    done: list[ItemLine] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)


def load_items(session: Session, which: Any) -> list[ItemLine]:
    """The items of a query for (or a collection of) row ids, in the order in which records lock."""
    columns = [getattr(SyncItem, name) for name in ItemLine._fields]
    order = (SyncItem.feed_id, SyncItem.record_type, SyncItem.record_id, SyncItem.id)
    if isinstance(which, Sequence | set | frozenset):
        found: list[ItemLine] = []
        for some in chunks(sorted(which)):
            rows = session.execute(select(*columns).where(SyncItem.id.in_(some)))
            found += [ItemLine._make(row) for row in rows]
        return sorted(found, key=lambda i: (i.feed_id, i.record_type, i.record_id or 0, i.id))
    statement = select(*columns).where(SyncItem.id.in_(which)).order_by(*order)
    return [ItemLine._make(row) for row in session.execute(statement)]


def reword(job: Rewording, feed: Feed, items: Iterable[ItemLine], *, forward: bool) -> None:
    """Let what these items of one feed say count (``forward``), or what counted before them.

    They are about records that are there. A word that is not the item's any more is
    left as it is when going back. What follows is put in force in the job's batch.
    """
    by_type: dict[str, dict[int, list[ItemLine]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        by_type[item.record_type][item.record_id or 0].append(item)
    for record_type in ("entry", "provider_model"):
        records = by_type.get(record_type, {})
        for some in chunks(sorted(records)):
            mine = {record_id: records[record_id] for record_id in some}
            _reword_some(job, feed, _kind(record_type), mine, forward)


def _kind(record_type: str) -> RecordType:
    return "entry" if record_type == "entry" else "provider_model"


def _reword_some(
    job: Rewording,
    feed: Feed,
    record_type: RecordType,
    items: Mapping[int, Sequence[ItemLine]],
    forward: bool,
) -> None:
    records = load_records(job.session, record_type, items, lock=True)
    claims = _claims(job.session, feed.id, record_type, items)
    run = Run(job.session, feed, job.batch_id, job.action, BELIEVE)
    edits, rows = [], []
    for record_id, mine in items.items():
        record, claim = records.get(record_id), claims.get(record_id)
        if record is None or claim is None:
            job.kept += [Kept(item, "is about a record that is gone") for item in mine]
            continue
        said, misses = _said(job, feed, mine, claim, forward)
        rows.append(
            {"_feed_id": feed.id, "_record_type": record_type, "_record_id": record_id}
            | {"_fields": said, "_misses": misses, "_changed_at": job.moment}
        )
        record.claims[feed.id] = run.said(said, record_type, misses)
        edit = settled(record, job.moment)
        if edit.has_effect():
            edits.append(edit)
    if rows:
        job.session.connection().execute(_REWORD, rows)
    write_edits(job.session, job.batch_id, job.action, edits)


def _said(
    job: Rewording,
    feed: Feed,
    items: Sequence[ItemLine],
    claim: tuple[Mapping[str, Any], int],
    forward: bool,
) -> tuple[dict[str, Any], int]:
    """The claim as the items make it: its fields, and its misses."""
    said, misses = dict(claim[0]), claim[1]
    for item in items:
        if item.field is None:
            misses = _misses(item.kind, feed.miss_limit, misses, forward)
        elif forward or same(said.get(item.field), item.new):
            word = item.new if forward else item.said_old
            said.pop(item.field, None)
            if word is not None:
                said[item.field] = word
        else:
            job.kept.append(Kept(item, SINCE))
            continue
        job.done.append(item)
    return said, misses


def _misses(kind: str, limit: int, misses: int, forward: bool) -> int:
    """In how many answers in a row the record counts as absent, after the item is decided."""
    if kind in ("retired", "dropped"):
        return limit if forward else limit - 1
    if kind == "reactivated":
        return 0 if forward else limit
    return misses


def _claims(
    session: Session, feed_id: int, record_type: str, ids: Iterable[int]
) -> dict[int, tuple[Mapping[str, Any], int]]:
    columns = (Claim.record_id, Claim.fields, Claim.misses)
    found: dict[int, tuple[Mapping[str, Any], int]] = {}
    for some in chunks(sorted(ids)):
        mine = (Claim.feed_id == feed_id, Claim.record_type == record_type)
        rows = session.execute(select(*columns).where(*mine, Claim.record_id.in_(some)))
        found |= {record_id: (fields, misses) for record_id, fields, misses in rows}
    return found


_C = Claim.__table__.c
_REWORD = (
    update(Claim.__table__)  # type: ignore[arg-type]
    .where(*(_C[name] == bindparam(f"_{name}") for name in ("feed_id", "record_type", "record_id")))
    .values(
        {
            name: bindparam(f"_{name}", type_=_C[name].type)
            for name in ("fields", "misses", "changed_at")
        }
    )
)


def set_states(
    job: Rewording, items: Sequence[ItemLine], state: str, *, reason: str | None = None
) -> None:
    """Give items another state, decided by the job's actor, and log it so that it can be undone."""
    actor = job.action.actor.name
    values: dict[str, Any] = {
        "state": state,
        "decided_by": actor,
        "decided_at": job.moment,
        "decision": job.action.reason,
        "batch_id": job.batch_id,
    }
    if reason is not None:
        values["reason"] = reason
    for some in chunks([item.id for item in items]):
        job.session.execute(update(SyncItem).where(SyncItem.id.in_(some)).values(values))
    rows = [
        change_row(job.batch_id, ITEM_RECORD, item.id, "state", (item.state, False), (state, False))
        | {"old_batch_id": item.batch_id}
        for item in items
    ]
    insert_rows(job.session, Change, rows)
