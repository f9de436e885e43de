"""Editing records of either kind, and giving them back to the feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.core.fields import FIELDS, RecordType
from app.core.permissions import Actor
from app.core.resolve import Protection, Said, resolve, strongest
from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.lookup import find_entry_id
from app.queries.states import NAME, Record, entry_name_claim, load_records
from app.services.decide import check_opened, check_version, decided, released, resolved
from app.services.flags import ensure_flags
from app.services.transaction import AnySession, writing
from app.services.write import Action, Edit, bump_revision, open_batch, write_edits

EDIT_PERMISSION: dict[RecordType, str] = {
    "entry": "admin:catalog:edit",
    "provider_model": "admin:provider-model:edit",
}
LABELS: dict[RecordType, str] = {"entry": "catalog entry", "provider_model": "provider model"}
FLAG, REFERENCE = "requires_feature_flag", "instruct_model_public_id"


class Written(NamedTuple):
    """What a use case wrote: the record's row id, and its batch, which can be undone."""

    id: int
    batch: str


def edit_record(
    session: AnySession,
    actor: Actor,
    record_type: RecordType,
    record: str | int,
    values: Mapping[str, Any],
    *,
    default_protection: Protection = "entry",
    reason: str | None = None,
    if_match: int | None = None,
    opened: Mapping[str, Any] | None = None,
) -> Written:
    """Make the given values of one record manual and in force.

    ``record`` is its public id, any alias of an entry's, or its row id. ``values``
    have passed `app.core.values.check`; none at all still marks the record as
    decided by a person. ``default_protection`` is the installation's setting,
    ``if_match`` the version the caller saw, ``opened`` the values its editor was
    opened on. Raises `NotFoundError`, `PreconditionError`, `EditConflictError`,
    `ForbiddenError`, `ValidationError` (an instruct model that is none); then
    nothing changed.
    """
    actor.require(EDIT_PERMISSION[record_type])
    with writing(session) as db:
        found = _locked(db, record_type, record)
        check_version(found, if_match)
        check_opened(found, opened or {})
        _check_references(db, found, values)
        edit = decided(found, values, _protection(found, default_protection))
        return Written(found.id, _write(db, Action("edit", actor, reason), [edit]))


def edit_records(
    session: AnySession,
    actor: Actor,
    record_type: RecordType,
    values: Mapping[int, Mapping[str, Any]],
    *,
    default_protection: Protection = "entry",
    reason: str | None = None,
    opened: Mapping[int, Mapping[str, Any]] | None = None,
) -> str:
    """As `edit_record`, for several records by row id in one batch; returns its public id."""
    actor.require(EDIT_PERMISSION[record_type])
    with writing(session) as db:
        found = load_records(db, record_type, list(values), lock=True)
        for missing in values.keys() - found.keys():
            raise NotFoundError(f"there is no {LABELS[record_type]} number {missing}")
        if not _are_visible(db, record_type, list(found)):
            raise NotFoundError(f"one of these is no {LABELS[record_type]} any more")
        edits = []
        for record in found.values():
            check_opened(record, (opened or {}).get(record.id, {}))
            _check_references(db, record, values[record.id])
            protection = _protection(record, default_protection)
            edits.append(decided(record, values[record.id], protection))
        return _write(db, Action("edit", actor, reason), edits)


def reset_record(
    session: AnySession,
    actor: Actor,
    record_type: RecordType,
    record: str | int,
    fields: Sequence[str] | None = None,
    *,
    reason: str | None = None,
    if_match: int | None = None,
) -> Written:
    """Give fields (None: the whole record) back to the feeds.

    A field of the operator's own returns to what it was before a person decided.
    Raises `ValidationError` for a field that is none, and as `edit_record` does.
    """
    actor.require(EDIT_PERMISSION[record_type])
    check_fields(record_type, fields or ())
    with writing(session) as db:
        found = _locked(db, record_type, record)
        check_version(found, if_match)
        given = set(FIELDS[record_type] if fields is None else fields)
        edit = released(found, given, fields is None)
        return Written(found.id, _write(db, Action("reset", actor, reason), [edit]))


def set_protection(
    session: AnySession,
    actor: Actor,
    record_type: RecordType,
    record: str | int,
    protection: Protection,
    *,
    reason: str | None = None,
) -> Written:
    """Choose for one record what a person's edit protects.

    ``entry`` holds everything as it is from now on; ``fields`` lets the feeds
    keep current what nobody edited. Raises `ValidationError` for another word.
    """
    actor.require(EDIT_PERMISSION[record_type])
    if protection not in ("entry", "fields"):
        raise ValidationError("protection must be entry or fields")
    with writing(session) as db:
        found = _locked(db, record_type, record)
        marked = protection == "entry" or found.state.protection != "none"
        edit = resolved(found, found.decided(), protection if marked else "none")
        edit.columns["protection_choice"] = protection
        return Written(found.id, _write(db, Action("protect", actor, reason), [edit]))


def check_fields(record_type: RecordType, fields: Sequence[str]) -> None:
    """Raise `ValidationError` for the first name that is no field of such a record."""
    unknown = sorted(set(fields) - set(FIELDS[record_type]))
    if unknown:
        raise ValidationError(f"a {LABELS[record_type]} has no field {unknown[0]!r}")


def _protection(record: Record, default: Protection) -> Protection:
    if record.state.protection == "entry" and record.protection_choice is None:
        return "entry"
    return strongest(record.protection_choice, default)


def _locked(session: Session, record_type: RecordType, record: str | int) -> Record:
    record_id = record if isinstance(record, int) else _find(session, record_type, record)
    records = load_records(session, record_type, [record_id], lock=True)
    if record_id not in records or not _are_visible(session, record_type, [record_id]):
        raise NotFoundError(f"there is no {LABELS[record_type]} number {record_id}")
    return records[record_id]


def _are_visible(session: Session, record_type: RecordType, ids: Sequence[int]) -> bool:
    """Whether none of them was merged into another, or is a deleted provider's."""
    if record_type == "entry":
        hidden = select(CatalogEntry.id).where(CatalogEntry.merged_into_id.is_not(None))
        return session.scalar(hidden.where(CatalogEntry.id.in_(ids)).limit(1)) is None
    joined = select(ProviderModel.id).join(Provider, Provider.id == ProviderModel.provider_id)
    gone = joined.where(ProviderModel.id.in_(ids), Provider.deleted_at.is_not(None))
    return session.scalar(gone.limit(1)) is None


def _find(session: Session, record_type: RecordType, public_id: str) -> int:
    if record_type == "entry":
        return find_entry_id(session, public_id)
    found = session.scalar(_living(ProviderModel.public_id == public_id))
    if found is None:
        raise NotFoundError(f"there is no provider model {public_id!r}")
    return found


def _living(condition: ColumnElement[bool]) -> Select[int]:
    """The ids of the provider models that are not a deleted provider's."""
    joined = select(ProviderModel.id).join(Provider, Provider.id == ProviderModel.provider_id)
    return joined.where(condition, Provider.deleted_at.is_(None))


def _check_references(session: Session, record: Record, values: Mapping[str, Any]) -> None:
    named = values.get(REFERENCE)
    if named is None:
        return
    problem = None
    if named == record.public_id:
        problem = "must not be the model itself"
    elif session.scalar(_living(ProviderModel.public_id == named)) is None:
        problem = f"names no provider model: there is no {named!r}"
    if problem:
        raise ValidationError(f"{REFERENCE} {problem}", [FieldProblem(REFERENCE, problem)])


def _write(session: Session, action: Action, edits: list[Edit]) -> str:
    batch_id, public_id = open_batch(session, action)
    write_decisions(session, batch_id, action, edits)
    bump_revision(session)
    return public_id


def write_decisions(session: Session, batch_id: int, action: Action, edits: Sequence[Edit]) -> None:
    """Write what people decided, and what follows: names of offers, new feature flags."""
    named = {d.value for e in edits if (d := e.decide.get(FLAG)) and d.value is not None}
    ensure_flags(session, batch_id, named)
    write_edits(session, batch_id, action, [*edits, *_renamed_offers(session, edits)])


def _renamed_offers(session: Session, edits: Sequence[Edit]) -> list[Edit]:
    """A person's name for an entry also reaches its provider models that no person edited."""
    names: dict[int, str | None] = {}
    for edit in edits:
        decides = NAME in edit.decide or NAME in edit.release
        if edit.record.record_type == "entry" and decides:
            decision = edit.decide.get(NAME)
            names[edit.record.id] = decision.value if decision else None
    if not names:
        return []
    ids = session.scalars(
        select(ProviderModel.id).where(
            ProviderModel.entry_id.in_(names), ProviderModel.protection == "none"
        )
    ).all()
    edited = {e.record.id for e in edits if e.record.record_type == "provider_model"}
    offers = load_records(session, "provider_model", set(ids) - edited, lock=True)
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
