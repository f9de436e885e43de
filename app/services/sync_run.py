"""One apply under way: its feed, its batch, what it decides by, and what it found so far."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.core.guards import Verdict
from app.core.holding import Policy
from app.core.plan import Ref
from app.core.resolve import Said
from app.models import Feed, SyncItem, now
from app.queries.states import chunks, trusted_fields, trusted_model_fields
from app.services.write import Action, insert_rows

COUNTED = ("added", "updated", "protected", "retired", "reactivated", "quarantined")
# Items are written in runs of so many, so that a large feed needs little memory.
KEPT = 2_000


class ItemRow(NamedTuple):
    """A row of `sync_items` to be."""

    kind: str
    record_type: str
    record_id: int | None
    name: str
    field: str | None = None
    old: Any = None
    new: Any = None
    said_old: Any = None
    state: str = "applied"
    reason: str | None = None
    message: str | None = None
    size: float | None = None
    target: str | None = None
    payload: Mapping[str, Any] | None = None
    base_version: int | None = None
    id: int | None = None
    # The open item that this one takes the place of.
    overtakes: int | None = None

    def held(self, verdict: Verdict) -> ItemRow:
        """The same, waiting for a person."""
        return self._replace(
            state="waiting", reason=verdict.reason, message=verdict.message, size=verdict.size
        )


@dataclass(slots=True)
class ItemStore:
    """Items that are kept in memory: all but the last of them compressed."""

    _packed: list[bytes] = field(default_factory=list)
    last: list[ItemRow] = field(default_factory=list)

    def add(self, item: ItemRow) -> None:
        """Keep an item."""
        self.last.append(item)
        if len(self.last) >= KEPT:
            text = json.dumps(self.last, ensure_ascii=False, default=dict)
            self._packed.append(zlib.compress(text.encode("utf-8", "surrogatepass"), 1))
            self.last.clear()

    def parts(self) -> Iterator[Sequence[ItemRow]]:
        """The items in their order, in runs of some."""
        for packed in self._packed:
            text = zlib.decompress(packed).decode("utf-8", "surrogatepass")
            yield [ItemRow(*values) for values in json.loads(text)]
        if self.last:
            yield self.last

    def __iter__(self) -> Iterator[ItemRow]:
        for part in self.parts():
            yield from part


@dataclass(slots=True)
class Tally:
    """What a sync did, in records; quarantined counts what waits for a person since now."""

    counts: dict[str, dict[str, int]] = field(
        default_factory=lambda: {
            "provider_model": dict.fromkeys(COUNTED, 0),
            "entry": dict.fromkeys(COUNTED, 0),
        }
    )
    # Provider models of which all that is new waits for a person.
    only_held: int = 0

    def count(self, record_type: str, what: str, number: int = 1) -> None:
        """Add to one of the counts."""
        self.counts[record_type][what] += number


@dataclass(slots=True)
class Run:
    """One apply. ``run_id`` is the sync run its items belong to; None keeps them in memory."""

    session: Session
    feed: Feed
    batch_id: int
    action: Action
    policy: Policy
    run_id: int | None = None
    moment: int = field(default_factory=now)
    provider_ids: dict[str, int] = field(default_factory=dict)
    entry_ids: dict[str, int] = field(default_factory=dict)
    model_ids: dict[tuple[Ref, str], int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    items: ItemStore = field(default_factory=ItemStore)
    overtaken: set[int] = field(default_factory=set)
    # Entries and provider models that went or came back, for those who want to know.
    gone: list[dict[str, str]] = field(default_factory=list)
    back: list[dict[str, str]] = field(default_factory=list)

    def entry_id(self, ref: Ref) -> int:
        """The row id behind a reference to an entry."""
        return ref if isinstance(ref, int) else self.entry_ids[ref]

    def provider_id(self, ref: Ref) -> int:
        """The row id behind a reference to a provider."""
        return ref if isinstance(ref, int) else self.provider_ids[ref]

    def said(self, fields: Mapping[str, Any], record_type: RecordType, misses: int = 0) -> Said:
        """This feed's claim on a record, as `app.core.resolve` takes it."""
        trusted = trusted_model_fields(self.feed.trusted_model_fields)
        if record_type == "entry":
            trusted = trusted_fields(self.feed.kind, self.feed.trusted_fields)
        live = misses < self.feed.miss_limit
        return Said(self.feed.name, self.feed.priority, fields, trusted, live)

    def note(self, item: ItemRow) -> None:
        """Keep an item; what waits for a person is counted.

        An item of a kept plan that was made again keeps its id.
        """
        if (chosen := self.policy.chosen) is not None:
            known = chosen.find(item.record_type, item.record_id, item.field, item.target)
            item = item._replace(id=known.id if known else None)
        if item.state == "waiting":
            self.tally.count(item.record_type, "quarantined")
        if item.overtakes is not None:
            self.overtaken.add(item.overtakes)
        if self.run_id is not None and len(self.items.last) >= KEPT - 1:
            self.write_items()
        self.items.add(item)

    def overtake(self, item_ids: Sequence[int]) -> None:
        """These open items are no longer what the feed says."""
        self.overtaken.update(item_ids)

    def write_items(self) -> None:
        """Write the items kept so far, and mark those that are overtaken."""
        if self.run_id is None:
            return
        end_items(self.session, self.overtaken, "superseded")
        self.overtaken.clear()
        last = self.items.last
        write_items(self.session, last, self.run_id, self.feed.id, batch_id=self.batch_id)
        last.clear()


def write_items(
    session: Session,
    items: Sequence[ItemRow],
    run_id: int,
    feed_id: int,
    *,
    batch_id: int | None,
) -> None:
    """Insert items of a run; those that are applied name the batch that applied them."""
    moment = now()
    for with_id in (False, True):
        rows = [
            item._asdict()
            | {
                "run_id": run_id,
                "feed_id": feed_id,
                "batch_id": batch_id if item.state == "applied" else None,
                "created_at": moment,
            }
            for item in items
            if (item.id is not None) is with_id
        ]
        for row in rows:
            del row["overtakes"]
            if not with_id:
                del row["id"]
        insert_rows(session, SyncItem, rows)


def end_items(session: Session, ids: set[int], state: str) -> None:
    """Give open items of these row ids another state."""
    for some in chunks(sorted(ids)):
        open_ones = (SyncItem.id.in_(some), SyncItem.state.in_(("waiting", "rejected")))
        session.execute(update(SyncItem).where(*open_ones).values(state=state))
