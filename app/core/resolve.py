"""Who owns a value: from what feeds claim and people decided to what is in force.

Pure functions over plain data. `resolve` is the whole rule:

1. a person's value (override) is in force, whatever feeds say;
2. with protection `entry`, everything else stays as it is, too;
3. fields that are the operator's own are never written by a feed;
4. otherwise the strongest trusted feed that says something about the field
   speaks; where none does, the value is unknown.

What upstream says instead of a value that is kept is its drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.core.fields import FIELDS, Field, Kind, RecordType, feed_fields
from app.core.hashing import same

Protection = Literal["none", "fields", "entry"]
Status = Literal["init", "filled", "updated"]
MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Said:
    """One feed's claim on one record. Smaller `priority` is stronger; names break ties.

    ``trusted`` None means every field; ``live`` is False once the feed has
    dropped the record: then it speaks only where no living feed does.
    """

    feed: str
    priority: int
    fields: Mapping[str, Any]
    trusted: frozenset[str] | None = None
    live: bool = True


@dataclass(frozen=True, slots=True)
class State:
    """What is in force of a record. ``values`` holds every registry field, None where unknown."""

    values: Mapping[str, Any]
    sources: Mapping[str, str]
    drift: Mapping[str, Any]
    protection: Protection
    status: Status
    manual_fields: tuple[str, ...]


def upstream(record_type: RecordType, claims: Iterable[Said]) -> dict[str, tuple[Any, str]]:
    """For each feed-owned field that some feed knows: the value that counts and the feed's name."""
    ranked = sorted(claims, key=lambda c: (not c.live, c.priority, c.feed))
    out: dict[str, tuple[Any, str]] = {}
    for field in feed_fields(record_type):
        for claim in ranked:
            value = claim.fields.get(field.name)
            if value is not None and (claim.trusted is None or field.name in claim.trusted):
                out[field.name] = (value, claim.feed)
                break
    return out


def resolve(
    record_type: RecordType,
    claims: Sequence[Said],
    overrides: Mapping[str, Any],
    current: State,
    protection: Protection,
) -> State:
    """The state that claims, overrides and protection put in force; ``current`` is what holds now.

    ``protection`` other than ``none`` marks the record as edited by a person
    even where no single field is overridden.
    """
    said = upstream(record_type, claims)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    drift: dict[str, Any] = {}
    for name, field in FIELDS[record_type].items():
        value, source = said.get(name, (None, None))
        if name in overrides:
            values[name], sources[name] = overrides[name], MANUAL
        elif field.owner == "operator":
            values[name] = current.values.get(name)
            continue
        elif protection == "entry":
            values[name] = current.values.get(name)
            if kept := current.sources.get(name):
                sources[name] = kept
        else:
            values[name] = value
            if source is not None:
                sources[name] = source
            continue
        if source is not None and not _agrees(field, value, values[name]):
            drift[name] = value
    return State(
        values, sources, drift, protection, _status(protection, said), tuple(sorted(overrides))
    )


def _agrees(field: Field, said: Any, in_force: Any) -> bool:
    """Whether upstream's value is no drift; an unknown flag is shown as off, and is no other."""
    if field.kind is Kind.FLAG and in_force is None:
        return said is False
    return same(said, in_force)


def _status(protection: Protection, said: Mapping[str, object]) -> Status:
    if protection != "none":
        return "updated"
    return "filled" if said else "init"


def strongest(choice: str | None, default: Protection) -> Protection:
    """The protection that an edit gives: the record's own choice, else the installation's."""
    return choice if choice in ("fields", "entry") else default  # type: ignore[return-value]
