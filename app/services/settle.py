"""Puts a feed's new word on known records in force: what counts of it, and what is held back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType, feed_fields
from app.core.hashing import same
from app.core.holding import Held, Key
from app.core.plan import ClaimChange
from app.models import Claim, ProviderModel
from app.queries.states import NAME, Record, chunks, load_records
from app.services.decide import settled
from app.services.sync_run import ItemRow, Run
from app.services.write import Edit, insert_rows, write_edits

_KEYS = ("feed_id", "record_type", "record_id")
_WORDS = ("fields", "about", "content_hash", "changed_at", "last_seen_at", "misses")


@dataclass(slots=True)
class _Chunk:
    """What becomes of some records."""

    edits: list[Edit] = field(default_factory=list)
    new_claims: list[dict[str, Any]] = field(default_factory=list)
    changed_claims: list[dict[str, Any]] = field(default_factory=list)
    misses: dict[int, int] = field(default_factory=dict)


def settle(
    run: Run,
    record_type: RecordType,
    changes: Mapping[int, ClaimChange],
    misses: Mapping[int, int],
) -> None:
    """Write what the feed says of known records, and what follows from it.

    ``changes`` are its claims by row id; ``misses`` the misses of records whose
    claim stays. The records are locked and resolved against what people decided
    as it is now, so that an edit made since the plan stands.
    """
    for some in chunks(sorted(changes.keys() | misses.keys())):
        records = load_records(run.session, record_type, some, lock=True)
        names = _raw_ids(run.session, records) if record_type == "provider_model" else {}
        chunk = _Chunk()
        for record in records.values():
            name = _name_of(record, names)
            if record.id in changes:
                _heard(run, record, name, changes[record.id], chunk)
            else:
                _missed(run, record, name, misses[record.id], chunk)
        write_claims(run.session, chunk.new_claims, chunk.changed_claims)
        write_misses(run, record_type, chunk.misses)
        write_edits(run.session, run.batch_id, run.action, chunk.edits)


def _raw_ids(session: Session, records: Mapping[int, Record]) -> dict[int, str]:
    nameless = [r.id for r in records.values() if not r.state.values.get(NAME)]
    found = select(ProviderModel.id, ProviderModel.raw_id).where(ProviderModel.id.in_(nameless))
    return dict(session.execute(found).all()) if nameless else {}


def _name_of(record: Record, raw_ids: Mapping[int, str]) -> str:
    return str(record.state.values.get(NAME) or raw_ids.get(record.id) or record.public_id)[:255]


def _heard(run: Run, record: Record, name: str, change: ClaimChange, chunk: _Chunk) -> None:
    """The feed lists the record, with a new word or again."""
    former = record.claims.get(run.feed.id)
    words = _Words(run, record, name, former.fields if former else None)
    accepted = words.weigh(change.fields)
    record.claims[run.feed.id] = run.said(accepted, record.record_type, change.misses)
    edit = settled(record, run.moment)
    if _whole_change(edit) == "reactivated" and words.is_whole_held("reactivated"):
        return
    row = _claim_row(run, record, change, accepted)
    (chunk.new_claims if former is None else chunk.changed_claims).append(row)
    words.note(edit, accepted)
    _write(run, record, edit, chunk, only_held=words.has_held)


def _missed(run: Run, record: Record, name: str, misses: int, chunk: _Chunk) -> None:
    """The feed's word stays; it does not list the record, or (of an entry) lists more or less."""
    former = record.claims.get(run.feed.id)
    if former is None:
        return
    limit = run.feed.miss_limit
    record.claims[run.feed.id] = run.said(former.fields, record.record_type, misses)
    edit = settled(record, run.moment)
    words = _Words(run, record, name, former.fields)
    what = _whole_change(edit) or ("dropped" if edit.changed_fields() else None)
    if what is not None and words.is_whole_held(what):
        if what != "reactivated":
            chunk.misses[record.id] = min(misses, limit - 1)
        return
    if misses < limit:
        words.overtake_whole()
    chunk.misses[record.id] = misses
    if what == "dropped":
        run.note(words.item("dropped"))
    words.note(edit, former.fields)
    _write(run, record, edit, chunk, only_held=False)


def _whole_change(edit: Edit) -> str | None:
    """Whether the record is retired or comes back."""
    if "retired_at" not in edit.columns:
        return None
    return "reactivated" if edit.columns["retired_at"] is None else "retired"


def _write(run: Run, record: Record, edit: Edit, chunk: _Chunk, *, only_held: bool) -> None:
    if edit.changed_fields():
        edit.columns["last_synced_at"] = run.moment
    if edit.has_effect():
        chunk.edits.append(edit)
    if (whole := _whole_change(edit)) is not None:
        what = whole
        told = {"record_type": record.record_type, "id": record.public_id}
        (run.gone if whole == "retired" else run.back).append(told)
    elif edit.changed_fields():
        what = "updated"
    elif not same(edit.after.drift, record.state.drift):
        what = "protected"
    else:
        run.tally.only_held += only_held and record.record_type == "provider_model"
        return
    run.tally.count(record.record_type, what)


@dataclass(slots=True)
class _Words:
    """A feed's old and new word on one record, field by field."""

    run: Run
    record: Record
    name: str
    former: Mapping[str, Any] | None
    has_held: bool = False

    def weigh(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """What counts of the new word; what does not is noted and keeps its former value."""
        accepted = dict(said)
        for name, old, new in self._differences(said):
            key: Key = (self.record.record_type, self.record.id, name)
            in_force = self.record.state.values.get(name)
            held = self.run.policy.field_held(key, self.record.version, (old, new), in_force)
            if held is None:
                continue
            self._hold(held, name, old, new)
            accepted.pop(name, None)
            if old is not None:
                accepted[name] = old
        self._overtake(said)
        return accepted

    def _differences(self, said: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
        former = self.former or {}
        for field_ in feed_fields(self.record.record_type):
            old, new = former.get(field_.name), said.get(field_.name)
            if not same(old, new):
                yield field_.name, old, new

    def _hold(self, held: Held, name: str, old: Any, new: Any) -> None:
        self.has_held = True
        if held.kept is not None:
            return
        item = self.item(self._kind(name, {name}), name, old, new)
        self.run.note(item.held(held.verdict))

    def is_whole_held(self, kind: str) -> bool:
        """Whether the record is not retired, or brought back, until a person says so."""
        key = (self.record.record_type, self.record.id, None)
        held = self.run.policy.whole_held(key, self.record.version)
        if held is not None and held.kept is None:
            self.run.note(self.item(kind).held(held.verdict))
        return held is not None

    def overtake_whole(self) -> None:
        """It is listed: to retire it is off the table, to bring it back is not."""
        item = self.run.policy.records.get((self.record.record_type, self.record.id, None))
        if item is not None and self.record.retired_at is None:
            self.run.overtake([item.id])

    def _overtake(self, said: Mapping[str, Any]) -> None:
        """What was open and is not what the feed says any more."""
        self.overtake_whole()
        for name in FIELDS[self.record.record_type]:
            key = (self.record.record_type, self.record.id, name)
            item = self.run.policy.records.get(key)
            if item is not None and not same(item.new, said.get(name)):
                self.run.overtake([item.id])

    def note(self, edit: Edit, accepted: Mapping[str, Any]) -> None:
        """Keep what counts of the new word as items."""
        if (whole := _whole_change(edit)) is not None:
            self.run.note(self.item(whole))
        if self.former is None:
            self.run.note(self.item("claimed"))
        changed = set(edit.changed_fields())
        for name, old, new in self._differences(accepted):
            kind = self._kind(name, changed)
            if kind != "outranked" or self.former is not None:
                self.run.note(self.item(kind, name, old, new))

    def _kind(self, name: str, changed: set[str]) -> str:
        if name in self.record.overrides:
            return "protected"
        if self.record.state.protection == "entry":
            return "drift"
        return "updated" if name in changed else "outranked"

    def item(self, kind: str, name: str | None = None, old: Any = None, new: Any = None) -> ItemRow:
        """One item about this record; ``old`` and ``new`` are the feed's words."""
        record = self.record
        in_force = record.state.values.get(name) if name else None
        return ItemRow(
            kind,
            record.record_type,
            record.id,
            self.name,
            name,
            in_force,
            new,
            old,
            base_version=record.version,
        )


def _claim_row(
    run: Run, record: Record, change: ClaimChange, accepted: Mapping[str, Any]
) -> dict[str, Any]:
    return claim_row(run, record.record_type, record.id, change) | {"fields": dict(accepted)}


def claim_row(
    run: Run, record_type: RecordType, record_id: int, change: ClaimChange
) -> dict[str, Any]:
    """The row of a claim, all of it believed."""
    return {
        "feed_id": run.feed.id,
        "record_type": record_type,
        "record_id": record_id,
        "fields": dict(change.fields),
        "about": None if change.about is None else dict(change.about),
        "content_hash": change.content_hash,
        "first_seen_at": run.moment,
        "changed_at": run.moment,
        "last_seen_at": run.moment,
        "misses": change.misses,
    }


def write_claims(
    session: Session, new: Sequence[Mapping[str, Any]], changed: Sequence[Mapping[str, Any]]
) -> None:
    """Insert new claims, and put changed ones in the place of what the feed said before."""
    insert_rows(session, Claim, new)
    if not changed:
        return
    table = Claim.__table__
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(*(table.c[name] == bindparam(f"_{name}") for name in _KEYS))
        .values({name: bindparam(f"_{name}", type_=table.c[name].type) for name in _WORDS})
    )
    rows = [{f"_{name}": row[name] for name in (*_KEYS, *_WORDS)} for row in changed]
    session.connection().execute(statement, rows)


def write_misses(run: Run, record_type: RecordType, misses: Mapping[int, int]) -> None:
    """Note in how many answers in a row these records were absent."""
    mine = (Claim.feed_id == run.feed.id, Claim.record_type == record_type)
    last = run.feed.last_success_at or run.moment
    for number in sorted(set(misses.values())):
        ids = [record_id for record_id, count in misses.items() if count == number]
        for some in chunks(ids):
            these = (*mine, Claim.record_id.in_(some))
            # It was last seen in the answer before the first that lacks it.
            seen = update(Claim).where(*these, Claim.misses == 0)
            run.session.execute(seen.values(last_seen_at=last))
            run.session.execute(update(Claim).where(*these).values(misses=number))
