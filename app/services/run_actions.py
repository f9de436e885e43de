"""What people do with a run: apply its plan, reject it, take it back as a whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, NotFoundError, StalePlanError
from app.core.permissions import Actor
from app.models import Batch, Feed, SyncItem, SyncRun, now
from app.services.kept_plans import chosen_items, drop_answers, kept_answer
from app.services.relink import lock_feeds
from app.services.review import applied_in, decide_items, take_back
from app.services.reword import Rewording
from app.services.sync import Job, apply_planned, locked_feed, note_success
from app.services.sync_plan import make_plan, make_policy
from app.services.sync_source import Answer
from app.services.transaction import AnySession, plain, writing
from app.services.write import Action, bump_revision, open_batch

KEPT = ("planned", "held")


@dataclass(slots=True)
class RunActed:
    """What was done: items applied (or taken back), items that wait now, items planned again."""

    batch: str | None = None
    applied: int = 0
    waiting: int = 0
    replanned: int = 0


def apply_run(
    session: AnySession,
    actor: Actor,
    run_public_id: str,
    item_ids: Collection[int] | None = None,
    *,
    reason: str | None = None,
) -> RunActed:
    """Write a kept plan, or let what waits of an applied run count.

    ``item_ids`` (row ids of its items) are all that is written; the others wait in the
    review queue, and so does what a guard holds back where no items are named, and what
    is not as it was planned any more. Raises `NotFoundError`, `ForbiddenError`,
    `StalePlanError` where a later run overtook it, `ConflictError`.
    """
    actor.require("admin:sync:review")
    real = plain(session)
    run = _run(real, run_public_id)
    if run.status in ("applied", "reverted"):
        return _approve(real, actor, run, item_ids, reason)
    if run.status == "superseded":
        raise StalePlanError("a later run of the feed overtook this plan; sync again")
    if run.status not in KEPT:
        raise ConflictError(f"a run that is {run.status} has no plan to apply")
    with writing(real) as db:
        return _apply_kept(db, actor, run_public_id, item_ids, reason)


def _run(session: Session, public_id: str) -> SyncRun:
    session.rollback()
    run = session.scalar(select(SyncRun).where(SyncRun.public_id == public_id))
    if run is None:
        raise NotFoundError(f"there is no sync run {public_id[:255]!r}")
    return run


def _approve(
    session: Session,
    actor: Actor,
    run: SyncRun,
    item_ids: Collection[int] | None,
    reason: str | None,
) -> RunActed:
    which = select(SyncItem.id).where(SyncItem.run_id == run.id, SyncItem.state == "waiting")
    if item_ids is not None:
        _check_items(session, run.id, item_ids)
        which = select(SyncItem.id).where(SyncItem.run_id == run.id, SyncItem.id.in_(item_ids))
    decided = decide_items(session, actor, "approve", which, reason=reason)
    return RunActed(decided.batch, decided.decided, _waiting(session, run.id))


def _check_items(session: Session, run_id: int, item_ids: Collection[int]) -> None:
    """Raise `NotFoundError` where one of the items is not of this run."""
    of_run = select(SyncItem.id).where(SyncItem.run_id == run_id, SyncItem.id.in_(item_ids))
    strange = sorted(set(item_ids) - set(session.scalars(of_run)))
    if strange:
        raise NotFoundError(f"the run has no item {strange[0]}")


def _waiting(session: Session, run_id: int) -> int:
    counted = select(func.count()).where(SyncItem.run_id == run_id, SyncItem.state == "waiting")
    return session.execute(counted).scalar_one()


def _apply_kept(
    session: Session,
    actor: Actor,
    public_id: str,
    item_ids: Collection[int] | None,
    reason: str | None,
) -> RunActed:
    name = session.scalar(
        select(Feed.name)
        .join(SyncRun, SyncRun.feed_id == Feed.id)
        .where(SyncRun.public_id == public_id, Feed.removed_at.is_(None))
    )
    if name is None:
        raise ConflictError("the feed of this run is removed")
    feed = locked_feed(session, name)
    run = session.scalars(select(SyncRun).where(SyncRun.public_id == public_id)).one()
    parsed = kept_answer(session, run.id) if run.status in KEPT else None
    if parsed is None:
        raise StalePlanError("a later run of the feed overtook this plan; sync again")
    if item_ids is not None:
        _check_items(session, run.id, item_ids)
    policy = make_policy(session, feed, chosen_items(session, run.id, item_ids))
    planned = make_plan(session, feed, parsed, policy=policy, minimum_share=0)
    session.execute(delete(SyncItem).where(SyncItem.run_id == run.id, SyncItem.state == "planned"))
    answer = Answer((), run.etag)
    job = Job(actor, name, parsed, answer, False, run_id=run.id)
    result, _ = apply_planned(session, job, feed, planned, reason)
    run_id, answered = run.id, run.answer_hash
    run.status, run.finished_at, run.counts = "applied", now(), dict(result.counts)
    run.entries, run.error, run.error_code = dict(result.entries), None, None
    run.batch_id = session.scalar(select(Batch.id).where(Batch.public_id == result.batch_id))
    session.flush()
    drop_answers(session, [run_id])
    note_success(session, feed, result, answer)
    feed.answer_hash = answered
    bump_revision(session)
    return _acted(session, run_id, result.batch_id)


def _acted(session: Session, run_id: int, batch: str | None) -> RunActed:
    counted = select(SyncItem.state, SyncItem.reason, func.count()).where(SyncItem.run_id == run_id)
    rows = session.execute(counted.group_by(SyncItem.state, SyncItem.reason)).all()
    return RunActed(
        batch,
        applied=sum(n for state, _, n in rows if state == "applied"),
        waiting=sum(n for state, _, n in rows if state == "waiting"),
        replanned=sum(n for state, why, n in rows if (state, why) == ("waiting", "changed_since")),
    )


def reject_run(
    session: AnySession, actor: Actor, run_public_id: str, *, reason: str | None = None
) -> RunActed:
    """Throw a kept plan away, or reject what waits of an applied run.

    A refused answer is then old news: the same one again is not asked about. Raises
    `NotFoundError`, `ForbiddenError`, `ConflictError`.
    """
    actor.require("admin:sync:review")
    real = plain(session)
    run = _run(real, run_public_id)
    if run.status in ("applied", "reverted"):
        which = select(SyncItem.id).where(SyncItem.run_id == run.id, SyncItem.state == "waiting")
        decided = decide_items(real, actor, "reject", which, reason=reason)
        return RunActed(decided.batch, decided.decided)
    if run.status not in KEPT:
        raise ConflictError(f"a run that is {run.status} has no plan to reject")
    with writing(real) as db:
        lock_feeds(db)
        run = db.scalars(select(SyncRun).where(SyncRun.public_id == run_public_id)).one()
        if run.status not in KEPT:
            raise StalePlanError("somebody decided about this plan meanwhile")
        if run.status == "held":
            known = update(Feed).where(Feed.id == run.feed_id)
            db.execute(known.values(answer_hash=run.answer_hash, etag=run.etag))
        run.status = "rejected"
        dropped = update(SyncItem).where(SyncItem.run_id == run.id, SyncItem.state == "planned")
        count = db.connection().execute(dropped.values(state="discarded")).rowcount
        drop_answers(db, [run.id])
        return RunActed(None, count)


def revert_run(
    session: AnySession, actor: Actor, run_public_id: str, *, reason: str | None = None
) -> RunActed:
    """Take a whole applied run back: what counted before it counts again.

    What the feed said then is not put in force again until it says something else; records
    that the run added and nobody touched since are removed. Words that changed since stay.
    Raises `NotFoundError`, `ForbiddenError`, `ConflictError` where nothing could be taken back.
    """
    actor.require("admin:sync:review")
    with writing(session) as db:
        run = db.scalar(select(SyncRun).where(SyncRun.public_id == run_public_id))
        if run is None:
            raise NotFoundError(f"there is no sync run {run_public_id[:255]!r}")
        batch = db.get(Batch, run.batch_id) if run.batch_id is not None else None
        if run.status != "applied" or batch is None:
            raise ConflictError(f"the run is {run.status} and changed nothing")
        summary = {"undoes": batch.public_id, "kind": "sync", "summary": dict(batch.summary)}
        action = Action("undo", actor, reason, undoes_id=batch.id, summary=summary)
        batch_id, public_id = open_batch(db, action)
        job = Rewording(db, batch_id, action)
        revert(job, run.id)
        if not job.done:
            raise ConflictError("nothing could be taken back: all of it was changed since")
        bump_revision(db)
        return RunActed(public_id, len(job.done), 0, len(job.kept))


def revert(job: Rewording, run_id: int) -> None:
    """Take back what a run wrote, inside the job's transaction; what changed since is left."""
    lock_feeds(job.session)
    take_back(job, applied_in(job.session, SyncItem.run_id == run_id), "rejected")
    if not job.kept:
        done = update(SyncRun).where(SyncRun.id == run_id)
        job.session.execute(done.values(status="reverted"))
