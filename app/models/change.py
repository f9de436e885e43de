"""The change log: batches (one action of one actor) and the changes they made."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, JsonObject, JsonType, Name, Seconds

BY_PEOPLE = text("actor_kind IN ('user', 'token')")


class Batch(Base):
    """One action: an edit, a bulk switch, a sync. All of it happened; `kind` says what it was.

    The change log is read by time, newest first, however it is filtered: an index for each.
    """

    __tablename__ = "batches"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    actor_kind: Mapped[str] = mapped_column(String(16))  # user, token, feed, system
    actor: Mapped[Name]
    reason: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(128))
    feed_id: Mapped[int | None] = mapped_column(ForeignKey("feeds.id", ondelete="SET NULL"))
    summary: Mapped[JsonObject] = mapped_column(default=dict)
    # The batch that this one takes back.
    undoes_id: Mapped[int | None] = mapped_column(index=True)
    created_at: Mapped[Seconds]

    __table_args__ = (
        *(
            Index(f"ix_batches_{'_'.join(names) or 'created_at'}", *names, "created_at", "id")
            for names in ((), ("actor",), ("kind",), ("feed_id",), ("actor", "kind"))
        ),
        Index("ix_batches_actor_kind_created_at", "actor_kind", "created_at", "id"),
        Index(
            "ix_batches_by_people",
            *("created_at", "id"),
            sqlite_where=BY_PEOPLE,
            postgresql_where=BY_PEOPLE,
        ),
        NEVER_REUSED,
    )


class BatchField(Base):
    """That a batch changed a field, of whatever records: finds the batches of one field.

    Not an index of the changes themselves, which a bulk action of 100,000 rows would pay for.
    """

    __tablename__ = "batch_fields"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own shape

    field: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[Seconds] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True)


class Change(Base):
    """One field of one record: before and after.

    `field` is `*` where the record was created or retired as a whole.
    What an undo needs besides the values: `old_manual` and `new_manual` say
    whether the value was a person's, `old_batch_id` and `new_batch_id` which batch
    decided it (NULL in the latter: this one; an undo names the one it returns to).
    `old_protection` and `new_protection` are set where a bulk action changed the
    record's protection with the field; elsewhere that is a change of its own.
    """

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batches.id"))
    record_type: Mapped[str] = mapped_column(String(16))
    record_id: Mapped[int]
    field: Mapped[str] = mapped_column(String(64))
    old: Mapped[Any] = mapped_column(JsonType, nullable=True)
    new: Mapped[Any] = mapped_column(JsonType, nullable=True)
    old_manual: Mapped[bool] = mapped_column(default=False)
    new_manual: Mapped[bool] = mapped_column(default=False)
    old_batch_id: Mapped[int | None]
    new_batch_id: Mapped[int | None]
    old_protection: Mapped[str | None] = mapped_column(String(8))
    new_protection: Mapped[str | None] = mapped_column(String(8))

    __table_args__ = (
        Index("ix_changes_batch_id", "batch_id", "id"),
        Index("ix_changes_record", "record_type", "record_id", "id"),
        NEVER_REUSED,
    )


class CatalogRevision(Base):
    """One row; every committed write adds one. What is cached is valid for one revision."""

    __tablename__ = "catalog_revision"

    id: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[int]
