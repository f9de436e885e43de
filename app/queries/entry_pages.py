"""The ids on a page of the catalog: what `record_pages` has to know of entries."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app.models import CatalogEntry
from app.queries.entry_conditions import conditions, merged_ids, walking_conditions
from app.queries.entry_filter import SORTS, EntryFilter
from app.queries.record_pages import Finder, Listed, orders_of
from app.queries.search import ENTRIES

UNINDEXED = frozenset({"description", "notes", "version", "protection", "retired_at"})
LISTED = Listed(
    table=CatalogEntry,
    search=ENTRIES,
    orders=orders_of(
        CatalogEntry, {sort: "public_id" if sort == "id" else sort for sort in SORTS}, UNINDEXED
    ),
    hidden=merged_ids,
    conditions=conditions,
    walking=walking_conditions,
    everything=EntryFilter(),
)


def page_of_ids(
    session: Session, wanted: EntryFilter, *, limit: int, offset: int
) -> tuple[Sequence[int], int]:
    """The row ids of a page in their order, and how many entries match altogether."""
    return Finder(session, LISTED, wanted).page(limit, offset)


def count_entries(session: Session, wanted: EntryFilter) -> int:
    """How many entries match, exactly."""
    return Finder(session, LISTED, wanted).total()


def matching_ids(session: Session, wanted: EntryFilter) -> Select[int]:
    """A query for the ids of all that match, in no order, to build set-based statements on."""
    return Finder(session, LISTED, wanted).all_ids()
