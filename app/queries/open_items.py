"""What of a feed's word was held back or refused before, and not decided otherwise since."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.holding import Key, OpenItem
from app.models import SyncItem
from app.queries.states import chunks

STATES = ("waiting", "rejected")


@dataclass(slots=True)
class OpenItems:
    """A feed's open items by what they are about.

    ``records`` by record type, row id and field (None: the record as a whole);
    ``targets`` are records that do not exist, by `target_of`.
    """

    records: dict[Key, OpenItem] = field(default_factory=dict)
    targets: dict[str, OpenItem] = field(default_factory=dict)


def target_of(provider: str, raw_id: str) -> str:
    """How an item names a provider model that does not exist."""
    return f"{provider}\n{raw_id}"


def open_items(session: Session, feed_id: int) -> OpenItems:
    """All open items of a feed."""
    columns = (SyncItem.record_type, SyncItem.record_id, SyncItem.field, SyncItem.target)
    statement = select(SyncItem.id, SyncItem.new, SyncItem.state, *columns).where(
        SyncItem.feed_id == feed_id, SyncItem.state.in_(STATES)
    )
    found = OpenItems()
    for pk, new, state, record_type, record_id, name, target in session.execute(statement):
        item = OpenItem(pk, new, state)
        if record_id is not None:
            found.records[record_type, record_id, name] = item
        elif target is not None:
            found.targets[target] = item
    return found


def open_values(
    session: Session, record_type: str, ids: Iterable[int]
) -> dict[tuple[int, int], dict[str, Any]]:
    """The values that are held back of these records: by feed and record, then by field."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for some in chunks(sorted(ids)):
        statement = select(
            SyncItem.feed_id, SyncItem.record_id, SyncItem.field, SyncItem.new
        ).where(
            SyncItem.record_type == record_type,
            SyncItem.record_id.in_(some),
            SyncItem.state.in_(STATES),
            SyncItem.field.is_not(None),
        )
        for feed_id, record_id, name, new in session.execute(statement):
            found.setdefault((feed_id, record_id or 0), {})[name or ""] = new
    return found
