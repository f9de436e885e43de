"""Reads of sync runs: what was asked for, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import Batch, Feed, SyncRun
from app.queries.page import Page

RUN_STATUSES = (
    *("queued", "running", "applied", "failed", "planned"),
    *("held", "rejected", "superseded", "reverted"),
)


class RunRow(NamedTuple):
    """One sync run. ``batch`` is the public id of the batch of what it wrote."""

    id: int
    public_id: str
    feed_id: int
    feed: str
    kind: str
    trigger: str
    actor_kind: str
    actor: str
    status: str
    stage: str | None
    dry_run: bool
    path: str | None
    counts: dict[str, Any] | None
    entries: dict[str, Any] | None
    rejected: list[Any] | None
    notes: list[Any] | None
    error_code: str | None
    error: str | None
    batch: str | None
    run_at: int
    attempts: int
    created_at: int
    started_at: int | None
    finished_at: int | None

    @property
    def is_open(self) -> bool:
        """Whether something is still to come of it by itself."""
        return self.status in ("queued", "running")


def get_run(session: Session, public_id: str) -> RunRow:
    """The run of that public id; raises `NotFoundError`."""
    row = session.execute(_runs().where(SyncRun.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no sync run {public_id!r}")
    return RunRow._make(row)


def list_runs(
    session: Session,
    *,
    feed: str | None = None,
    status: str | None = None,
    limit: int,
    offset: int = 0,
) -> Page[RunRow]:
    """A page of the runs, newest first; of the feed of that name only, or in that status."""
    conditions = []
    if feed is not None:
        conditions.append(Feed.name == feed)
    if status is not None:
        conditions.append(SyncRun.status == status)
    count = select(func.count()).select_from(SyncRun).join(Feed, Feed.id == SyncRun.feed_id)
    total = session.scalar(count.where(*conditions)) or 0
    newest = _runs().where(*conditions).order_by(SyncRun.id.desc())
    rows = session.execute(newest.limit(limit).offset(offset))
    return Page([RunRow._make(row) for row in rows], total, limit, offset)


def latest_runs(session: Session, feed_id: int, limit: int = 10) -> Sequence[RunRow]:
    """The newest runs of a feed, newest first, without counting the others."""
    newest = _runs().where(SyncRun.feed_id == feed_id).order_by(SyncRun.id.desc())
    return [RunRow._make(row) for row in session.execute(newest.limit(limit))]


class RunMark(NamedTuple):
    """What a strip shows of a run."""

    public_id: str
    status: str
    error_code: str | None
    created_at: int


def run_strips(session: Session, limit: int) -> dict[int, list[RunMark]]:
    """The newest runs of each feed that has any, by its row id; the oldest of them first."""
    place = func.row_number().over(partition_by=SyncRun.feed_id, order_by=SyncRun.id.desc())
    placed = select(
        SyncRun.feed_id,
        *(getattr(SyncRun, name) for name in RunMark._fields),
        place.label("place"),
    ).subquery()
    newest = select(placed).where(placed.c.place <= limit).order_by(placed.c.place.desc())
    found: dict[int, list[RunMark]] = {}
    for feed_id, *mark, _ in session.execute(newest):
        found.setdefault(feed_id, []).append(RunMark(*mark))
    return found


def held_runs(session: Session, limit: int = 20) -> Sequence[RunRow]:
    """The newest answers that a guard refused as a whole and nobody has decided about."""
    held = SyncRun.status == literal("held", literal_execute=True)
    newest = _runs().where(held).order_by(SyncRun.id.desc()).limit(limit)
    return [RunRow._make(row) for row in session.execute(newest)]


def run_json(row: RunRow) -> dict[str, Any]:
    """A run as programs see it: all keys, always; times in Unix seconds."""
    return {
        "id": row.public_id,
        "feed": row.feed,
        "status": row.status,
        "stage": row.stage,
        "trigger": row.trigger,
        "dry_run": row.dry_run,
        "counts": row.counts,
        "entries": row.entries,
        "error": row.error,
        "batch_id": row.batch,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
    }


def _runs() -> Select[Any]:
    columns = {
        "feed": Feed.name.label("feed_name"),
        "kind": Feed.kind.label("feed_kind"),
        "batch": Batch.public_id.label("batch"),
    }
    return (
        select(*(columns[n] if n in columns else getattr(SyncRun, n) for n in RunRow._fields))
        .join(Feed, Feed.id == SyncRun.feed_id)
        .outerjoin(Batch, Batch.id == SyncRun.batch_id)
    )
