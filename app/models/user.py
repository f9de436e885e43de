"""People, their sessions, and the tokens programs use."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, JsonObject, Name, Seconds


class User(Base):
    """A person who may log in. `role` is viewer, editor or admin."""

    __tablename__ = "users"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    # Lower case; `app.services.users` folds what people type.
    email: Mapped[Name] = mapped_column(unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool] = mapped_column(default=True)
    preferences: Mapped[JsonObject] = mapped_column(default=dict, server_default=text("'{}'"))
    created_at: Mapped[Seconds]
    last_login_at: Mapped[Seconds | None]


class UserSession(Base):
    """A login. Only the hash of its secret is kept; deleting the row ends it."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Seconds]
    last_seen_at: Mapped[Seconds]
    expires_at: Mapped[Seconds] = mapped_column(index=True)


class Token(Base):
    """An API token. The token itself is a JWT shown once; `jti` is what it is known by."""

    __tablename__ = "tokens"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[Name] = mapped_column(unique=True)
    jti: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[Seconds]
    expires_at: Mapped[Seconds]
    revoked_at: Mapped[Seconds | None]
    last_used_at: Mapped[Seconds | None]
    created_by: Mapped[str] = mapped_column(String(255))
