"""What a filter of entries means in SQL."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, EntryTag
from app.queries.conditions import (
    Meanings,
    at_least,
    at_most,
    capability,
    equal,
    known,
    manual,
    meant,
    plain,
    tested,
)
from app.queries.entry_filter import EntryFilter

_EQUAL = (*("status", "active", "is_moderated", "experimental", "requires_feature_flag", "family"),)
_MEANINGS: Meanings = {
    **{name: (getattr(CatalogEntry, name), equal) for name in _EQUAL},
    **{
        column.name: (getattr(CatalogEntry, column.name), capability)
        for column in CatalogEntry.__table__.columns
        if column.name.startswith("supports_")
    },
    "manual": (CatalogEntry.status, manual),
    "drift": (CatalogEntry.drift, known),
    "retired": (CatalogEntry.retired_at, known),
    "context_min": (CatalogEntry.context_length, at_least),
    "context_max": (CatalogEntry.context_length, at_most),
}


def merged_ids() -> Select[int]:
    """The ids of the entries that were merged into others: nobody sees them.

    Few, and found by an index of their own; leaving them out by this list lets a
    walk along some other index go on without looking at each entry.
    """
    merged = CatalogEntry.__table__.alias("merged")
    return select(merged.c.id).where(merged.c.merged_into_id.is_not(None))


def conditions(_session: Session, wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """The conditions on `CatalogEntry`, all but the search, for finding all that match."""
    found = meant(_MEANINGS, wanted.restrictions(), plain)
    if wanted.tag is not None:
        tagged = select(EntryTag.entry_id).where(EntryTag.tag == wanted.tag)
        found.append(CatalogEntry.id.in_(tagged))
    return [*found, CatalogEntry.id.not_in(merged_ids())]


def walking_conditions(session: Session, wanted: EntryFilter) -> list[ColumnElement[bool]]:
    """The same for testing one entry after the other, in an order that an index gives."""
    found = meant(_MEANINGS, wanted.restrictions(), tested(session.get_bind().dialect.name))
    if wanted.tag is not None:
        tagged = (EntryTag.tag == wanted.tag) & (EntryTag.entry_id == CatalogEntry.id)
        found.append(exists().where(tagged))
    return [*found, CatalogEntry.id.not_in(merged_ids())]
