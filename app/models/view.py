"""Views of a table that a person keeps under a name."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, Name, Seconds


class SavedView(Base):
    """One view: filters, order and columns of a table as its query string, without the page.

    `table` is the kind of record that the table lists. Shared ones are seen by everybody;
    only the owner and admins change them.
    """

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "table", "name"), NEVER_REUSED)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    table: Mapped[str] = mapped_column(String(16), index=True)
    name: Mapped[Name]
    query: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]
