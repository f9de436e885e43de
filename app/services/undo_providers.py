"""The inverse of logged changes of providers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.hashing import same
from app.core.providers import DEFAULTS
from app.models import Change, Provider, now
from app.services.provider_rows import (
    KEY,
    holders_of,
    living_namesake,
    lock_providers,
    value_of,
    write_provider,
)
from app.services.undo_records import ChangeLine, Refused

_SINCE = "was changed since"


def undo_provider_changes(
    session: Session, batch_id: int, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take changes of providers back, logged in the undoing batch; what was changed since stays.

    Returns how many were, and those that were not. Inside the caller's transaction.
    """
    lock_providers(session)
    session.expire_all()
    undone, refused = 0, []
    ordered = sorted(lines, key=lambda line: (line.record_id, line.id))
    for provider_id, group in groupby(ordered, key=lambda line: line.record_id):
        mine = list(group)
        provider = session.get(Provider, provider_id)
        wanted, why = _wanted(provider, mine)
        undoes = mine[0].batch_id
        before = _values(provider, mine)
        why |= restore_fields(session, provider_id, wanted, batch_id=batch_id, undoes_id=undoes)
        name = provider.name if provider is not None else ""
        refused += [Refused("provider", provider_id, name, f, w) for f, w in why.items()]
        after = _values(provider, mine)
        undone += sum(not same(before[name], after[name]) for name in before)
    return undone, refused


def _values(provider: Provider | None, lines: Sequence[ChangeLine]) -> dict[str, Any]:
    """What the changed fields are now; of a creation, whether the provider is deleted."""
    names = {"deleted_at" if line.field == "*" else line.field for line in lines} - {KEY}
    return {name: value_of(provider, name) for name in names if provider is not None}


def _wanted(
    provider: Provider | None, lines: Sequence[ChangeLine]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values to return to, by field, and the fields that have become something else since."""
    wanted: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for line in lines:
        if provider is None or line.field in (KEY, "*"):
            wanted[line.field] = line.old
            continue
        now_there = value_of(provider, line.field)
        if same(now_there, line.new) or same(now_there, line.old):
            wanted[line.field] = line.old
        else:
            refused[line.field] = _SINCE
    return wanted, refused


def restore_fields(
    session: Session,
    provider_id: int,
    values: Mapping[str, Any],
    *,
    batch_id: int,
    undoes_id: int | None = None,
) -> dict[str, str]:
    """Put former values in force again, inside the caller's transaction and in its batch.

    ``values`` are old values by the change log's field names; ``"*"`` with None takes back that
    the provider was created. Returns why a field was refused, by name; the others are written.
    ``undoes_id`` is the batch being undone: only from a provider to which it gave a default
    is the default taken back. The caller ends with `bump_revision`.
    """
    provider = session.get(Provider, provider_id, with_for_update={"key_share": True})
    if provider is None:
        return dict.fromkeys(values, "belongs to a provider that is not there")
    if "*" in values and values["*"] is None:
        values = {"deleted_at": provider.deleted_at or now()}
    gone = provider.deleted_at is not None and values.get("deleted_at", 0) is not None
    refused = {
        name: why
        for name, value in values.items()
        if (why := _refusal(session, provider, (name, value), gone, undoes_id))
    }
    changed = {
        name: value
        for name, value in values.items()
        if name not in refused and not same(value_of(provider, name), value)
    }
    if changed:
        write_provider(session, batch_id, provider, changed)
    return refused


def _refusal(
    session: Session,
    provider: Provider,
    wish: tuple[str, Any],
    gone: bool,
    undoes_id: int | None,
) -> str | None:
    name, value = wish
    if name == KEY:
        return "cannot be put back: a former key is not kept"
    if gone and name != "deleted_at":
        return "belongs to a deleted provider: bring that back first"
    comes_back = name == "deleted_at" and value is None
    if comes_back or name == "name":
        taken = living_namesake(session, provider.name if comes_back else value, provider.id)
        if taken is not None:
            return f"stays: there is another provider named {taken} now"
    if name in DEFAULTS and value:
        return _default_refusal(session, provider, name, undoes_id)
    return None


def _default_refusal(
    session: Session, provider: Provider, name: str, undoes_id: int | None
) -> str | None:
    """Why this default is not to be taken from whoever has it now."""
    for holder in holders_of(session, provider, name):
        if holder.deleted_at is not None:
            continue
        given_by = session.scalar(
            select(Change.batch_id)
            .where(
                Change.record_type == "provider",
                Change.record_id == holder.id,
                Change.field.in_((name, "*")),
            )
            .order_by(Change.id.desc())
            .limit(1)
        )
        if given_by is None or given_by != undoes_id:
            return f"stays: {holder.name} has it now"
    return None
