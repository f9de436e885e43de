"""Catalog entries as rows: one by its name, or a page of a list.

Those that were merged into others are not there; their names mean the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry
from app.queries.entry_filter import EntryFilter
from app.queries.entry_pages import count_entries, page_of_ids
from app.queries.lookup import find_entry_id
from app.queries.page import Page


class EntryRow(NamedTuple):
    """All columns of an entry. None in a column of the feeds means unknown."""

    id: int
    public_id: str
    model_display_name: str | None
    description: str | None
    family: str | None
    notes: str | None
    tags: list[str]
    active: bool
    experimental: bool
    is_moderated: bool | None
    requires_feature_flag: str | None
    context_length: int | None
    architecture: dict[str, Any] | None
    supported_parameters: dict[str, Any] | None
    supports_audio: bool | None
    supports_browser: bool | None
    supports_embeddings: bool | None
    supports_images: bool | None
    supports_instruct: bool | None
    supports_reasoning: bool | None
    supports_tools: bool | None
    supports_video: bool | None
    extras: dict[str, Any] | None
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


_COLUMNS = select(*(getattr(CatalogEntry, name) for name in EntryRow._fields))
_WIDE = _COLUMNS.where(CatalogEntry.merged_into_id.is_(None))
# Built once: putting a statement together costs more than running it.
_BY_IDS = _WIDE.where(CatalogEntry.id.in_(bindparam("ids", expanding=True)))
_BY_PK = _WIDE.where(CatalogEntry.id == bindparam("pk"))
_BY_PUBLIC_ID = _WIDE.where(CatalogEntry.public_id == bindparam("public_id"))


def list_entries(
    session: Session, wanted: EntryFilter, *, limit: int, offset: int
) -> Page[EntryRow]:
    """The rows ``offset`` to ``offset + limit`` of the entries that the filter selects.

    The total is exact. Ids are found first, in indexes; only the rows of the page
    are read in full. Unknown values sort below all others.
    """
    ids, total = page_of_ids(session, wanted, limit=limit, offset=offset)
    return Page(list_entries_by_pk(session, ids), total, limit, offset)


def list_entry_parts(
    session: Session, wanted: EntryFilter, names: tuple[str, ...], *, limit: int, offset: int
) -> Page[Any]:
    """As `list_entries`, but rows with these columns only (``id`` among them)."""
    ids, total = page_of_ids(session, wanted, limit=limit, offset=offset)
    statement = _parts(names)
    rows = session.connection().execute(statement, {"ids": list(ids)}) if ids else ()
    found = {row.id: row for row in rows}
    return Page([found[pk] for pk in ids if pk in found], total, limit, offset)


@lru_cache(maxsize=128)
def _parts(names: tuple[str, ...]) -> Select[Any]:
    columns = select(*(getattr(CatalogEntry, name) for name in names))
    found = columns.where(CatalogEntry.merged_into_id.is_(None))
    return found.where(CatalogEntry.id.in_(bindparam("ids", expanding=True)))


def list_entries_by_pk(session: Session, ids: Sequence[int]) -> list[EntryRow]:
    """The entries with these row ids (at most a page of them), in the order of the ids."""
    if not ids:
        return []
    found = {row.id: row for row in _rows(session, _BY_IDS, ids=list(ids))}
    return [found[pk] for pk in ids if pk in found]


def get_entry(session: Session, public_id: str) -> EntryRow:
    """The entry of this id or any other spelling of it, an entry's merged into it too.

    Raises `NotFoundError`.
    """
    found = _rows(session, _BY_PUBLIC_ID, public_id=public_id)
    return found[0] if found else get_entry_by_pk(session, find_entry_id(session, public_id))


def get_entry_by_pk(session: Session, pk: int) -> EntryRow:
    """The entry with this row id; raises `NotFoundError`."""
    found = _rows(session, _BY_PK, pk=pk)
    if not found:
        raise NotFoundError(f"there is no catalog entry number {pk}")
    return found[0]


def count_all_entries(session: Session) -> int:
    """How many entries there are, retired ones included."""
    return count_entries(session, EntryFilter())


def _rows(session: Session, statement: Select[Any], **values: Any) -> list[EntryRow]:
    return [EntryRow._make(row) for row in session.connection().execute(statement, values)]
