"""Providers and the models each of them offers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Float, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import (
    NEVER_REUSED,
    Base,
    DecidedState,
    JsonObject,
    JsonType,
    Name,
    Seconds,
)


class Provider(Base):
    """Who offers models. `feed_key` is the id a feed knows it by (models.dev's, as a rule)."""

    __tablename__ = "providers"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[Name]
    vendor: Mapped[Name] = mapped_column(index=True)
    feed_key: Mapped[Name | None] = mapped_column(unique=True)
    base_url: Mapped[str | None] = mapped_column(Text)
    endpoints: Mapped[list[dict[str, Any]]] = mapped_column(JsonType, default=list)
    active: Mapped[bool] = mapped_column(default=False, index=True)
    category: Mapped[str] = mapped_column(String(16), default="llm")
    default_provider_image_generate: Mapped[bool] = mapped_column(default=False)
    default_provider_image_edit: Mapped[bool] = mapped_column(default=False)
    meta: Mapped[JsonObject] = mapped_column("metadata", default=dict)
    api_key_encrypted: Mapped[str | None] = mapped_column(Text)
    api_key_hint: Mapped[str | None] = mapped_column(String(8))
    version: Mapped[int] = mapped_column(default=1)
    last_synced_at: Mapped[Seconds | None]
    # A deleted provider stays, hidden with its models: an undo brings it back, and no feed does.
    deleted_at: Mapped[Seconds | None]
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]


class ProviderModel(DecidedState, Base):
    """One model as one provider offers it; `raw_id` is the provider's own id of it."""

    __tablename__ = "provider_models"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id", ondelete="CASCADE"))
    entry_id: Mapped[int] = mapped_column(ForeignKey("catalog_entries.id"), index=True)
    raw_id: Mapped[Name]

    model_display_name: Mapped[Name | None]
    active: Mapped[bool] = mapped_column(default=False)
    category: Mapped[Name | None]
    category_order_number: Mapped[int | None] = mapped_column(BigInteger)
    model_order_number: Mapped[int | None] = mapped_column(BigInteger)
    pricing: Mapped[JsonObject | None]
    token_limits: Mapped[JsonObject | None]
    # Its instruction-tuned sibling, by public id: provider models are never removed.
    instruct_model_public_id: Mapped[str | None] = mapped_column(String(32))
    # For sorting and plots only (micro-dollars per 1k tokens); exact amounts are in `pricing`.
    prompt_price: Mapped[float | None] = mapped_column(Float)
    completion_price: Mapped[float | None] = mapped_column(Float)
    # That of `token_limits` again, for sorting and filtering.
    context_length: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("provider_id", "raw_id"),
        # Counts per provider are read from this alone; that costs a switch of all models 0.1 s.
        Index("ix_provider_models_provider_id_active", "provider_id", "active"),
        # One index per column that a table can be sorted by; the id makes the order total. None
        # on `status`, `version` or `updated_at`: a switch of all models writes those.
        Index("ix_provider_models_provider_id", "provider_id", "id"),
        Index("ix_provider_models_created_at_id", "created_at", "id"),
        Index("ix_provider_models_raw_id", "raw_id", "id"),
        NEVER_REUSED,
    )


# As for entries: unknown sorts lowest, which only PostgreSQL has to be told.
_SORTED = ("model_display_name", "category", "prompt_price", "completion_price", "context_length")
for _name in _SORTED:
    _column = getattr(ProviderModel, _name)
    Index(f"ix_provider_models_{_name}", _column.nulls_first(), ProviderModel.id)
