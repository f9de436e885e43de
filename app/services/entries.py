"""Editing catalog entries, and giving them back to the feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError, ValidationError
from app.core.fields import FIELDS
from app.core.permissions import Actor
from app.core.resolve import Protection, Said, resolve, strongest
from app.models import ProviderModel
from app.queries.lookup import find_entry_id
from app.queries.states import NAME, Record, entry_name_claim, load_records
from app.services.decide import check_opened, check_version, decided, released, resolved
from app.services.transaction import AnySession, writing
from app.services.write import Action, Edit, bump_revision, open_batch, write_edits

ENTRY_FIELDS = FIELDS["entry"]


def edit_entry(
    session: AnySession,
    actor: Actor,
    entry: str | int,
    values: Mapping[str, Any],
    *,
    default_protection: Protection = "entry",
    reason: str | None = None,
    if_match: int | None = None,
    opened: Mapping[str, Any] | None = None,
) -> int:
    """Make the given values manual and in force; return the entry's row id.

    ``entry`` is its id, any of its aliases, or its row id. ``values`` have passed
    `app.core.values.check`; none at all still marks the entry as decided by a
    person. ``default_protection`` is the installation's setting, ``if_match`` the
    version the caller saw, ``opened`` the values its editor was opened on. Raises
    `NotFoundError`, `PreconditionError`, `EditConflictError`, `ForbiddenError`;
    then nothing changed.
    """
    actor.require("admin:catalog:edit")
    with writing(session) as db:
        record = _locked(db, entry)
        check_version(record, if_match)
        check_opened(record, opened or {})
        protection = strongest(record.protection_choice, default_protection)
        if record.state.protection == "entry" and record.protection_choice is None:
            protection = "entry"
        action = Action("edit", actor, reason)
        _write(db, action, [decided(record, values, protection)])
        return record.id


def reset_entry(
    session: AnySession,
    actor: Actor,
    entry: str | int,
    fields: Sequence[str] | None = None,
    *,
    reason: str | None = None,
    if_match: int | None = None,
) -> int:
    """Give fields (None: the whole entry) back to the feeds; return the entry's row id.

    A field of the operator's own returns to what it was before a person decided.
    Raises `ValidationError` for a field that is none, and as `edit_entry` does.
    """
    actor.require("admin:catalog:edit")
    unknown = sorted(set(fields or ()) - set(ENTRY_FIELDS))
    if unknown:
        raise ValidationError(f"an entry has no field {unknown[0]!r}")
    with writing(session) as db:
        record = _locked(db, entry)
        check_version(record, if_match)
        edit = released(record, set(ENTRY_FIELDS if fields is None else fields), fields is None)
        _write(db, Action("reset", actor, reason), [edit])
        return record.id


def set_protection(
    session: AnySession,
    actor: Actor,
    entry: str | int,
    protection: Protection,
    *,
    reason: str | None = None,
) -> int:
    """Choose for one entry what a person's edit protects; return the entry's row id.

    ``entry`` holds everything as it is from now on; ``fields`` lets the feeds
    keep current what nobody edited. Raises `ValidationError` for another word.
    """
    actor.require("admin:catalog:edit")
    if protection not in ("entry", "fields"):
        raise ValidationError("protection must be entry or fields")
    with writing(session) as db:
        record = _locked(db, entry)
        marked = protection == "entry" or record.state.protection != "none"
        edit = resolved(record, record.decided(), protection if marked else "none")
        edit.columns["protection_choice"] = protection
        _write(db, Action("protect", actor, reason), [edit])
        return record.id


def _locked(session: Session, entry: str | int) -> Record:
    entry_id = entry if isinstance(entry, int) else find_entry_id(session, entry)
    records = load_records(session, "entry", [entry_id], lock=True)
    if entry_id not in records:
        raise NotFoundError(f"there is no catalog entry number {entry_id}")
    return records[entry_id]


def _write(session: Session, action: Action, edits: list[Edit]) -> None:
    batch_id, _ = open_batch(session, action)
    write_edits(session, batch_id, action, edits + _renamed_offers(session, edits))
    bump_revision(session)


def _renamed_offers(session: Session, edits: Sequence[Edit]) -> list[Edit]:
    """A person's name for an entry also reaches its provider models that no person edited."""
    names: dict[int, str | None] = {}
    for edit in edits:
        if NAME in edit.decide or NAME in edit.release:
            decision = edit.decide.get(NAME)
            names[edit.record.id] = decision.value if decision else None
    if not names:
        return []
    ids = session.scalars(
        select(ProviderModel.id).where(
            ProviderModel.entry_id.in_(names), ProviderModel.protection == "none"
        )
    ).all()
    offers = load_records(session, "provider_model", ids, lock=True)
    return [
        _renamed(offer, names[offer.entry_id or 0])
        for offer in offers.values()
        if offer.state.protection == "none"  # as it is now that it is locked
    ]


def _renamed(offer: Record, name: str | None) -> Edit:
    offer.claims.pop(0, None)
    claims: list[Said] = list(offer.claims.values())
    if name is not None:
        claims.append(entry_name_claim(name))
    after = resolve("provider_model", claims, offer.decided(), offer.state, "none")
    return Edit(offer, after)
