"""Lists and counts that the console shows to be read: dashboard, providers."""

from __future__ import annotations

from typing import NamedTuple

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


def _offered(statement: Select[int]) -> Select[int]:
    """Without the models of deleted providers."""
    return statement.where(ProviderModel.provider_id.not_in(deleted_providers()))
