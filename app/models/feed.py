"""Feeds, and what each of them claims about records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, JsonObject, JsonType, Name, Seconds, Texts


class Feed(Base):
    """A source of claims. Where url and path are both NULL, the kind's embedded data is read."""

    __tablename__ = "feeds"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    url: Mapped[str | None] = mapped_column(Text)
    path: Mapped[str | None] = mapped_column(Text)
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"), index=True)
    mode: Mapped[str] = mapped_column(String(8), default="auto")
    enabled: Mapped[bool] = mapped_column(default=True)
    priority: Mapped[int] = mapped_column(default=100)
    # Entry fields it is trusted with; NULL: the kind's own list.
    trusted_fields: Mapped[Texts | None]
    # The same of provider models' fields; NULL: all of them.
    trusted_model_fields: Mapped[Texts | None]
    miss_limit: Mapped[int] = mapped_column(default=2)
    minimum_share: Mapped[int] = mapped_column(default=80)
    # Thresholds of `app.core.guards` that differ from its defaults, by name.
    guards: Mapped[JsonObject | None]
    # How often it is read by itself; NULL: only when somebody asks.
    interval_minutes: Mapped[int | None]
    next_run_at: Mapped[Seconds | None] = mapped_column(index=True)
    # Failed runs in a row: the next one waits the longer.
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    etag: Mapped[str | None] = mapped_column(Text)
    # Hash of the last answer that was applied, and of what read it: the same again is no news.
    answer_hash: Mapped[str | None] = mapped_column(String(32))
    # The release that read it: another one may read more, and asks again without the ETag.
    read_by: Mapped[str | None] = mapped_column(String(32))
    # A removed feed stays as the source of what it said last; nothing else knows those values.
    removed_at: Mapped[Seconds | None]
    # Adds one with every applied run: a plan made against an older state is made again.
    version: Mapped[int] = mapped_column(default=1)
    last_success_at: Mapped[Seconds | None]
    last_error_at: Mapped[Seconds | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    last_counts: Mapped[JsonObject | None]
    created_at: Mapped[Seconds]


class Claim(Base):
    """What one feed says about one record, now.

    `fields` are the normalised values of the record itself; `about` is what a
    provider model's record says of the model as such (it feeds the claim on the
    entry, and shows the spread among providers). `content_hash` covers both.
    `misses` counts the complete answers in a row in which the record was absent.
    """

    __tablename__ = "claims"

    id: Mapped[int] = mapped_column(primary_key=True)
    feed_id: Mapped[int] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    record_type: Mapped[str] = mapped_column(String(16))
    record_id: Mapped[int]
    fields: Mapped[JsonObject]
    about: Mapped[JsonObject | None]
    content_hash: Mapped[str] = mapped_column(String(32))
    first_seen_at: Mapped[Seconds]
    changed_at: Mapped[Seconds]
    last_seen_at: Mapped[Seconds]
    misses: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("feed_id", "record_type", "record_id"),
        Index("ix_claims_record", "record_type", "record_id"),
    )


class Override(Base):
    """What a person decided for one field; `base` is what the feeds said at that moment."""

    __tablename__ = "overrides"
    # The key is the table: a bulk action finds and writes 100,000 of them in one B-tree.
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own shape

    record_type: Mapped[str] = mapped_column(String(16), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JsonType, nullable=True)
    base: Mapped[Any] = mapped_column(JsonType, nullable=True)
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("batches.id"))
    actor: Mapped[Name]
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[Seconds]
