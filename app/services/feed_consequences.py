"""What another priority, trust or name of a feed puts in force, record by record.

The same computation shows it beforehand and does it: nobody confirms one thing
and gets another.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.hashing import canonical, same
from app.models import Claim, now
from app.queries.states import (
    CHUNK,
    NAME,
    Record,
    load_records,
    trusted_fields,
    trusted_model_fields,
)
from app.services.decide import resolved, settled
from app.services.write import Edit

EXAMPLES = 50
# Settings that decide what a feed's claims count for.
WEIGHING = ("name", "priority", "trusted_fields", "trusted_model_fields", "miss_limit")


class Example(NamedTuple):
    """One value that another takes the place of; ``name`` is what people call the record."""

    record_type: RecordType
    record_id: int
    public_id: str
    name: str
    field: str
    old: Any
    old_source: str | None
    new: Any
    new_source: str | None


@dataclass(frozen=True, slots=True)
class Weight:
    """What a feed's word counts for: its name, rank, what it is trusted with, when it is gone."""

    name: str
    priority: int
    trusted: Mapping[RecordType, frozenset[str] | None]
    miss_limit: int

    @classmethod
    def of(cls, kind: str, settings: Mapping[str, Any]) -> Weight:
        """From a feed's kind and settings."""
        return cls(
            settings["name"],
            settings["priority"],
            {
                "entry": trusted_fields(kind, settings["trusted_fields"]),
                "provider_model": trusted_model_fields(settings["trusted_model_fields"]),
            },
            settings["miss_limit"],
        )


@dataclass(slots=True)
class FeedConsequences:
    """What a change of a feed's settings changes in force.

    ``checked`` are the records looked at, ``records`` those that change, by record type;
    ``counts`` the values, by record type and field; ``moved`` values that stay and are another
    feed's then; ``drifting`` records of which only what feeds say instead changes.
    ``fingerprint`` stands for exactly this set of changes.
    """

    checked: int = 0
    records: Counter[RecordType] = field(default_factory=Counter)
    counts: Counter[tuple[RecordType, str]] = field(default_factory=Counter)
    moved: int = 0
    drifting: int = 0
    retired: int = 0
    reactivated: int = 0
    examples: list[Example] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def values(self) -> int:
        """How many values in force become others."""
        return sum(self.counts.values())

    @property
    def is_visible(self) -> bool:
        """Whether anything in force, or whether a record is there, changes."""
        return bool(self.counts or self.retired or self.reactivated)


class Weighing:
    """Goes through a feed's records, and keeps account of what changes."""

    def __init__(
        self, session: Session, feed_id: int, before: Weight, after: Weight, seed: Any
    ) -> None:
        self.session = session
        self.feed_id = feed_id
        self.before = before
        self.after = after
        self.found = FeedConsequences()
        self._moment = now()
        self._digest = hashlib.blake2b(canonical(seed).encode(), digest_size=16)

    def edits(self, *, lock: bool = False) -> Iterator[list[Edit]]:
        """All that changes, in runs of whole records; afterwards `found` is complete.

        ``lock`` keeps others from changing the records, in the order of their ids.
        """
        for record_type in FIELDS:
            for misses in self._claims(record_type):
                records = load_records(self.session, record_type, list(misses), lock=lock)
                self.found.checked += len(records)
                edits = [self._edit(record, misses[i]) for i, record in records.items()]
                changed = [edit for edit in edits if edit.has_effect()]
                self._count(record_type, changed)
                yield changed
        self.found.fingerprint = self._digest.hexdigest()

    def _claims(self, record_type: RecordType) -> Iterator[dict[int, int]]:
        """The records the feed has claims on, with its misses, some at a time."""
        mine = (Claim.feed_id == self.feed_id, Claim.record_type == record_type)
        some = select(Claim.record_id, Claim.misses).order_by(Claim.record_id).limit(CHUNK)
        last = 0
        while rows := self.session.execute(some.where(*mine, Claim.record_id > last)).all():
            yield {row.record_id: row.misses for row in rows}
            last = rows[-1].record_id

    def _edit(self, record: Record, misses: int) -> Edit:
        was_live = misses < self.before.miss_limit
        said = replace(
            record.claims[self.feed_id],
            feed=self.after.name,
            priority=self.after.priority,
            trusted=self.after.trusted[record.record_type],
            live=misses < self.after.miss_limit,
        )
        claims = record.claims | {self.feed_id: said}
        state = replace(record.state, sources=self._renamed(record.state.sources))
        weighed = replace(record, claims=claims, state=state)
        if said.live != was_live:
            edit = settled(weighed, self._moment)
        else:
            edit = resolved(weighed, weighed.decided(), weighed.state.protection)
        edit.record = record
        return edit

    def _renamed(self, sources: Mapping[str, str]) -> Mapping[str, str]:
        if self.before.name == self.after.name:
            return sources
        names = {self.before.name: self.after.name}
        return {name: names.get(source, source) for name, source in sources.items()}

    def _count(self, record_type: RecordType, edits: Sequence[Edit]) -> None:
        shown: list[Edit] = []
        for edit in edits:
            fields = edit.changed_fields()
            self._count_rest(edit, fields)
            if not fields and "retired_at" not in edit.columns:
                continue
            self.found.records[record_type] += 1
            self.found.counts.update((record_type, name) for name in fields)
            if fields and len(self.found.examples) + len(shown) < EXAMPLES:
                shown.append(edit)
            values = {name: edit.after.values[name] for name in fields}
            retired = edit.columns.get("retired_at", 0)
            kept = [record_type, edit.record.id, values, retired is None or bool(retired)]
            self._digest.update(canonical(kept).encode("utf-8", "surrogatepass"))
        self._show(record_type, shown)

    def _count_rest(self, edit: Edit, fields: Sequence[str]) -> None:
        sources = self._renamed(edit.record.state.sources)
        self.found.moved += sum(
            source != sources.get(name) and name not in fields
            for name, source in edit.after.sources.items()
        )
        self.found.drifting += not fields and not same(edit.record.state.drift, edit.after.drift)
        if "retired_at" in edit.columns:
            gone = edit.columns["retired_at"] is not None
            self.found.retired += gone
            self.found.reactivated += not gone

    def _show(self, record_type: RecordType, edits: Sequence[Edit]) -> None:
        for edit in edits:
            before, after = edit.record.state, edit.after
            name = before.values[NAME] or after.values[NAME] or edit.record.public_id
            self.found.examples += [
                Example(
                    record_type,
                    edit.record.id,
                    edit.record.public_id,
                    cast("str", name),
                    one,
                    *(before.values[one], before.sources.get(one)),
                    *(after.values[one], after.sources.get(one)),
                )
                for one in edit.changed_fields()
            ]
        del self.found.examples[EXAMPLES:]
