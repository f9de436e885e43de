"""What of a feed's word counts, value by value, and what is held back for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.core.guards import Verdict, judge
from app.core.hashing import same

# Record type, row id, and the field; None: the record as a whole.
Key = tuple[str, int, str | None]


class OpenItem(NamedTuple):
    """A value of the feed that waits for a person or was rejected. ``new`` is what it said."""

    id: int
    new: Any
    state: str


class PlannedItem(NamedTuple):
    """An item of a kept plan, as a person has seen it."""

    id: int
    new: Any
    reason: str | None
    base_version: int | None


class Held(NamedTuple):
    """Why a value does not count; ``kept`` is the open item that says so already, if there is."""

    verdict: Verdict
    kept: OpenItem | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a person wants of a kept plan: these items, or with ``ids`` None all but held ones."""

    records: Mapping[Key, PlannedItem]
    targets: Mapping[str, PlannedItem]
    ids: frozenset[int] | None = None

    def find(
        self, record_type: str, record_id: int | None, field: str | None, target: str | None
    ) -> PlannedItem | None:
        """The item of the plan about a field of a record, or about a new provider model."""
        if target is not None:
            return self.targets.get(target) if record_type == "provider_model" else None
        return self.records.get((record_type, record_id or 0, field))

    def problem(self, item: PlannedItem | None, version: int | None, new: Any) -> Verdict | None:
        """Why an item of the plan made anew is not applied; None: it is what was chosen."""
        if item is None:
            return Verdict("changed_since", "came up only after the plan was made")
        if self.ids is not None and item.id not in self.ids:
            return Verdict("not_chosen", "was in the plan and was not chosen")
        if item.base_version != version or not same(item.new, new):
            return Verdict("changed_since", "the record changed after the plan was made")
        return None


@dataclass(frozen=True, slots=True)
class Policy:
    """How one run treats what the feed says: its guards, its mode, what was decided before.

    ``limits`` are all thresholds (`app.core.guards.limits_of`), none at all where nothing is
    to be judged; ``review`` holds everything.
    """

    limits: Mapping[str, float]
    review: bool = False
    records: Mapping[Key, OpenItem] = field(default_factory=dict)
    targets: Mapping[str, OpenItem] = field(default_factory=dict)
    chosen: Chosen | None = None

    def field_held(
        self, key: Key, version: int, words: tuple[Any, Any], in_force: Any
    ) -> Held | None:
        """Why a new value of a field does not count; ``words``: the one that counts, the new one.

        What is in force already is nothing to review.
        """
        old, new = words
        verdict = judge(key[2] or "", old, new, self.limits) if self.limits else None
        if verdict is None and self.review and same(in_force, new) and self.chosen is None:
            return None
        return self._held(self.records.get(key), self._planned(key), (version, new), verdict)

    def whole_held(self, key: Key, version: int, new: Any = None) -> Held | None:
        """Why a known record is not retired (or brought back) by the run."""
        return self._held(self.records.get(key), self._planned(key), (version, new), None)

    def new_held(self, target: str, digest: str) -> Held | None:
        """Why a record that does not exist is not added; ``digest`` is the hash of its content."""
        known = self.targets.get(target)
        verdict = None
        if known is not None and not same(known.new, digest):
            if known.state == "rejected":
                said = "was rejected before, and says something else now"
                verdict = Verdict("rejected_before", said)
            else:
                verdict = Verdict("review", "waits for a person")
            known = None
        planned = self.chosen.targets.get(target) if self.chosen else None
        return self._held(known, planned, (None, digest), verdict)

    def _planned(self, key: Key) -> PlannedItem | None:
        return self.chosen.records.get(key) if self.chosen else None

    def _held(
        self,
        known: OpenItem | None,
        planned: PlannedItem | None,
        now_there: tuple[int | None, Any],
        verdict: Verdict | None,
    ) -> Held | None:
        version, new = now_there
        if self.chosen is not None:
            problem = self.chosen.problem(planned, version, new)
            if problem is not None:
                return Held(problem)
            if self.chosen.ids is not None:
                return None
        elif known is not None and same(known.new, new):
            return Held(verdict or Verdict("review", "waits for a person"), known)
        if verdict is None and self.review:
            verdict = Verdict("review", "the feed is under review")
        return Held(verdict) if verdict is not None else None
