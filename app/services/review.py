"""The review queue: approving and rejecting what was held back, and taking either back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError
from app.core.permissions import Actor
from app.models import Feed, SyncItem
from app.queries.open_items import open_items
from app.queries.states import chunks
from app.services.apply import apply_plan
from app.services.relink import lock_feeds
from app.services.reword import (
    BELIEVE,
    ItemLine,
    Kept,
    Rewording,
    load_items,
    reword,
    set_states,
)
from app.services.sync_plan import make_plan, parsed_again
from app.services.sync_run import Run, end_items, write_items
from app.services.transaction import AnySession, writing
from app.services.unmake import unmake
from app.services.write import Action, bump_revision, open_batch

Decision = Literal["approve", "reject"]
Which = Select[Any] | Collection[int]
# So many records are added at once: each round looks at all that is known, and needs memory.
TOGETHER = 25_000
# From which states a decision takes an item on.
_FROM = {"approve": ("waiting", "rejected"), "reject": ("waiting",)}
# What follows from added models, and is never decided by itself.
_FOLLOWS = ("entry", "provider")


@dataclass(frozen=True, slots=True)
class ReviewPreview:
    """What a decision is about: how many items of how many records, and why they wait."""

    total: int
    records: int
    by_reason: dict[str, int]
    by_feed: dict[str, int]
    fingerprint: str


@dataclass(slots=True)
class Decided:
    """What a decision did; ``skipped`` items were decided or overtaken already."""

    batch: str | None
    decided: int
    skipped: int


def preview_decision(session: AnySession, which: Which) -> ReviewPreview:
    """Count what a decision would be about; ``which`` are row ids of items, or a query for them."""
    mine = _among(which, ("waiting", "rejected"))
    counted = select(SyncItem.reason, Feed.name, func.count())
    rows = session.execute(
        counted.join(Feed, Feed.id == SyncItem.feed_id)
        .where(*mine)
        .group_by(SyncItem.reason, Feed.name)
    ).all()
    by_reason: dict[str, int] = defaultdict(int)
    by_feed: dict[str, int] = defaultdict(int)
    for reason, feed, count in rows:
        by_reason[reason or "review"] += count
        by_feed[feed] += count
    key = (SyncItem.record_type, SyncItem.record_id, SyncItem.target)
    distinct = select(*key).where(*mine).distinct().subquery()
    records = session.execute(select(func.count()).select_from(distinct)).scalar_one()
    total = sum(by_reason.values())
    return ReviewPreview(total, records, dict(by_reason), dict(by_feed), _print(session, mine))


def decide_items(
    session: AnySession,
    actor: Actor,
    decision: Decision,
    which: Which,
    *,
    reason: str | None = None,
    fingerprint: str | None = None,
) -> Decided:
    """Let what waits count, or reject it: then it is not asked again until the feed says news.

    All of it in one batch, which can be undone. ``fingerprint`` is a preview's. Raises
    `ForbiddenError`, and `ConflictError` where nothing waits or other items do than previewed.
    """
    actor.require("admin:sync:review")
    with writing(session) as db:
        lock_feeds(db)
        mine = _among(which, _FROM[decision])
        if fingerprint is not None and _print(db, _among(which, _ANY)) != fingerprint:
            raise ConflictError("other items wait now than were shown; look at them again")
        items = load_items(db, select(SyncItem.id).where(*mine))
        if not items:
            raise ConflictError("none of these waits any more")
        summary = {"decision": decision, "items": len(items)}
        action = Action("review", actor, reason, summary=summary)
        batch_id, public_id = open_batch(db, action)
        job = Rewording(db, batch_id, action)
        if decision == "approve":
            approve(job, items)
        else:
            job.done = items
            set_states(job, items, "rejected")
        if not job.done:
            raise ConflictError(f"nothing could be approved: it {job.kept[0].why}")
        bump_revision(db)
        asked = len(which) if not isinstance(which, Select) else len(items)
        return Decided(public_id, len(job.done), max(asked - len(job.done), 0))


_ANY = ("waiting", "rejected")


def _among(which: Which, states: Sequence[str]) -> tuple[Any, ...]:
    """The items of a query or collection that are in one of these states."""
    ids = which if isinstance(which, Select) else sorted(which)
    return SyncItem.id.in_(ids), SyncItem.state.in_(states)


def _print(session: AnySession, mine: tuple[Any, ...]) -> str:
    """Tells one set of items from another."""
    summed = select(func.count(), func.min(SyncItem.id), func.max(SyncItem.id))
    row = session.execute(summed.add_columns(func.sum(SyncItem.id % 65_521)).where(*mine)).one()
    return "-".join(str(value or 0) for value in row)


def approve(job: Rewording, items: Sequence[ItemLine]) -> None:
    """Let the words of these items count, inside the job's transaction."""
    for feed_id, of_feed in groupby(items, key=lambda item: item.feed_id):
        feed, mine = job.session.get_one(Feed, feed_id), list(of_feed)
        added = [i for i in mine if i.kind == "added" and i.record_type == "provider_model"]
        known = [i for i in mine if i.kind != "added"]
        before = len(job.done)
        reword(job, feed, known, forward=True)
        set_states(job, job.done[before:], "applied")
        for some in chunks(added, TOGETHER):
            _add(job, feed, some)


def _add(job: Rewording, feed: Feed, items: Sequence[ItemLine]) -> None:
    """Add the records of these items as a sync would have done."""
    session = job.session
    payloads: dict[int, Any] = {}
    for some in chunks([item.id for item in items]):
        found = select(SyncItem.id, SyncItem.payload).where(SyncItem.id.in_(some))
        payloads |= dict(session.execute(found).all())
    ready = [item for item in items if payloads.get(item.id)]
    job.kept += [Kept(i, "holds no record to add") for i in items if not payloads.get(i.id)]
    if not ready:
        return
    parsed = parsed_again([payloads[item.id] for item in ready])
    # What waits of other records, or was rejected, does not come to count with these.
    policy = replace(BELIEVE, records=open_items(session, feed.id).records)
    homes = {i.target: payloads[i.id].get("home") for i in ready if i.target is not None}
    planned = make_plan(session, feed, parsed, policy=policy, complete=False, homes=homes)
    run = Run(session, feed, job.batch_id, job.action, planned.policy)
    apply_plan(run, planned.plan, planned.providers)
    end_items(session, run.overtaken, "superseded")
    ids = {i.target: i.record_id for i in run.items if i.record_type == "provider_model"}
    others = [i for i in run.items if (i.kind, i.record_type) != ("added", "provider_model")]
    write_items(session, others, ready[0].run_id, feed.id, batch_id=job.batch_id)
    set_states(job, ready, "applied")
    made = [{"_id": i.id, "_record_id": pk} for i in ready if (pk := ids.get(i.target))]
    if made:
        session.connection().execute(_MADE, made)
    job.done += ready


_ITEMS = SyncItem.__table__
_MADE = (
    update(_ITEMS)  # type: ignore[arg-type]
    .where(_ITEMS.c.id == bindparam("_id"))
    .values(record_id=bindparam("_record_id"))
)


def take_back(job: Rewording, items: Sequence[ItemLine], state: str) -> None:
    """Let what counted before these applied items count again, and give them ``state``.

    Records that they added are removed where nobody has touched them since.
    """
    for feed_id, of_feed in groupby(items, key=lambda item: item.feed_id):
        feed, mine = job.session.get_one(Feed, feed_id), list(of_feed)
        before = len(job.done)
        reword(job, feed, [i for i in mine if i.kind != "added"], forward=False)
        unmake(job, feed, [i for i in mine if i.kind == "added"])
        done = job.done[before:]
        decided = [i for i in done if i.record_type not in _FOLLOWS or i.kind != "added"]
        decided = [i for i in decided if i.kind != "claimed"]
        open_again = {item.id for item in decided}
        set_states(job, decided, state, reason="reverted" if state == "rejected" else None)
        set_states(job, [i for i in done if i.id not in open_again], "reverted")


def applied_in(session: Session, *where: Any) -> list[ItemLine]:
    """The applied items that these conditions select."""
    applied = select(SyncItem.id).where(SyncItem.state == "applied", *where)
    return load_items(session, applied)
