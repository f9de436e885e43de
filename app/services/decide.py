"""What a person's decision makes of one record, of either kind: the edit to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.core.errors import EditConflictError, PreconditionError
from app.core.fields import FIELDS
from app.core.hashing import same
from app.core.resolve import Protection, resolve, upstream
from app.queries.states import Decision, Record
from app.services.write import Edit


def check_version(record: Record, if_match: int | None) -> None:
    """Raise `PreconditionError` unless the record has the version the caller saw (None: any)."""
    if if_match is not None and record.version != if_match:
        raise PreconditionError(
            f"{record.public_id} has version {record.version} now, not {if_match}"
        )


def check_opened(record: Record, opened: Mapping[str, Any]) -> None:
    """Raise `EditConflictError` where a value is no longer the one an editor was opened on."""
    current = {
        name: record.state.values[name]
        for name, value in opened.items()
        if not same(record.state.values[name], value)
    }
    if current:
        raise EditConflictError(f"{', '.join(current)} changed while you were editing", current)


def resolved(record: Record, overrides: Mapping[str, Any], protection: Protection) -> Edit:
    """The edit that puts in force what claims, these overrides and this protection say."""
    claims = list(record.claims.values())
    after = resolve(record.record_type, claims, overrides, record.state, protection)
    return Edit(record, after)


def decided(record: Record, values: Mapping[str, Any], protection: Protection) -> Edit:
    """The edit by which a person decides these values."""
    said = upstream(record.record_type, record.claims.values())
    edit = resolved(record, record.decided() | dict(values), protection)
    for name, value in values.items():
        known = record.overrides.get(name)
        if FIELDS[record.record_type][name].owner == "operator":
            # What a reset returns to: the value before any person decided.
            base = known.base if known else record.state.values[name]
        else:
            base = said.get(name, (None, None))[0]
        edit.decide[name] = Decision(value, base)
    return edit


def released(record: Record, fields: set[str], whole: bool) -> Edit:
    """The edit by which a person gives fields back.

    ``whole`` lifts the protection, too; so does giving back the last manual
    field, unless the person chose to protect this entry as a whole.
    """
    kept = {n: v for n, v in record.decided().items() if n not in fields}
    last_gone = bool(record.overrides) and not kept and record.protection_choice != "entry"
    protection = "none" if whole or last_gone else record.state.protection
    said = upstream(record.record_type, record.claims.values())
    values = dict(record.state.values)
    sources = dict(record.state.sources)
    for name in fields:
        if FIELDS[record.record_type][name].owner == "feeds":
            values[name], source = said.get(name, (None, None))
            sources.pop(name, None)
            if source is not None:
                sources[name] = source
        elif name in record.overrides:
            values[name] = record.overrides[name].base
    base = replace(record.state, values=values, sources=sources)
    after = resolve(record.record_type, list(record.claims.values()), kept, base, protection)
    return Edit(record, after, release=frozenset(fields & record.overrides.keys()))


def settled(record: Record, moment: int) -> Edit:
    """The edit that puts in force what follows from claims that have changed.

    A record that no living feed lists is retired at ``moment`` (Unix seconds).
    """
    edit = resolved(record, record.decided(), record.state.protection)
    living = any(claim.live for feed_id, claim in record.claims.items() if feed_id)
    if living and record.retired_at is not None:
        edit.columns["retired_at"] = None
    elif not living and record.retired_at is None:
        edit.columns["retired_at"] = moment
    return edit
