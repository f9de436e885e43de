"""Reads of users and tokens."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Token, User


def list_users(session: Session) -> Sequence[User]:
    """All users by e-mail."""
    return session.scalars(select(User).order_by(User.email)).all()


def list_admins(session: Session, limit: int) -> Sequence[str]:
    """The e-mails of admins who may log in: who can give somebody another role."""
    query = select(User.email).where(User.role == Role.ADMIN.value, User.active.is_(True))
    return session.scalars(query.order_by(User.email).limit(limit)).all()


def list_tokens(session: Session) -> Sequence[Token]:
    """All tokens: those in force first, then by name."""
    query = select(Token).order_by(Token.revoked_at.is_not(None), Token.name)
    return session.scalars(query).all()


def count_users(session: Session) -> int:
    """How many users there are, active or not."""
    return session.scalar(select(func.count()).select_from(User)) or 0
