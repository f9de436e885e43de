"""Provider models as rows, with what their entry and their provider say: one, or a page of a list.

Those of deleted providers are not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.page import Page
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_model_pages import (
    count_provider_models,
    matching_provider_model_ids,
    page_of_ids,
)

__all__ = [
    "ProviderModelRow",
    "count_all_provider_models",
    "get_provider_model",
    "get_provider_model_by_pk",
    "list_provider_models",
    "list_provider_models_by_pk",
    "matching_provider_model_ids",
]


class ProviderModelRow(NamedTuple):
    """All columns of a provider model, and those of its entry and provider that belong to it.

    None in a column of the feeds means unknown. `provider_id` and `entry_id` are
    public ids, `provider_pk` and `entry_pk` row ids; `raw_id` is the provider's
    own id of the model.
    """

    id: int
    public_id: str
    provider_pk: int
    provider_id: str
    provider_name: str
    provider_vendor: str
    provider_active: bool
    entry_pk: int
    entry_id: str
    entry_name: str | None
    entry_active: bool
    raw_id: str
    model_display_name: str | None
    active: bool
    category: str | None
    category_order_number: int | None
    model_order_number: int | None
    pricing: dict[str, Any] | None
    token_limits: dict[str, Any] | None
    instruct_model_public_id: str | None
    family: str | None
    supports_audio: bool | None
    supports_browser: bool | None
    supports_embeddings: bool | None
    supports_images: bool | None
    supports_instruct: bool | None
    supports_reasoning: bool | None
    supports_tools: bool | None
    supports_video: bool | None
    status: str
    protection: str
    protection_choice: str | None
    manual_fields: list[str]
    sources: dict[str, str]
    drift: dict[str, Any] | None
    version: int
    retired_at: int | None
    last_synced_at: int | None
    created_at: int
    updated_at: int

    @property
    def available(self) -> bool:
        """Whether the model, its entry and its provider are all switched on."""
        return self.active and self.entry_active and self.provider_active


_ELSEWHERE = {
    "provider_pk": Provider.id,
    "provider_id": Provider.public_id,
    "provider_name": Provider.name,
    "provider_vendor": Provider.vendor,
    "provider_active": Provider.active,
    "entry_pk": CatalogEntry.id,
    "entry_id": CatalogEntry.public_id,
    "entry_name": CatalogEntry.model_display_name,
    "entry_active": CatalogEntry.active,
    "family": CatalogEntry.family,
}


def _column(name: str) -> Any:
    if name.startswith("supports_"):
        return getattr(CatalogEntry, name)
    return _ELSEWHERE.get(name) or getattr(ProviderModel, name)


def _wide(names: Sequence[str]) -> Select[Any]:
    return (
        select(*(_column(name).label(name) for name in names))
        .select_from(ProviderModel)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
        .where(Provider.deleted_at.is_(None))
    )


# Built once: putting a statement together costs more than running it.
_WIDE = _wide(ProviderModelRow._fields)
_BY_IDS = _WIDE.where(ProviderModel.id.in_(bindparam("ids", expanding=True)))
_BY_PK = _WIDE.where(ProviderModel.id == bindparam("pk"))
_BY_PUBLIC_ID = _WIDE.where(ProviderModel.public_id == bindparam("public_id"))


def list_provider_models(
    session: Session, wanted: ProviderModelFilter, *, limit: int, offset: int
) -> Page[ProviderModelRow]:
    """The rows ``offset`` to ``offset + limit`` of the provider models that the filter selects.

    The total is exact. Unknown values sort below all others.
    """
    ids, total = page_of_ids(session, wanted, limit=limit, offset=offset)
    return Page(list_provider_models_by_pk(session, ids), total, limit, offset)


def list_provider_models_by_pk(session: Session, ids: Sequence[int]) -> list[ProviderModelRow]:
    """The provider models with these row ids (at most a page of them), in the order of the ids."""
    if not ids:
        return []
    found = {row.id: row for row in _rows(session, _BY_IDS, ids=list(ids))}
    return [found[pk] for pk in ids if pk in found]


def list_provider_model_parts(
    session: Session, ids: Sequence[int], names: tuple[str, ...]
) -> list[Any]:
    """As `list_provider_models_by_pk`, but rows with these columns only (``id`` among them)."""
    if not ids:
        return []
    rows = session.connection().execute(_parts(names), {"ids": list(ids)})
    found = {row.id: row for row in rows}
    return [found[pk] for pk in ids if pk in found]


@lru_cache(maxsize=128)
def _parts(names: tuple[str, ...]) -> Select[Any]:
    return _wide(names).where(ProviderModel.id.in_(bindparam("ids", expanding=True)))


def get_provider_model(session: Session, public_id: str) -> ProviderModelRow:
    """The provider model of this public id (`pmdl_…`); raises `NotFoundError`."""
    found = _rows(session, _BY_PUBLIC_ID, public_id=public_id)
    if not found:
        raise NotFoundError(f"there is no provider model {public_id!r}")
    return found[0]


def get_provider_model_by_pk(session: Session, pk: int) -> ProviderModelRow:
    """The provider model with this row id; raises `NotFoundError`."""
    found = _rows(session, _BY_PK, pk=pk)
    if not found:
        raise NotFoundError(f"there is no provider model number {pk}")
    return found[0]


def count_all_provider_models(session: Session) -> int:
    """How many provider models there are, retired ones included."""
    return count_provider_models(session, ProviderModelFilter())


def _rows(session: Session, statement: Select[Any], **values: Any) -> list[ProviderModelRow]:
    return [ProviderModelRow._make(row) for row in session.connection().execute(statement, values)]
