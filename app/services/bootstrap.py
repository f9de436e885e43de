"""The first start: a catalog to look at and somebody who may log in."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.errors import ConflictError
from app.core.permissions import SYSTEM, Role
from app.models import CatalogEntry, Feed
from app.queries.accounts import count_users
from app.services.feeds import add_feed
from app.services.passwords import make_password
from app.services.sync import Progress, SyncResult, sync_feed
from app.services.users import create_user

FEED = "models-dev"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Who may log in first. `password` is None where the operator set it."""

    email: str
    password: str | None


def seed_catalog(session: Session, progress: Progress | None = None) -> SyncResult | None:
    """Load the embedded catalog into an empty database; None where it holds anything already.

    A start that was broken off between adding the feed and the end of its first
    sync is taken up again.
    """
    if session.scalar(select(CatalogEntry.id).limit(1)) is not None:
        return None
    names = session.scalars(select(Feed.name)).all()
    if not names:
        add_feed(session, SYSTEM, FEED, "models_dev")
    elif list(names) != [FEED] or _was_synced(session):
        return None
    return sync_feed(session, SYSTEM, FEED, progress=progress)


def _was_synced(session: Session) -> bool:
    query = select(func.count()).select_from(Feed).where(Feed.last_success_at.is_not(None))
    return bool(session.scalar(query))


def create_first_admin(session: Session, settings: Settings) -> FirstAdmin | None:
    """Make the admin of the settings where there is no user at all; None where there is one."""
    if count_users(session):
        return None
    password = settings.admin_password or make_password()
    try:
        create_user(session, SYSTEM, settings.admin_email, password, Role.ADMIN.value)
    except ConflictError:  # another process was first
        return None
    return FirstAdmin(settings.admin_email, None if settings.admin_password else password)
