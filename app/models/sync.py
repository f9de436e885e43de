"""Sync runs, what each of them found (items, also the review queue), and plans kept for later."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, JsonObject, JsonType, Name, Seconds

OPEN_RUNS = text("status IN ('queued', 'running')")
HELD_RUNS = text("status = 'held'")
OPEN_ITEMS = text("state IN ('waiting', 'rejected')")
WAITING_ITEMS = text("state = 'waiting'")
REJECTED_ITEMS = text("state = 'rejected'")


class SyncRun(Base):
    """One run of one feed, from the wish to its end. The row is the job: who holds its lease works.

    ``status``: queued, running; planned (a dry run, its plan kept to be looked at and applied),
    held (a guard refused the answer as a whole; likewise kept), applied, failed, rejected,
    superseded (a kept plan that a later run overtook), reverted. ``stage`` is where a running
    one is: fetch, parse, plan, apply.
    """

    __tablename__ = "sync_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    # Who or what asked for it: schedule, console, api, cli.
    trigger: Mapped[str] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[Name]
    status: Mapped[str] = mapped_column(String(16), default="queued")
    stage: Mapped[str | None] = mapped_column(String(16))
    dry_run: Mapped[bool] = mapped_column(default=False)
    # A file that was named for this run only.
    path: Mapped[str | None] = mapped_column(Text)
    counts: Mapped[JsonObject | None]
    entries: Mapped[JsonObject | None]
    # Records that could not be read, and oddities of those that could: the first of them.
    rejected: Mapped[list[Any] | None] = mapped_column(JsonType)
    notes: Mapped[list[Any] | None] = mapped_column(JsonType)
    error_code: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(Text)
    # The batch of what it wrote.
    batch_id: Mapped[int | None] = mapped_column(
        ForeignKey("batches.id", ondelete="SET NULL"), index=True
    )
    # The answer that it read.
    answer_hash: Mapped[str | None] = mapped_column(String(32))
    etag: Mapped[str | None] = mapped_column(Text)
    run_at: Mapped[Seconds]
    attempts: Mapped[int] = mapped_column(default=0)
    # Whoever works on it, until when nobody else may.
    holder: Mapped[str | None] = mapped_column(String(128))
    lease_until: Mapped[Seconds | None]
    created_at: Mapped[Seconds]
    started_at: Mapped[Seconds | None]
    finished_at: Mapped[Seconds | None]

    __table_args__ = (
        Index("ix_sync_runs_feed_id_id", "feed_id", "id"),
        # One run per feed at a time, whatever processes there are.
        Index(
            "uq_sync_runs_open",
            "feed_id",
            unique=True,
            sqlite_where=OPEN_RUNS,
            postgresql_where=OPEN_RUNS,
        ),
        Index("ix_sync_runs_held_id", "id", sqlite_where=HELD_RUNS, postgresql_where=HELD_RUNS),
        Index("ix_sync_runs_due", "run_at", sqlite_where=OPEN_RUNS, postgresql_where=OPEN_RUNS),
        NEVER_REUSED,
    )


class SyncItem(Base):
    """One thing that a run found: a field of a record with another value, a record added or gone.

    ``kind``: added, updated, protected (a person decided that field), drift (the record is
    protected as a whole), outranked (a stronger feed speaks), claimed (the feed knows a record
    of others now), dropped (it no longer does, others still do), retired, reactivated.
    ``old`` is the value in force, ``said_old`` the feed's former word that counted, ``new`` what
    it says now. ``field`` is NULL for a record as a whole (``new`` of an added one is the hash
    of what the feed says of it). ``record_id`` is NULL for a record
    that does not exist (yet), which ``target`` names: provider key and raw id, a line each;
    ``payload`` then holds the record. That of an added entry, if any, says whose other
    spelling its id was.
    ``state``: planned (not decided: a dry run), applied, waiting (held back by ``reason``, for a
    person to decide), rejected (not asked again until the feed says something new),
    superseded (the feed says something else meanwhile), discarded (with its plan), reverted,
    shelved (with its removed feed).
    ``size`` is how much the value changed, as a factor of at least 1, where that can be said.
    ``batch_id`` is the batch that applied or decided it.
    """

    __tablename__ = "sync_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_runs.id", ondelete="CASCADE"))
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(16))
    record_type: Mapped[str] = mapped_column(String(16))
    record_id: Mapped[int | None]
    target: Mapped[str | None] = mapped_column(Text)
    name: Mapped[Name]
    field: Mapped[str | None] = mapped_column(String(64))
    old: Mapped[Any] = mapped_column(JsonType, nullable=True)
    new: Mapped[Any] = mapped_column(JsonType, nullable=True)
    said_old: Mapped[Any] = mapped_column(JsonType, nullable=True)
    payload: Mapped[JsonObject | None]
    reason: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str | None] = mapped_column(Text)
    size: Mapped[float | None] = mapped_column(Float)
    state: Mapped[str] = mapped_column(String(12))
    base_version: Mapped[int | None]
    decided_by: Mapped[str | None] = mapped_column(String(255))
    decided_at: Mapped[Seconds | None]
    decision: Mapped[str | None] = mapped_column(Text)
    batch_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[Seconds]

    __table_args__ = (
        Index("ix_sync_items_run_id_id", "run_id", "id"),
        # What was held or refused of a record before.
        Index(
            "ix_sync_items_open_record",
            *("record_type", "record_id", "feed_id"),
            sqlite_where=OPEN_ITEMS,
            postgresql_where=OPEN_ITEMS,
        ),
        Index(
            "ix_sync_items_open_target",
            *("feed_id", "target"),
            sqlite_where=text("state IN ('waiting', 'rejected') AND record_id IS NULL"),
            postgresql_where=text("state IN ('waiting', 'rejected') AND record_id IS NULL"),
        ),
        # The review queue, however it is filtered and sorted.
        *(
            Index(
                f"ix_sync_items_waiting_{'_'.join(names)}",
                *names,
                sqlite_where=WAITING_ITEMS,
                postgresql_where=WAITING_ITEMS,
            )
            for names in (
                *(("id",), ("feed_id", "id"), ("reason", "id"), ("field", "id"), ("kind", "id")),
                ("size", "id"),
            )
        ),
        Index(
            "ix_sync_items_rejected_id",
            "id",
            sqlite_where=REJECTED_ITEMS,
            postgresql_where=REJECTED_ITEMS,
        ),
        NEVER_REUSED,
    )


class SyncPlanPart(Base):
    """A part of the answer a kept plan was made from: compressed JSON of some of its records."""

    __tablename__ = "sync_plan_parts"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("sync_runs.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
