"""The inverse of logged changes of entries and provider models, record by record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.hashing import same
from app.core.resolve import Protection, resolve, upstream
from app.queries.states import Decision, Record, load_records
from app.services.records import write_decisions
from app.services.write import Action, Edit

_SINCE = "was changed since"
_NOT_UNDONE = {
    "*": "is a new record, and those stay",
    "retired_at": "is for the feeds to say",
}


class ChangeLine(NamedTuple):
    """One logged change, with all that its undo needs."""

    id: int
    batch_id: int
    record_id: int
    field: str
    old: Any
    new: Any
    old_manual: bool
    new_manual: bool
    old_batch_id: int | None
    new_batch_id: int | None
    old_protection: str | None
    new_protection: str | None


class Refused(NamedTuple):
    """A change that was not taken back, and why."""

    record_type: str
    record_id: int
    name: str
    field: str
    why: str


@dataclass(slots=True)
class _Inverse:
    """What becomes of one record."""

    record: Record
    overrides: dict[str, Any]
    values: dict[str, Any]
    sources: dict[str, str]
    protection: Protection
    said: dict[str, tuple[Any, str]]
    decide: dict[str, Decision] = field(default_factory=dict)
    release: set[str] = field(default_factory=set)
    columns: dict[str, Any] = field(default_factory=dict)
    done: int = 0

    @classmethod
    def of(cls, record: Record) -> _Inverse:
        state = record.state
        return cls(
            record,
            record.decided(),
            dict(state.values),
            dict(state.sources),
            state.protection,
            upstream(record.record_type, record.claims.values()),
        )

    def edit(self) -> Edit:
        state = replace(self.record.state, values=self.values, sources=self.sources)
        claims = list(self.record.claims.values())
        kind = self.record.record_type
        after = resolve(kind, claims, self.overrides, state, self.protection)
        return Edit(self.record, after, self.decide, frozenset(self.release), self.columns)


def undo_changes(
    session: Session,
    batch_id: int,
    action: Action,
    record_type: RecordType,
    lines: Sequence[ChangeLine],
    by_feed: bool,
) -> tuple[int, list[Refused]]:
    """Take these changes back in the batch; they are of whole records, ordered by record.

    Taking back what a feed changed makes the former value a person's: the next
    sync would bring the other one again. Returns how many changes were undone,
    and those that were not, without names.
    """
    records = load_records(session, record_type, {line.record_id for line in lines}, lock=True)
    edits: list[Edit] = []
    undone, refused = 0, []
    for record_id, of_record in groupby(lines, key=lambda line: line.record_id):
        record = records.get(record_id)
        if record is None:
            refused += [_refuse(record_type, line, "is gone") for line in of_record]
            continue
        inverse = _Inverse.of(record)
        refused += _invert(inverse, list(of_record), by_feed)
        undone += inverse.done
        if inverse.done:
            edits.append(inverse.edit())
    write_decisions(session, batch_id, action, edits)
    return undone, refused


def _refuse(record_type: str, line: ChangeLine, why: str) -> Refused:
    return Refused(record_type, line.record_id, "", line.field, why)


def _invert(inverse: _Inverse, lines: Sequence[ChangeLine], by_feed: bool) -> list[Refused]:
    refused = []
    record_type = inverse.record.record_type
    known = FIELDS[record_type]
    for line in lines:
        if line.field in ("protection", "protection_choice"):
            continue
        if line.field == "retired_at" and not by_feed:
            continue  # what followed from another change follows its undo, too
        if line.field in _NOT_UNDONE or line.field not in known:
            why = _NOT_UNDONE.get(line.field, "cannot be undone")
            refused.append(_refuse(record_type, line, why))
        elif not _stands(inverse.record, line):
            refused.append(_refuse(record_type, line, _SINCE))
        elif line.old_manual or line.new_manual or by_feed:
            _return(inverse, line)
            inverse.done += 1
        # What followed from another change (a name of an entry's) follows its undo, too.
    _return_protection(inverse, lines)
    return refused


def _stands(record: Record, line: ChangeLine) -> bool:
    """Whether nobody changed the field since; the same rule as `write_many.stands`."""
    decision = record.overrides.get(line.field)
    if line.new_manual:
        decided_by = line.new_batch_id or line.batch_id
        return decision is not None and decision.batch_id == decided_by
    is_operators = FIELDS[record.record_type][line.field].owner == "operator"
    if decision is not None:
        return False
    followed = not line.old_manual
    return not (is_operators or followed) or same(record.state.values[line.field], line.new)


def _return(inverse: _Inverse, line: ChangeLine) -> None:
    """The field as it was before the change, and with whom."""
    name = line.field
    is_operators = FIELDS[inverse.record.record_type][name].owner == "operator"
    said, source = inverse.said.get(name, (None, None))
    if line.old_manual or not line.new_manual:
        known = inverse.record.overrides.get(name)
        base = known.base if known else (line.new if is_operators else said)
        inverse.decide[name] = Decision(line.old, base, line.old_batch_id)
        inverse.overrides[name] = line.old
        return
    inverse.release.add(name)
    inverse.overrides.pop(name, None)
    inverse.sources.pop(name, None)
    if is_operators:
        inverse.values[name] = line.old
        return
    inverse.values[name] = said
    if source is not None:
        inverse.sources[name] = source


def _return_protection(inverse: _Inverse, lines: Sequence[ChangeLine]) -> None:
    """The protection from before, unless it was changed since or decisions still need it."""
    state, record = inverse.record.state, inverse.record
    for line in lines:
        if line.field == "protection_choice" and record.protection_choice == line.new:
            inverse.columns["protection_choice"] = line.old
            inverse.done += 1
    rows = [(x.old, x.new) for x in lines if x.field == "protection"]
    rows += [(x.old_protection, x.new_protection) for x in lines if x.new_protection]
    former = next((old for old, new in rows if new == state.protection), None)
    held = bool(inverse.overrides)
    alone = all(line.field in ("protection", "protection_choice") for line in lines)
    if former is not None and (former != "none" or not held) and (inverse.done or alone):
        inverse.protection = former
        inverse.done += bool(alone and not inverse.done)
    elif held and inverse.protection == "none":
        inverse.protection = "fields"
    elif inverse.release and not held and record.protection_choice != "entry":
        inverse.protection = "none"
