"""The words that names consist of: what a mistyped word in a search may mean."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base


class SearchWord(Base):
    """A word of the name or id of an entry, provider model or provider; in folded letters.

    Words are only ever added: one that nothing is called any more leads nowhere, and
    does no harm. Whoever has read them reads only the new ones.
    """

    __tablename__ = "search_words"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(String(32), unique=True)
