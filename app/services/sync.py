"""Sync: fetch, parse, plan, apply. Only the last one writes to the catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.core.errors import BusyError, FewerModelsError, RaceError
from app.core.permissions import Actor
from app.models import Batch, Claim, Feed, Provider, ProviderModel, SyncRun, now
from app.queries.feeds import get_feed
from app.queries.states import chunks
from app.services.apply import apply_plan
from app.services.heartbeat import Heartbeat
from app.services.kept_plans import drop_answers, keep_answer
from app.services.runs import (
    LostLeaseError,
    Wish,
    actor_of,
    begin_run,
    finish,
    hold,
    holder_name,
    supersede_kept,
)
from app.services.secrets import Vault
from app.services.sync_failure import note_error, note_failure
from app.services.sync_news import tell_applied, tell_refused
from app.services.sync_plan import Planned, feeds_version, make_plan
from app.services.sync_run import ItemStore, Run, write_items
from app.services.sync_source import Answer, is_old_news, read_answer, release
from app.services.transaction import AnySession, engine_of, plain, writing
from app.services.write import Action, open_batch
from app.upstreams import feed_kind, parse_pages
from app.upstreams.base import ParsedFeed, Rejected

Progress = Callable[[str, int, int], None]
STAGES = ("fetch", "parse", "plan", "apply")
ATTEMPTS = 3
# So many records that could not be read are kept with their run.
LISTED = 500


@dataclass(slots=True)
class SyncResult:
    """What a sync did, or with ``dry_run`` would do.

    ``counts`` are the contract's words. added, updated, retired, reactivated and
    unchanged count provider models (the feed's records); protected counts the
    records of both kinds, entries too, that a person's decision kept as they are;
    quarantined the values and records of both kinds that wait for a person since now.
    """

    feed: str
    counts: dict[str, int]
    entries: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Rejected, ...] = ()
    dry_run: bool = False
    batch_id: str | None = None
    run_id: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The result as plain data, the contract's words first."""
        return {
            "feed": self.feed,
            **self.counts,
            "entries": self.entries,
            "rejected": len(self.rejected),
            "notes": len(self.notes),
            "dry_run": self.dry_run,
            "batch_id": self.batch_id,
            "run_id": self.run_id,
        }


@dataclass(frozen=True, slots=True)
class Job:
    """One answer on its way into the catalog; ``run_id`` and ``holder`` are its run's, if any."""

    actor: Actor
    feed_name: str
    parsed: ParsedFeed
    answer: Answer
    dry_run: bool
    step: Callable[[str], None] = lambda _stage: None
    run_id: int | None = None
    holder: str = ""


def sync_feed(
    session: AnySession,
    actor: Actor,
    feed_name: str,
    *,
    path: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
    allow_private: bool = True,
    vault: Vault | None = None,
    trigger: str = "cli",
) -> SyncResult:
    """Bring the catalog up to what a feed says now, but for what people decided.

    ``path`` reads that file instead of the feed's own source. ``progress`` is
    told (stage, done, total). ``vault`` opens the key of the feed's provider. Raises
    `NotFoundError`, `ForbiddenError`, `ConflictError` where a run of the feed is under way,
    and `FeedError` in all its kinds: then nothing was written but the feed's error.
    """
    holder = holder_name()
    # Whoever takes it over may work in another folder.
    wish = Wish(trigger, dry_run, None if path is None else str(Path(path).absolute()))
    run_id, _ = begin_run(session, actor, feed_name, wish, holder)
    with Heartbeat(engine_of(session), run_id, holder):
        return perform_run(
            session, run_id, holder, vault=vault, allow_private=allow_private, progress=progress
        )


def perform_run(
    session: AnySession,
    run_id: int,
    holder: str,
    *,
    vault: Vault | None,
    allow_private: bool,
    progress: Progress | None = None,
) -> SyncResult:
    """Do the work of a run that this holder has claimed, and end it.

    Raises what went wrong, once it is noted on the run and its feed; `LostLeaseError`
    where somebody else took the run over, who then ends it.
    """
    real = plain(session)
    real.rollback()
    run = real.get_one(SyncRun, run_id)
    feed = real.get_one(Feed, run.feed_id)
    actor, feed_name, dry_run, path = actor_of(run), feed.name, run.dry_run, run.path

    def step(stage: str) -> None:
        if progress is not None:
            progress(stage, STAGES.index(stage), len(STAGES))
        with writing(real) as db:
            hold(db, run_id, holder, stage=stage)

    try:
        step("fetch")
        answer = read_answer(real, get_feed(real, feed_name), path, allow_private, vault)
        if is_old_news(real, get_feed(real, feed_name), answer):
            return _unmodified(real, feed_name, run_id, holder, dry_run)
        step("parse")
        parsed = parse_pages(feed_kind(get_feed(real, feed_name).kind), answer.pages)
        answer = answer.without_pages()
        job = Job(actor, feed_name, parsed, answer, dry_run, step, run_id, holder)
        result = _patiently(real, job)
    except LostLeaseError:
        raise
    except Exception as exc:
        note_error(real, run_id, holder, exc)
        raise
    if progress is not None:
        progress("done", len(STAGES), len(STAGES))
    return result


def _patiently(session: Session, job: Job) -> SyncResult:
    for attempt in range(ATTEMPTS):
        try:
            return _attempt(session, job)
        except FewerModelsError as refusal:
            _keep_refused(session, job, refusal)
            raise
        except LostLeaseError:
            raise
        except (RaceError, BusyError):
            # Somebody else created or holds one of the same records: plan again.
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _attempt(session: Session, job: Job) -> SyncResult:
    if job.dry_run:
        return _rehearse(session, job)
    job.step("plan")
    planned_at = feeds_version(session)
    planned = make_plan(session, get_feed(session, job.feed_name), job.parsed)
    job.step("apply")
    with writing(session) as db:
        feed = locked_feed(db, job.feed_name)
        if feeds_version(db) != planned_at:
            planned = make_plan(db, feed, job.parsed)
        result, _ = apply_planned(db, job, feed, planned)
        note_success(db, feed, result, job.answer)
        _finish(db, job, "applied", result)
    return result


def _rehearse(session: Session, job: Job, minimum_share: int | None = None) -> SyncResult:
    """Do it all and take it back; keep the plan, to be looked at and applied."""
    job.step("plan")
    with writing(session, keep=False) as db:
        feed = locked_feed(db, job.feed_name)
        planned = make_plan(db, feed, job.parsed, minimum_share=minimum_share)
        result, items = apply_planned(db, replace(job, run_id=None), feed, planned)
        del planned
        feed_id = feed.id
    result.dry_run, result.batch_id = True, None
    job.step("apply")
    with writing(session) as db:
        keep_plan(db, job, feed_id, items)
        _finish(db, job, "planned" if minimum_share is None else "held", result)
    return result


def keep_plan(session: Session, job: Job, feed_id: int, items: ItemStore) -> None:
    """Keep a plan with its run, and forget those it overtakes."""
    if job.run_id is None:
        return
    for some in items.parts():
        # What would be added has no row yet: that of the rehearsal is gone.
        kept = [
            item._replace(state="planned", record_id=_kept_id(item.kind, item.record_id))
            for item in some
        ]
        write_items(session, kept, job.run_id, feed_id, batch_id=None)
    keep_answer(session, job.run_id, job.parsed)
    drop_answers(session, supersede_kept(session, feed_id, but=job.run_id))


def _kept_id(kind: str, record_id: int | None) -> int | None:
    return None if kind == "added" else record_id


def _keep_refused(session: Session, job: Job, refusal: FewerModelsError) -> None:
    """A person may believe the answer all the same: its plan is kept."""
    if job.dry_run:
        return
    _rehearse(session, job, minimum_share=0)
    with writing(session) as db:
        said = update(SyncRun).where(SyncRun.id == job.run_id)
        db.execute(said.values(error_code=refusal.code, error=refusal.message))
        note_failure(db, job.feed_name, refusal.message)
        tell_refused(db, "sync.held", job.feed_name, job.run_id or 0, refusal.message)


def apply_planned(
    session: Session, job: Job, feed: Feed, planned: Planned, reason: str | None = None
) -> tuple[SyncResult, ItemStore]:
    """Write a plan inside the caller's transaction; the items are those of a job without a run."""
    result = SyncResult(feed.name, {}, rejected=job.parsed.rejected, notes=job.parsed.notes)
    _note_synced(session, _read_providers(feed, job.parsed))
    actor = job.actor
    by_feed = Actor("feed", feed.name, actor.role, actor.request_id)
    if reason is None and actor.kind != "system":
        reason = f"sync by {actor.name}"
    action = Action("sync", by_feed, reason, feed.id)
    run = Run(session, feed, 0, action, planned.policy, job.run_id)
    if not planned.is_empty():
        run.batch_id, result.batch_id = open_batch(session, action)
        for item in planned.waiting:
            run.note(item)
        apply_plan(run, planned.plan, planned.providers)
        made = Provider.feed_key.in_([p.key for p in planned.providers])
        _note_synced(session, made)
    result.counts, result.entries = _counts(planned, run)
    tell_applied(session, run, result.counts, result.batch_id)
    if result.batch_id is not None:
        summed = update(Batch).where(Batch.id == run.batch_id)
        session.execute(summed.values(summary=dict(result.counts)))
    return result, run.items


def _counts(planned: Planned, run: Run) -> tuple[dict[str, int], dict[str, int]]:
    models, entries = run.tally.counts["provider_model"], run.tally.counts["entry"]
    touched = models["added"] + models["updated"] + models["protected"] + models["reactivated"]
    new_held = sum(item.state == "waiting" for item in planned.waiting)
    counts = {
        "added": models["added"],
        "updated": models["updated"],
        "protected": models["protected"] + entries["protected"],
        "retired": models["retired"],
        "reactivated": models["reactivated"],
        "unchanged": planned.plan.seen - touched - new_held - run.tally.only_held,
        "quarantined": models["quarantined"] + entries["quarantined"],
    }
    return counts, dict(entries)


def locked_feed(session: Session, name: str) -> Feed:
    """The feed, once no other sync is being applied: they all lock all feeds."""
    session.execute(select(Feed.id).order_by(Feed.id).with_for_update())
    session.expire_all()
    return get_feed(session, name)


def _read_providers(feed: Feed, parsed: ParsedFeed) -> ColumnElement[bool]:
    """The providers whose models are in the answer."""
    keys = {p.key for p in parsed.providers} | {m.provider_key for m in parsed.models}
    own = feed_kind(feed.kind).provider_kind or feed.name
    named = Provider.feed_key.in_(sorted(k or own for k in keys if k or not feed.provider_id))
    return named if feed.provider_id is None else or_(named, Provider.id == feed.provider_id)


def _note_synced(session: Session, which: ColumnElement[bool]) -> None:
    """Providers are locked in one order, and before the records that a sync writes."""
    locked = select(Provider.id).where(which).order_by(Provider.id)
    ids = session.scalars(locked.with_for_update(key_share=True)).all()
    for some in chunks(ids):
        session.execute(update(Provider).where(Provider.id.in_(some)).values(last_synced_at=now()))


def note_success(session: Session, feed: Feed, result: SyncResult, answer: Answer) -> None:
    """What the feed says now counts: its state, and that kept plans of it are overtaken."""
    feed.last_success_at = now()
    feed.last_error = feed.last_error_at = None
    feed.last_counts = result.as_dict()
    feed.etag = answer.etag
    feed.answer_hash = answer.hash()
    feed.read_by = release()
    feed.version += 1
    session.flush()
    drop_answers(session, supersede_kept(session, feed.id, but=0))


def _finish(session: Session, job: Job, status: str, result: SyncResult) -> None:
    if job.run_id is None:
        return
    batch = select(Batch.id).where(Batch.public_id == result.batch_id)
    finish(
        session,
        job.run_id,
        job.holder,
        status,
        counts=dict(result.counts),
        entries=dict(result.entries),
        rejected=_listed(result.rejected),
        notes=_listed(result.notes),
        batch_id=session.scalar(batch) if result.batch_id else None,
        answer_hash=job.answer.hash(),
        etag=job.answer.etag,
    )
    result.run_id = session.scalar(select(SyncRun.public_id).where(SyncRun.id == job.run_id))


def _listed(records: tuple[Rejected, ...]) -> list[dict[str, str | None]]:
    return [{"position": r.position, "id": r.raw_id, "reason": r.reason} for r in records[:LISTED]]


def _unmodified(
    session: Session, feed_name: str, run_id: int, holder: str, dry_run: bool
) -> SyncResult:
    """The answer is the one of last time: everything is unchanged."""
    feed = get_feed(session, feed_name)
    count = session.scalar(
        select(func.count()).where(
            Claim.feed_id == feed.id, Claim.record_type == "provider_model", Claim.misses == 0
        )
    )
    words = ("added", "updated", "protected", "retired", "reactivated", "unchanged", "quarantined")
    counts = dict.fromkeys(words, 0) | {"unchanged": count or 0}
    result = SyncResult(feed_name, counts, dry_run=dry_run)
    with writing(session) as db:
        if not dry_run:
            _note_reached(db, feed.id)
        finish(db, run_id, holder, "applied", counts=counts, entries={})
        result.run_id = db.scalar(select(SyncRun.public_id).where(SyncRun.id == run_id))
    return result


def _note_reached(session: Session, feed_id: int) -> None:
    well = {"last_success_at": now(), "last_error": None, "last_error_at": None}
    session.execute(update(Feed).where(Feed.id == feed_id).values(well))
    seen = select(ProviderModel.provider_id).join(
        Claim, (Claim.record_type == "provider_model") & (Claim.record_id == ProviderModel.id)
    )
    alive = (Claim.feed_id == feed_id, Claim.misses == 0)
    _note_synced(session, Provider.id.in_(seen.where(*alive)))
