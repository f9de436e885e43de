"""What the clock looks at: feeds whose time has come, runs that wait for somebody to do them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from app.models import Feed, Provider, SyncRun


class DueFeed(NamedTuple):
    """A feed that is to be read now; ``next_run_at`` is the moment it was due (None: never yet)."""

    id: int
    next_run_at: int | None
    interval_minutes: int


def is_due(moment: int) -> ColumnElement[bool]:
    """A feed that is switched on, has an interval and a provider that is not deleted, and is due.

    One whose next run was never set begins at once.
    """
    deleted = select(Provider.id).where(Provider.deleted_at.is_not(None))
    return and_(
        Feed.enabled,
        Feed.removed_at.is_(None),
        Feed.interval_minutes.is_not(None),
        or_(Feed.provider_id.is_(None), Feed.provider_id.not_in(deleted)),
        or_(Feed.next_run_at.is_(None), Feed.next_run_at <= moment),
    )


def list_due_feeds(session: Session, moment: int) -> list[DueFeed]:
    """The feeds that are due, the longest due first."""
    columns: Any = (Feed.id, Feed.next_run_at, Feed.interval_minutes)
    rows = session.execute(
        select(*columns).where(is_due(moment)).order_by(Feed.next_run_at, Feed.id)
    )
    return [DueFeed(*row) for row in rows]


def has_open_run(session: Session, moment: int) -> bool:
    """Whether a run is due or under way: one under way may have lost who worked on it."""
    due = and_(SyncRun.status == "queued", SyncRun.run_at <= moment)
    waiting = select(SyncRun.id).where(or_(due, SyncRun.status == "running")).limit(1)
    return session.scalar(waiting) is not None
