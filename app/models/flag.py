"""Feature flags: what an application asks for before it offers a model."""

from __future__ import annotations

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, Name, Seconds


class FeatureFlag(Base):
    """A key that entries may require (`requires_feature_flag`), and what it means."""

    __tablename__ = "feature_flags"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[Name] = mapped_column(unique=True)
    name: Mapped[Name | None]
    description: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]
