"""Logins kept on the server. The browser holds a random secret, the table only its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.models import User, UserSession, now
from app.services.touch import EVERY_SECONDS, touch
from app.services.transaction import writing

IDLE_SECONDS = 12 * 3600
ABSOLUTE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Principal:
    """A logged-in user, as far as a request needs to know. What Flask-Login calls a user."""

    secret: str
    user_id: int
    email: str
    role: str
    preferences: Mapping[str, Any] = field(default_factory=dict, compare=False)
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What Flask-Login puts into the signed cookie."""
        return self.secret

    def __repr__(self) -> str:
        return f"Principal({self.email!r})"


def start_session(session: Session, user_id: int, *, replaces: str | None = None) -> str:
    """Log a user in and return the new secret; the session it `replaces` ends."""
    secret = secrets.token_urlsafe(32)
    moment = now()
    with writing(session):
        outlived = UserSession.expires_at < moment
        session.execute(delete(UserSession).where(outlived))
        if replaces is not None:
            session.execute(delete(UserSession).where(UserSession.secret_hash == _digest(replaces)))
        session.execute(update(User).where(User.id == user_id).values(last_login_at=moment))
        session.add(
            UserSession(
                user_id=user_id,
                secret_hash=_digest(secret),
                created_at=moment,
                last_seen_at=moment,
                expires_at=moment + ABSOLUTE_SECONDS,
            )
        )
    return secret


# Built once: it is part of every request.
_PRINCIPAL = (
    select(
        UserSession.id,
        UserSession.last_seen_at,
        User.id,
        User.email,
        User.role,
        User.preferences,
    )
    .join(User, User.id == UserSession.user_id)
    .where(
        UserSession.secret_hash == bindparam("digest"),
        UserSession.expires_at > bindparam("moment"),
        UserSession.last_seen_at > bindparam("idle"),
        User.active.is_(True),
    )
)


def load_principal(session: Session, secret: str, *, present: bool = True) -> Principal | None:
    """Who the secret belongs to, or None: unknown, ended, expired, idle too long, deactivated.

    One query; a write at most once a minute. Not ``present``: a page asks by itself,
    which keeps no idle session alive.
    """
    moment = now()
    found = {"digest": _digest(secret), "moment": moment, "idle": moment - IDLE_SECONDS}
    row = session.connection().execute(_PRINCIPAL, found).one_or_none()
    if row is None:
        return None
    session_id, last_seen_at, user_id, email, role, preferences = row
    if present and last_seen_at <= moment - EVERY_SECONDS:
        touch(
            session,
            update(UserSession).where(UserSession.id == session_id).values(last_seen_at=moment),
        )
    return Principal(secret, user_id, email, role, preferences or {})


def end_session(session: Session, secret: str) -> None:
    """Log out: the secret is worth nothing from now on."""
    with writing(session):
        session.execute(delete(UserSession).where(UserSession.secret_hash == _digest(secret)))


def end_sessions_of(session: Session, user_id: int, *, but: str | None = None) -> None:
    """Log a user out everywhere, within the caller's transaction; `but` is a secret to spare."""
    ending = delete(UserSession).where(UserSession.user_id == user_id)
    if but is not None:
        ending = ending.where(UserSession.secret_hash != _digest(but))
    session.execute(ending)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
