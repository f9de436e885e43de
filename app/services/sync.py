"""Sync: fetch, parse, plan, apply. Only the last one writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from app.core.errors import AlmanacError, BusyError, FeedError, RaceError
from app.core.permissions import Actor
from app.core.plan import FeedPlan, Limits, Offered, Ref, plan_feed
from app.models import Claim, Feed, Provider, ProviderModel, now
from app.queries.feeds import get_feed
from app.queries.snapshots import (
    KnownProvider,
    claimed_about,
    known_aliases,
    known_entries,
    known_models,
    known_providers,
)
from app.queries.states import chunks
from app.services.apply import Applied, Run, apply_plan
from app.services.feeds import request_headers
from app.services.fetch import fetch, read_file
from app.services.secrets import Vault
from app.services.transaction import AnySession, plain, writing
from app.services.write import Action, open_batch
from app.upstreams import feed_kind, parse_pages
from app.upstreams.base import ParsedFeed, Rejected, UpstreamModel, UpstreamProvider

Progress = Callable[[str, int, int], None]
STAGES = ("fetch", "parse", "plan", "apply")
ATTEMPTS = 3


class Answer(NamedTuple):
    """What a feed answered: pages of bytes; none where the server says that nothing changed."""

    pages: tuple[bytes, ...]
    etag: str | None = None
    not_modified: bool = False

    def hash(self) -> str:
        """A hash of the answer and of the release that reads it: a new one may read more."""
        digest = hashlib.blake2b(version("almanac").encode(), digest_size=16)
        for page in self.pages:
            digest.update(page)
        return digest.hexdigest()


@dataclass(slots=True)
class SyncResult:
    """What a sync did, or with ``dry_run`` would do.

    ``counts`` are the contract's words. added, updated, retired, reactivated and
    unchanged count provider models (the feed's records); protected counts the
    records of both kinds, entries too, that a person's decision kept as they are.
    """

    feed: str
    counts: dict[str, int]
    entries: dict[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Rejected, ...] = ()
    dry_run: bool = False
    batch_id: str | None = None

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
        }


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
) -> SyncResult:
    """Bring the catalog up to what a feed says now, but for what people decided.

    ``path`` reads that file instead of the feed's own source. ``progress`` is
    told (stage, done, total). ``vault`` opens the key of the feed's provider. Raises
    `NotFoundError`, `ForbiddenError`, and `FeedError` in all its kinds: then nothing was
    written but the feed's error.
    """
    actor.require("admin:feed:sync")
    step = progress or (lambda _stage, _done, _total: None)
    real = plain(session)
    feed = get_feed(real, feed_name)
    try:
        step("fetch", 0, len(STAGES))
        answer = _answer(real, feed, path, allow_private, vault)
        if _is_old_news(real, feed_name, answer):
            return _unmodified(real, feed_name, dry_run)
        step("parse", 1, len(STAGES))
        parsed = parse_pages(feed_kind(feed.kind), answer.pages)
        return _run(real, Job(actor, feed_name, parsed, answer, dry_run, step))
    except Exception as exc:
        if not dry_run:
            said = exc.message if isinstance(exc, AlmanacError) else f"failed: {exc!r}"
            _note_error(real, feed_name, said[:500])
        raise


def _answer(
    session: Session, feed: Feed, path: str | None, allow_private: bool, vault: Vault | None
) -> Answer:
    if feed.mode == "review":
        message = "is in review mode, and there is no review queue in this release"
        raise FeedError(f"{feed.name} {message}")
    kind = feed_kind(feed.kind)
    url, source = feed.url, path or feed.path
    headers = request_headers(session, feed, vault)
    if source is not None:
        session.rollback()
        return Answer(read_file(source).pages)
    if url is None:
        if kind.embedded is None:
            raise FeedError(f"the feed {feed.name} has neither a URL nor a file")
        return Answer((kind.embedded(),))
    # A record that was missing once must be looked for again, even in the same answer.
    fresh = feed.read_by != version("almanac") or _has_pending_misses(session, feed)
    etag = None if fresh else feed.etag
    session.rollback()  # no transaction stays open while the network is slow
    fetched = fetch(
        url, allow_private=allow_private, headers=headers, etag=etag, next_page=kind.next_page
    )
    return Answer(fetched.pages, fetched.etag, fetched.not_modified)


def _has_pending_misses(session: Session, feed: Feed) -> bool:
    pending = (
        select(Claim.id)
        .where(Claim.feed_id == feed.id, Claim.misses > 0, Claim.misses < feed.miss_limit)
        .limit(1)
    )
    return session.scalar(pending) is not None


def _is_old_news(session: Session, feed_name: str, answer: Answer) -> bool:
    """Whether the answer is the one applied last, and nothing waits for a second miss."""
    if answer.not_modified:
        return True
    feed = get_feed(session, feed_name)
    return feed.answer_hash == answer.hash() and not _has_pending_misses(session, feed)


@dataclass(frozen=True, slots=True)
class Job:
    """One answer on its way into the catalog."""

    actor: Actor
    feed_name: str
    parsed: ParsedFeed
    answer: Answer
    dry_run: bool
    step: Progress


def _run(session: Session, job: Job) -> SyncResult:
    for attempt in range(ATTEMPTS):
        try:
            return _attempt(session, job)
        except (RaceError, BusyError):
            # Somebody else created or holds one of the same records: plan again.
            if attempt == ATTEMPTS - 1:
                raise
    raise AssertionError("unreachable")


def _attempt(session: Session, job: Job) -> SyncResult:
    job.step("plan", 2, len(STAGES))
    planned_at = _feeds_version(session)
    plan, providers = make_plan(session, get_feed(session, job.feed_name), job.parsed)
    with writing(session, keep=not job.dry_run) as db:
        job.step("apply", 3, len(STAGES))
        feed = _locked_feed(db, job.feed_name)
        if _feeds_version(db) != planned_at:
            plan, providers = make_plan(db, feed, job.parsed)
        note_synced(db, _read_providers(feed, job.parsed))
        result = apply_planned(db, job, feed, plan, providers)
        note_synced(db, Provider.feed_key.in_([p.key for p in providers]))
        result.dry_run = job.dry_run
        if job.dry_run:
            result.batch_id = None
        _note_success(feed, result, job.answer)
    job.step("done", len(STAGES), len(STAGES))
    return result


def make_plan(
    session: Session, feed: Feed, parsed: ParsedFeed
) -> tuple[FeedPlan, list[UpstreamProvider]]:
    """Plan an answer against what is known now; also the providers it would create.

    Raises `GuardError` where the answer as a whole is refused.
    """
    known = known_providers(session)
    own = _own_provider(session, feed, known)
    offered, new_providers = _offer(parsed, own, known)
    providers = {p.id: p.key for p in known.values()}
    ids = {o.provider_ref for o in offered if isinstance(o.provider_ref, int)}
    models = known_models(session, feed.id, ids, providers)
    present = {(o.provider_ref, o.raw_id) for o in offered}
    absent = [
        m.id
        for m in models
        if m.content_hash is not None and (m.provider_id, m.raw_id) not in present
    ]
    plan = plan_feed(
        offered,
        models,
        known_entries(session, feed.id),
        known_aliases(session),
        claimed_about(session, feed.id, absent),
        Limits(feed.miss_limit, feed.minimum_share),
        complete=parsed.next_page is None,
        unreadable=parsed.unreadable,
    )
    return plan, new_providers


def _own_provider(
    session: Session, feed: Feed, known: dict[str, KnownProvider]
) -> tuple[Ref, str, UpstreamProvider | None]:
    """The provider of records that name none: the feed's own, which may have to be made."""
    if feed.provider_id is not None:
        key, vendor = session.execute(
            select(Provider.feed_key, Provider.vendor).where(Provider.id == feed.provider_id)
        ).one()
        return feed.provider_id, key or vendor, None
    key = feed_kind(feed.kind).provider_kind or feed.name
    if key in known:
        return known[key].id, known[key].key, None
    return key, key, UpstreamProvider(key, feed.name)


def _offer(
    parsed: ParsedFeed,
    own: tuple[Ref, str, UpstreamProvider | None],
    known: dict[str, KnownProvider],
) -> tuple[list[Offered], list[UpstreamProvider]]:
    described = {p.key: p for p in parsed.providers}
    new: dict[str, UpstreamProvider] = {}
    offered = []
    for model in parsed.models:
        if model.provider_key is None:
            ref, key, made = own
        elif model.provider_key in known:
            if known[model.provider_key].deleted:
                continue  # out of sight, and left as it is until an undo
            ref, key, made = known[model.provider_key].id, known[model.provider_key].key, None
        else:
            ref = key = model.provider_key
            made = described.get(key) or UpstreamProvider(key, key)
        if made is not None:
            new.setdefault(made.key, made)
        offered.append(_offered(model, ref, key))
    return offered, list(new.values())


def _offered(model: UpstreamModel, ref: Ref, key: str) -> Offered:
    return Offered(ref, key, model.raw_id, model.offer, model.entry)


def apply_planned(
    session: Session,
    job: Job,
    feed: Feed,
    plan: FeedPlan,
    providers: list[UpstreamProvider],
) -> SyncResult:
    result = SyncResult(feed.name, {}, rejected=job.parsed.rejected, notes=job.parsed.notes)
    if plan.is_empty():
        result.counts, result.entries = _counts(plan, Applied())
        return result
    actor = job.actor
    by_feed = Actor("feed", feed.name, actor.role, actor.request_id)
    reason = None if actor.kind == "system" else f"sync by {actor.name}"
    action = Action("sync", by_feed, reason, feed.id)
    batch_id, result.batch_id = open_batch(session, action)
    run = Run(session, feed, batch_id, action)
    result.counts, result.entries = _counts(plan, apply_plan(run, plan, providers))
    return result


def _counts(plan: FeedPlan, applied: Applied) -> tuple[dict[str, int], dict[str, int]]:
    models, entries = applied.counts["provider_model"], applied.counts["entry"]
    touched = models["added"] + models["updated"] + models["protected"] + models["reactivated"]
    counts = {
        "added": models["added"],
        "updated": models["updated"],
        "protected": models["protected"] + entries["protected"],
        "retired": models["retired"],
        "reactivated": models["reactivated"],
        "unchanged": plan.seen - touched,
        "quarantined": 0,
    }
    return counts, dict(entries)


def _feeds_version(session: Session) -> int:
    """A number that every applied sync raises: what a plan knows of the catalog is that old."""
    return session.scalar(select(func.sum(Feed.version))) or 0


def _locked_feed(session: Session, name: str) -> Feed:
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


def note_synced(session: Session, which: ColumnElement[bool]) -> None:
    """Providers are locked in one order, and before the records that a sync writes."""
    locked = select(Provider.id).where(which).order_by(Provider.id)
    ids = session.scalars(locked.with_for_update(key_share=True)).all()
    for some in chunks(ids):
        session.execute(update(Provider).where(Provider.id.in_(some)).values(last_synced_at=now()))


def _note_success(feed: Feed, result: SyncResult, answer: Answer) -> None:
    feed.last_success_at = now()
    feed.last_error = feed.last_error_at = None
    feed.last_counts = result.as_dict()
    feed.etag = answer.etag
    feed.answer_hash = answer.hash()
    feed.read_by = version("almanac")
    feed.version += 1


def _unmodified(session: Session, feed_name: str, dry_run: bool) -> SyncResult:
    """The answer is the one of last time: everything is unchanged."""
    feed = get_feed(session, feed_name)
    count = session.scalar(
        select(func.count()).where(
            Claim.feed_id == feed.id, Claim.record_type == "provider_model", Claim.misses == 0
        )
    )
    counts, entries = _counts(FeedPlan(seen=count or 0), Applied())
    if not dry_run:
        with writing(session) as db:
            db.execute(
                update(Feed)
                .where(Feed.name == feed_name)
                .values(last_success_at=now(), last_error=None, last_error_at=None)
            )
            seen = select(ProviderModel.provider_id).join(
                Claim,
                (Claim.record_type == "provider_model") & (Claim.record_id == ProviderModel.id),
            )
            alive = (Claim.feed_id == feed.id, Claim.misses == 0)
            note_synced(db, Provider.id.in_(seen.where(*alive)))
    return SyncResult(feed_name, counts, entries, dry_run=dry_run)


def _note_error(session: Session, feed_name: str, message: str) -> None:
    with writing(session) as db:
        db.execute(
            update(Feed)
            .where(Feed.name == feed_name, Feed.removed_at.is_(None))
            .values(last_error=message, last_error_at=now())
        )
