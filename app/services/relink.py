"""Gives provider models to other entries, inside one transaction: links, aliases, claims, search.

What a person linked stays linked: a sync keeps the entry of every provider model
that it knows (`app.core.plan`). Each link is an override of its own record type,
so that it holds back nothing else of the provider model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.core.hashing import content_hash, same
from app.core.identity import canonical_id
from app.core.merge import Member, merge_members
from app.models import (
    CatalogEntry,
    Change,
    Claim,
    EntryAlias,
    Feed,
    Override,
    Provider,
    ProviderModel,
    now,
)
from app.queries.open_items import open_values
from app.queries.states import chunks, load_records
from app.services.decide import settled
from app.services.search_index import index_provider_models
from app.services.write import Action, change_row, insert_rows, write_edits

LINK = "model_public_id"
MERGED = "merged_into"
ALIASES = "aliases"
LINK_RECORD = "link"


@dataclass(frozen=True, slots=True)
class Relinking:
    """One batch that changes links."""

    session: Session
    batch_id: int
    action: Action


class _Model(NamedTuple):
    """A provider model on its way to another entry."""

    id: int
    entry_id: int
    raw_id: str
    provider: str

    def spellings(self) -> set[str]:
        return {canonical_id(self.provider, self.raw_id), self.raw_id.lower()}


def lock_feeds(session: Session) -> None:
    """Keep syncs away, and make them plan again: what they knew of links is old now."""
    session.execute(select(Feed.id).order_by(Feed.id).with_for_update())
    session.execute(update(Feed).values(version=Feed.version + 1))


def lock_entries(session: Session, ids: Collection[int]) -> None:
    """Keep others from changing these entries, in the order of ids."""
    for some in chunks(sorted(ids)):
        session.execute(
            select(CatalogEntry.id)
            .where(CatalogEntry.id.in_(some))
            .order_by(CatalogEntry.id)
            .with_for_update(key_share=True)
        )


def relink(job: Relinking, moves: Mapping[int, int], *, linked: bool = True) -> int:
    """Give provider models to entries (row ids); returns how many really moved.

    Aliases follow the models they are spellings of, the entries' claims are made
    anew from their models', and what follows from that is put in force. With
    ``linked`` False the models are nobody's decision afterwards (an undo).
    """
    models = [m for m in _models(job.session, moves, lock=True) if m.entry_id != moves[m.id]]
    if not models:
        return 0
    touched = {m.entry_id for m in models} | {moves[m.id] for m in models}
    _log_moves(job, models, moves, linked)
    _write_links(job, models, moves, linked)
    _move_aliases(job.session, models, moves)
    settle_entries(job, touched)
    _settle(job, "provider_model", [m.id for m in models])
    index_provider_models(job.session, [m.id for m in models])
    return len(models)


def settle_entries(job: Relinking, entry_ids: Collection[int]) -> None:
    """Make the feeds' claims on entries anew from those on their models, and put them in force."""
    _reclaim(job.session, entry_ids)
    _settle(job, "entry", entry_ids)


def _settle(job: Relinking, record_type: RecordType, ids: Collection[int]) -> None:
    records = load_records(job.session, record_type, ids, lock=True)
    edits = [settled(record, now()) for record in records.values()]
    effective = [edit for edit in edits if edit.has_effect()]
    write_edits(job.session, job.batch_id, job.action, effective)


def _models(session: Session, ids: Iterable[int], *, lock: bool = False) -> list[_Model]:
    """All locks at once, in the order of ids: a second round could wait in a circle."""
    found: list[_Model] = []
    for some in chunks(sorted(ids)):
        statement = (
            select(
                ProviderModel.id,
                ProviderModel.entry_id,
                ProviderModel.raw_id,
                Provider.feed_key,
                Provider.vendor,
            )
            .join(Provider, Provider.id == ProviderModel.provider_id)
            .where(ProviderModel.id.in_(some))
            .order_by(ProviderModel.id)
        )
        if lock:
            statement = statement.with_for_update(of=ProviderModel, key_share=True)
        for pk, entry_id, raw_id, feed_key, vendor in session.execute(statement):
            found.append(_Model(pk, entry_id, raw_id, feed_key or vendor))
    return found


def _log_moves(
    job: Relinking, models: Sequence[_Model], moves: Mapping[int, int], linked: bool
) -> None:
    ids = {m.entry_id for m in models} | set(moves.values())
    names = public_ids(job.session, ids)
    manual = _linked(job.session, [m.id for m in models])
    rows = [
        change_row(
            job.batch_id,
            "provider_model",
            m.id,
            LINK,
            (names[m.entry_id], m.id in manual),
            (names[moves[m.id]], linked),
        )
        for m in models
    ]
    insert_rows(job.session, Change, rows)


def public_ids(session: Session, ids: Collection[int]) -> dict[int, str]:
    """The public ids of entries by row id."""
    found: dict[int, str] = {}
    for some in chunks(sorted(ids)):
        statement = select(CatalogEntry.id, CatalogEntry.public_id)
        found |= dict(session.execute(statement.where(CatalogEntry.id.in_(some))).all())
    return found


def _linked(session: Session, ids: Sequence[int]) -> set[int]:
    """The provider models whose entry is a person's decision."""
    found: set[int] = set()
    for some in chunks(ids):
        statement = select(Override.record_id).where(Override.record_type == LINK_RECORD)
        found |= set(session.scalars(statement.where(Override.record_id.in_(some))))
    return found


def _write_links(
    job: Relinking, models: Sequence[_Model], moves: Mapping[int, int], linked: bool
) -> None:
    session, action = job.session, job.action
    by_target: dict[int, list[int]] = defaultdict(list)
    for model in models:
        by_target[moves[model.id]].append(model.id)
    for entry_id, ids in by_target.items():
        for some in chunks(ids):
            moved = update(ProviderModel).where(ProviderModel.id.in_(some))
            version = ProviderModel.version + 1
            session.execute(moved.values(entry_id=entry_id, version=version, updated_at=now()))
    for some in chunks([m.id for m in models]):
        of_these = (Override.record_type == LINK_RECORD, Override.record_id.in_(some))
        session.execute(delete(Override).where(*of_these))
    if linked:
        decided = {
            "record_type": LINK_RECORD,
            "field": LINK,
            "batch_id": job.batch_id,
            "actor": action.actor.name,
            "reason": action.reason,
            "created_at": now(),
        }
        rows = [
            decided | {"record_id": m.id, "value": moves[m.id], "base": m.entry_id} for m in models
        ]
        insert_rows(session, Override, rows)
    session.expire_all()


def _move_aliases(session: Session, models: Sequence[_Model], moves: Mapping[int, int]) -> None:
    """Spellings go with their models, but for those that a model which stays has, too."""
    left = {m.entry_id for m in models}
    staying: dict[int, set[str]] = defaultdict(set)
    for some in chunks(sorted(left)):
        ids = select(ProviderModel.id).where(ProviderModel.entry_id.in_(some))
        for model in _models(session, session.scalars(ids).all()):
            staying[model.entry_id] |= model.spellings()
    for model in models:
        leaving = model.spellings() - staying[model.entry_id]
        if leaving:
            session.execute(
                update(EntryAlias)
                .where(EntryAlias.alias.in_(sorted(leaving)), EntryAlias.entry_id == model.entry_id)
                .values(entry_id=moves[model.id])
            )


def _reclaim(session: Session, entry_ids: Collection[int]) -> None:
    """What each feed says of these entries, merged from what it says of their models."""
    names = public_ids(session, entry_ids)
    members: dict[tuple[int, int], list[tuple[Member, int]]] = defaultdict(list)
    limits: dict[int, int] = dict(session.execute(select(Feed.id, Feed.miss_limit)).all())
    for some in chunks(sorted(entry_ids)):
        for row in session.execute(_claims_of_models().where(ProviderModel.entry_id.in_(some))):
            member = Member(row.feed_key or row.vendor, row.raw_id, row.about or {})
            if row.misses < limits[row.feed_id]:
                members[row.feed_id, row.entry_id].append((member, row.misses))
    known = _entry_claims(session, entry_ids)
    held = open_values(session, "entry", entry_ids)
    for key in sorted(members.keys() | known.keys()):
        feed_id, entry_id = key
        living = members.get(key)
        if living is None:
            _drop_claim(session, known[key], limits[feed_id])
            continue
        fields = merge_members(names[entry_id], [member for member, _ in living])
        fields = _without_held(session, known.get(key), fields, held.get(key, {}))
        misses = min(missed for _, missed in living)
        _write_claim(session, key, known.get(key), fields, misses)


def _without_held(
    session: Session, claim_id: int | None, fields: dict[str, Any], held: Mapping[str, Any]
) -> dict[str, Any]:
    """What waits for a person, or was rejected, does not come to count by a move."""
    refused = [name for name, value in held.items() if same(fields.get(name), value)]
    if claim_id is None or not refused:
        return fields
    counted = session.scalar(select(Claim.fields).where(Claim.id == claim_id)) or {}
    kept = {name: counted[name] for name in refused if name in counted}
    return {n: v for n, v in fields.items() if n not in refused} | kept


def _claims_of_models() -> Any:
    return (
        select(
            Claim.feed_id,
            Claim.about,
            Claim.misses,
            ProviderModel.entry_id,
            ProviderModel.raw_id,
            Provider.feed_key,
            Provider.vendor,
        )
        .join(ProviderModel, ProviderModel.id == Claim.record_id)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(Claim.record_type == "provider_model", Provider.deleted_at.is_(None))
    )


def _entry_claims(session: Session, entry_ids: Collection[int]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    for some in chunks(sorted(entry_ids)):
        statement = select(Claim.feed_id, Claim.record_id, Claim.id).where(
            Claim.record_type == "entry", Claim.record_id.in_(some)
        )
        found |= {(feed_id, entry_id): pk for feed_id, entry_id, pk in session.execute(statement)}
    return found


def _drop_claim(session: Session, claim_id: int, miss_limit: int) -> None:
    session.execute(update(Claim).where(Claim.id == claim_id).values(misses=miss_limit))


def _write_claim(
    session: Session,
    key: tuple[int, int],
    claim_id: int | None,
    fields: Mapping[str, Any],
    misses: int,
) -> None:
    said = {"fields": dict(fields), "content_hash": content_hash(fields), "misses": misses}
    moment = {"changed_at": now(), "last_seen_at": now()}
    if claim_id is not None:
        session.execute(update(Claim).where(Claim.id == claim_id).values(**said, **moment))
        return
    feed_id, entry_id = key
    record = {"feed_id": feed_id, "record_type": "entry", "record_id": entry_id}
    session.execute(insert(Claim).values(**record, **said, **moment, first_seen_at=now()))
