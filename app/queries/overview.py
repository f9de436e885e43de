"""Lists and counts that the console shows to be read: dashboard, providers."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.entry_conditions import merged_ids
from app.queries.provider_model_conditions import deleted_providers


class Counts(NamedTuple):
    """How many there are of everything."""

    entries: int
    active: int
    manual: int
    drift: int
    retired: int
    providers: int
    provider_models: int


class OfferedModel(NamedTuple):
    """A provider model in a list."""

    public_id: str
    raw_id: str
    name: str | None
    provider: str
    entry_id: str
    entry_name: str | None
    pricing: dict[str, Any] | None
    token_limits: dict[str, Any] | None
    active: bool
    provider_active: bool
    retired_at: int | None


def count_everything(session: Session) -> Counts:
    """The numbers of the dashboard, in one read."""
    entry = CatalogEntry
    numbers = select(
        func.count(entry.id),
        func.count(entry.id).filter(entry.active),
        func.count(entry.id).filter(entry.status == "updated"),
        func.count(entry.drift),
        func.count(entry.retired_at),
        select(func.count(Provider.id)).where(Provider.deleted_at.is_(None)).scalar_subquery(),
        _offered(select(func.count(ProviderModel.id))).scalar_subquery(),
    ).where(entry.id.not_in(merged_ids()))
    return Counts._make(session.execute(numbers).one())


def list_offered_models(session: Session, *, limit: int, offset: int) -> list[OfferedModel]:
    """Provider models, the newest first."""
    model = ProviderModel
    page = (
        _offered(select(model.id))
        .order_by(model.created_at.desc(), model.id.desc())
        .limit(limit)
        .offset(offset)
        .subquery("page")
    )
    statement = (
        select(
            model.public_id,
            model.raw_id,
            model.model_display_name,
            Provider.name,
            CatalogEntry.public_id,
            CatalogEntry.model_display_name,
            model.pricing,
            model.token_limits,
            model.active,
            Provider.active,
            model.retired_at,
        )
        .join(page, page.c.id == model.id)
        .join(Provider, Provider.id == model.provider_id)
        .join(CatalogEntry, CatalogEntry.id == model.entry_id)
        .order_by(model.created_at.desc(), model.id.desc())
    )
    return [OfferedModel._make(row) for row in session.execute(statement)]


def count_offered_models(session: Session) -> int:
    """How many provider models there are."""
    return session.execute(_offered(select(func.count(ProviderModel.id)))).scalar_one()


def _offered(statement: Select[int]) -> Select[int]:
    """Without the models of deleted providers."""
    return statement.where(ProviderModel.provider_id.not_in(deleted_providers()))
