"""Reads of feeds."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import Feed, Provider


def list_feeds(session: Session) -> Sequence[Feed]:
    """All feeds, the strongest first."""
    there = select(Feed).where(Feed.removed_at.is_(None))
    return session.scalars(there.order_by(Feed.priority, Feed.name)).all()


def list_feeds_to_sync(session: Session) -> Sequence[Feed]:
    """The feeds that are switched on, but for those of deleted providers; the strongest first."""
    deleted = select(Provider.id).where(Provider.deleted_at.is_not(None))
    mine = or_(Feed.provider_id.is_(None), Feed.provider_id.not_in(deleted))
    there = select(Feed).where(Feed.removed_at.is_(None), Feed.enabled, mine)
    return session.scalars(there.order_by(Feed.priority, Feed.name)).all()


def get_feed(session: Session, name: str) -> Feed:
    """The feed of that name; raises `NotFoundError` naming those there are."""
    feed = session.scalar(select(Feed).where(Feed.name == name, Feed.removed_at.is_(None)))
    if feed is None:
        names = ", ".join(f.name for f in list_feeds(session)) or "none"
        raise NotFoundError(f"there is no feed {name!r}; there are: {names}")
    return feed
