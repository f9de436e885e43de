"""What open pages ask again and again: whether anything changed, and who changed these records."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from app.models import Batch, CatalogRevision, Change, ProviderModel, SyncItem

LIMIT = 500
# Where more than that was changed: so many times those are asked for that were not found yet.
ROUNDS = 8
RecordKey = tuple[str, int]


class Moment(NamedTuple):
    """A state of the catalog: two of them are the same only where nothing was written between."""

    revision: int
    batch: int

    def __str__(self) -> str:
        return f"{self.revision}.{self.batch}"


class Touch(NamedTuple):
    """What was last done to a record: by whom, and to which fields."""

    actor_kind: str
    actor: str
    fields: frozenset[str]


class ItemState(NamedTuple):
    """What became of an item of the review queue, and who decided."""

    state: str
    decided_by: str | None


# Built once: they are asked every few seconds by everybody who looks at a table.
_MOMENT = select(
    CatalogRevision.revision, select(func.coalesce(func.max(Batch.id), 0)).scalar_subquery()
).where(CatalogRevision.id == 1)
# Read by record: what was written since may be a batch of 100,000 records, and the sum, which no
# index has, keeps both databases from going through all of it.
_BATCH = Change.batch_id + 0
_TOUCHED = (
    select(Change.record_type, Change.record_id, Change.field)
    .add_columns(Change.batch_id, Batch.actor_kind, Batch.actor)
    .join(Batch, Batch.id == _BATCH)
    .where(
        Change.record_type == bindparam("record_type"),
        Change.record_id.in_(bindparam("ids", expanding=True)),
        bindparam("after") < _BATCH,
    )
    .order_by(_BATCH.desc(), Change.id)
    .limit(LIMIT)
)


def this_moment(session: Session) -> Moment:
    """The state of the catalog now: one short query."""
    row = session.connection().execute(_MOMENT).one_or_none()
    return Moment._make(row) if row else Moment(0, 0)


def last_touches(
    session: Session, keys: Collection[RecordKey], after: int | None
) -> dict[RecordKey, Touch]:
    """Who changed these records (a page of them at most) last.

    With all fields that were changed in batches after the one with the number
    ``after``; None: those of the newest batch of each record only.
    """
    found: dict[RecordKey, Touch] = {}
    for record_type in {record_type for record_type, _ in keys}:
        ids = {pk for kind, pk in keys if kind == record_type}
        for _ in range(ROUNDS):
            asked = {"record_type": record_type, "ids": sorted(ids), "after": after or 0}
            rows = session.execute(_TOUCHED, asked).all()
            touches = _touches(rows, newest_only=after is None)
            found |= touches
            ids -= {pk for _, pk in touches}
            if len(rows) < LIMIT or not ids:
                break
    return found


def _touches(
    rows: Iterable[Row[tuple[str, int, str, int, str, str]]], *, newest_only: bool
) -> dict[RecordKey, Touch]:
    found: dict[RecordKey, Touch] = {}
    batches: dict[RecordKey, int] = {}
    for row in rows:
        key = (row.record_type, row.record_id)
        if batches.setdefault(key, row.batch_id) == row.batch_id or not newest_only:
            before = found.get(key, Touch(row.actor_kind, row.actor, frozenset()))
            found[key] = before._replace(fields=before.fields | {row.field})
    return found


def owners_of_models(session: Session, ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """The row ids of the entry and the provider of each of these provider models."""
    columns = select(ProviderModel.id, ProviderModel.entry_id, ProviderModel.provider_id)
    rows = session.execute(columns.where(ProviderModel.id.in_(ids)))
    return {pk: (entry, provider) for pk, entry, provider in rows}


def item_states(session: Session, ids: Collection[int]) -> dict[int, ItemState]:
    """What these items of the review queue have become."""
    columns = select(SyncItem.id, SyncItem.state, SyncItem.decided_by)
    rows = session.execute(columns.where(SyncItem.id.in_(ids)))
    return {pk: ItemState(state, decided_by) for pk, state, decided_by in rows}
