"""Catalog entries: the values in force, in ordinary columns, and what finds them."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import NEVER_REUSED, Base, DecidedState, JsonObject, Name, Texts

SORTED_KNOWN = ("active", "experimental", "status", "created_at", "updated_at")
SORTED_NULLABLE = (
    "model_display_name",
    "family",
    "context_length",
    "is_moderated",
    "requires_feature_flag",
    "supports_audio",
    "supports_browser",
    "supports_embeddings",
    "supports_images",
    "supports_instruct",
    "supports_reasoning",
    "supports_tools",
    "supports_video",
    "last_synced_at",
)


class CatalogEntry(DecidedState, Base):
    """A model as the catalog knows it. NULL in a feed-owned column means unknown.

    What is derived from claims and overrides is in `DecidedState`.
    """

    __tablename__ = "catalog_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[Name] = mapped_column(unique=True)
    # What all spellings of this model share (`app.core.identity`); a new spelling finds it by this.
    identity_key: Mapped[Name | None] = mapped_column(index=True)
    # The entry that this one was merged into: hidden, its id another spelling of that one's.
    merged_into_id: Mapped[int | None]

    model_display_name: Mapped[Name | None]
    description: Mapped[str | None] = mapped_column(Text)
    family: Mapped[Name | None]
    notes: Mapped[str | None] = mapped_column(Text)
    tags: Mapped[Texts] = mapped_column(default=list)
    active: Mapped[bool] = mapped_column(default=True)
    experimental: Mapped[bool] = mapped_column(default=False)
    is_moderated: Mapped[bool | None]
    requires_feature_flag: Mapped[Name | None]
    context_length: Mapped[int | None] = mapped_column(BigInteger)
    architecture: Mapped[JsonObject | None]
    supported_parameters: Mapped[JsonObject | None]
    supports_audio: Mapped[bool | None]
    supports_browser: Mapped[bool | None]
    supports_embeddings: Mapped[bool | None]
    supports_images: Mapped[bool | None]
    supports_instruct: Mapped[bool | None]
    supports_reasoning: Mapped[bool | None]
    supports_tools: Mapped[bool | None]
    supports_video: Mapped[bool | None]
    extras: Mapped[JsonObject | None]

    __table_args__ = (
        # One index per column that a table can be sorted by; the id makes the order total.
        *(Index(f"ix_catalog_entries_{name}", name, "id") for name in SORTED_KNOWN),
        Index(
            "ix_catalog_entries_drifted",
            "id",
            sqlite_where=text("drift IS NOT NULL"),
            postgresql_where=text("drift IS NOT NULL"),
        ),
        Index(
            "ix_catalog_entries_retired",
            "id",
            sqlite_where=text("retired_at IS NOT NULL"),
            postgresql_where=text("retired_at IS NOT NULL"),
        ),
        Index(
            "ix_catalog_entries_merged_into_id",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        NEVER_REUSED,
    )


# Unknown sorts lowest: SQLite does so and has no words for it in an index, so the tables are made
# by the migrations alone, which say it to PostgreSQL only.
for _name in SORTED_NULLABLE:
    _column = getattr(CatalogEntry, _name)
    Index(f"ix_catalog_entries_{_name}", _column.nulls_first(), CatalogEntry.id)


class EntryAlias(Base):
    """Another spelling of an entry's id, in lower case. `manual`: a person gave it."""

    __tablename__ = "entry_aliases"

    alias: Mapped[Name] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(
        ForeignKey("catalog_entries.id", ondelete="CASCADE"), index=True
    )
    manual: Mapped[bool] = mapped_column(default=False)


class EntryTag(Base):
    """The tags of entries again, one row each, for filters and counts."""

    __tablename__ = "entry_tags"

    tag: Mapped[Name] = mapped_column(primary_key=True)
    entry_id: Mapped[int] = mapped_column(
        ForeignKey("catalog_entries.id", ondelete="CASCADE"), primary_key=True, index=True
    )
