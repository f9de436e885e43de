"""Webhooks: who is told of what, and every message to them."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, JsonObject, Seconds, Texts

PENDING = text("state = 'pending'")


class Webhook(Base):
    """An address that is told of events. Its signing secret is encrypted; only a hint is shown."""

    __tablename__ = "webhooks"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    # Names of `app.core.events`.
    events: Mapped[Texts]
    active: Mapped[bool] = mapped_column(default=True)
    secret_encrypted: Mapped[str] = mapped_column(Text)
    secret_hint: Mapped[str] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]


class Delivery(Base):
    """One message to one webhook: written with what it tells of, sent by a job afterwards.

    ``public_id`` is the message's id, the same in every attempt. ``state``: pending, delivered,
    failed (no further attempt by itself).
    """

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(64))
    payload: Mapped[JsonObject]
    state: Mapped[str] = mapped_column(String(12), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[Seconds]
    holder: Mapped[str | None] = mapped_column(String(128))
    lease_until: Mapped[Seconds | None]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    # The beginning of the last answer.
    response: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Seconds]
    delivered_at: Mapped[Seconds | None]

    __table_args__ = (
        Index("ix_deliveries_webhook_id_id", "webhook_id", "id"),
        Index(
            "ix_deliveries_due",
            "next_attempt_at",
            sqlite_where=PENDING,
            postgresql_where=PENDING,
        ),
        NEVER_REUSED,
    )
