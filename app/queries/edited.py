"""Which records were edited between two states of the catalog, where nothing else happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import FIELDS
from app.models import Batch, Change, ProviderModel
from app.queries.cache import State

# What logs every record it writes, and makes the catalog another one exactly once.
KINDS = frozenset({"edit", "reset", "protect"})
MOST_BATCHES, MOST_RECORDS = 50, 500
_LOGGED = {kind: {*names, "protection", "protection_choice"} for kind, names in FIELDS.items()}
Edited = Mapping[str, Collection[int]]


def edited_since(session: Session, before: State, after: State) -> Edited | None:
    """The row ids of the records edited after one state and up to another, by their type.

    None where that is not known exactly: where there was a sync, a bulk action, or much. The
    proof is a count: as many batches, each an edit of records, as the catalog has new revisions.
    """
    revisions = after[1] - before[1]
    if before[0] != after[0] or not 0 < revisions <= MOST_BATCHES:
        return None
    first = session.scalar(select(Batch.id).where(Batch.public_id == before[2]))
    last = session.scalar(select(Batch.id).where(Batch.public_id == after[2]))
    if first is None or last is None:
        return None
    later = select(Batch.id, Batch.kind).where(Batch.id > first, Batch.id <= last)
    batches = session.execute(later.limit(revisions + 1)).all()
    if len(batches) != revisions or not {row.kind for row in batches} <= KINDS:
        return None
    return _records(session, {row.id for row in batches})


def _records(session: Session, batches: set[int]) -> Edited | None:
    """The records of these batches; None where one edited something else, or nothing."""
    columns = (Change.batch_id, Change.record_type, Change.record_id, Change.field)
    changes = select(*columns).where(Change.batch_id.in_(batches)).limit(MOST_RECORDS + 1)
    rows = session.execute(changes).all()
    known = all(row.field in _LOGGED.get(row.record_type, ()) for row in rows)
    if not known or len(rows) > MOST_RECORDS or {row.batch_id for row in rows} != batches:
        return None
    return {kind: {row.record_id for row in rows if row.record_type == kind} for kind in _LOGGED}


def edited_entries(_: Session, edited: Edited) -> Collection[int]:
    """The entries whose facets may be others."""
    return edited["entry"]


def edited_models(session: Session, edited: Edited) -> Collection[int]:
    """The provider models whose facets may be others: also those of the entries."""
    of_entries = select(ProviderModel.id).where(ProviderModel.entry_id.in_(edited["entry"]))
    return {*edited["provider_model"], *session.scalars(of_entries)}
