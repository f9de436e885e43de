"""Which entry a provider model is an offer of, as people decide it: move, merge, split."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FieldProblem, NotFoundError, ValidationError
from app.core.fields import FIELDS
from app.core.permissions import Actor
from app.core.values import ValueProblem, check
from app.models import CatalogEntry, Change, EntryAlias, Provider, ProviderModel, now
from app.queries.lookup import find_entry_id
from app.services.apply import BLANK
from app.services.records import Written
from app.services.relink import (
    ALIASES,
    MERGED,
    Relinking,
    lock_entries,
    lock_feeds,
    public_ids,
    relink,
    settle_entries,
)
from app.services.search_index import index_entries, search_text
from app.services.transaction import AnySession, writing
from app.services.write import Action, bump_revision, change_row, insert_rows, open_batch

MAX_MODELS = 1_000
_NAME = FIELDS["entry"]["model_display_name"]


def move_models(
    session: AnySession,
    actor: Actor,
    models: Sequence[str],
    to: str,
    *,
    reason: str | None = None,
) -> Written:
    """Make provider models (public ids) offers of another entry; returns it and the batch.

    ``to`` is the entry's id or any spelling of it. No sync moves them again;
    their spellings become aliases of the new entry. Raises `NotFoundError`,
    `ValidationError` (no or too many models), `ConflictError` where all of them
    are there already, `ForbiddenError`; then nothing changed.
    """
    actor.require("admin:catalog:edit")
    _check_number(models)
    with writing(session) as db:
        lock_feeds(db)
        target = find_entry_id(db, to)
        ids = _model_ids(db, models)
        lock_entries(db, {target} | _entries_of(db, ids))
        job, batch = _begin(db, "link", actor, reason, {"to": to, "models": len(ids)})
        if not relink(job, dict.fromkeys(ids, target)):
            raise ConflictError(f"{_are(ids)} offered under {to} already")
        bump_revision(db)
        return Written(target, batch)


def merge_entries(
    session: AnySession,
    actor: Actor,
    into: str,
    others: Sequence[str],
    *,
    reason: str | None = None,
) -> Written:
    """Make one entry of several; returns the one that stays and the batch.

    The others' provider models and aliases become its own, their ids further
    spellings of its id. What people decided about the others stays with them,
    out of sight, until an undo. Raises as `move_models` does; `ValidationError`
    where an entry would be merged into itself.
    """
    actor.require("admin:catalog:edit")
    with writing(session) as db:
        lock_feeds(db)
        target = find_entry_id(db, into)
        sources = sorted({find_entry_id(db, other) for other in others})
        if not sources or target in sources:
            raise _wrong("others", "name at least one other entry, and not the same twice")
        lock_entries(db, {target, *sources})
        summary = {"into": into, "entries": len(sources)}
        job, batch = _begin(db, "merge", actor, reason, summary)
        for source in sources:
            _absorb(job, target, source)
        ids = db.scalars(select(ProviderModel.id).where(ProviderModel.entry_id.in_(sources))).all()
        if not relink(job, dict.fromkeys(ids, target)):
            settle_entries(job, {target})
        bump_revision(db)
        return Written(target, batch)


def split_entry(
    session: AnySession,
    actor: Actor,
    models: Sequence[str],
    public_id: str,
    *,
    display_name: str | None = None,
    reason: str | None = None,
) -> Written:
    """Make a new entry of some provider models of one entry; returns it and the batch.

    ``public_id`` is the new entry's id: lower case, not in use; it may be another
    spelling of the entry that is split. Raises as `move_models` does, and
    `ConflictError` for an id that is taken.
    """
    actor.require("admin:catalog:edit")
    _check_number(models)
    name = _checked_id(public_id)
    with writing(session) as db:
        lock_feeds(db)
        ids = _model_ids(db, models)
        before = _entries_of(db, ids)
        if len(before) != 1:
            raise _wrong("models", "must all be offers of the same entry")
        lock_entries(db, before)
        _check_free(db, name, before)
        job, batch = _begin(db, "split", actor, reason, {"to": name, "models": len(ids)})
        entry_id = _create(job, name, display_name)
        relink(job, dict.fromkeys(ids, entry_id))
        bump_revision(db)
        return Written(entry_id, batch)


def _begin(
    session: Session, kind: str, actor: Actor, reason: str | None, summary: dict[str, Any]
) -> tuple[Relinking, str]:
    action = Action(kind, actor, reason, summary=summary)
    batch_id, public_id = open_batch(session, action)
    return Relinking(session, batch_id, action), public_id


def _check_number(models: Sequence[str]) -> None:
    if not 0 < len(models) <= MAX_MODELS:
        raise _wrong("models", f"name 1 to {MAX_MODELS} provider models")


def _wrong(field: str, message: str) -> ValidationError:
    return ValidationError(f"{field}: {message}", [FieldProblem(field, message)])


def _are(ids: Collection[int]) -> str:
    return "it is" if len(ids) == 1 else "they are all"


def _model_ids(session: Session, names: Sequence[str]) -> list[int]:
    statement = (
        select(ProviderModel.public_id, ProviderModel.id)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(ProviderModel.public_id.in_(names), Provider.deleted_at.is_(None))
    )
    found = dict(session.execute(statement).all())
    for name in names:
        if name not in found:
            raise NotFoundError(f"there is no provider model {name!r}")
    return sorted(found.values())


def _entries_of(session: Session, ids: Collection[int]) -> set[int]:
    return set(
        session.scalars(select(ProviderModel.entry_id).where(ProviderModel.id.in_(ids)).distinct())
    )


def _checked_id(public_id: str) -> str:
    try:
        name: str | None = check(_NAME, public_id)
    except ValueProblem as problem:
        raise _wrong("public_id", str(problem)) from problem
    if not name or name != name.lower() or any(c.isspace() for c in name):
        raise _wrong("public_id", "must be like vendor/model: lower case, without spaces")
    if name.startswith("/") or name.endswith("/") or "//" in name:
        raise _wrong("public_id", "must not begin or end with a slash, nor have two in a row")
    return name


def _check_free(session: Session, name: str, own: Collection[int]) -> None:
    """An id is free unless an entry has it, or it is another spelling of some other one."""
    taken = session.scalar(select(CatalogEntry.id).where(CatalogEntry.public_id == name))
    alias = session.scalar(select(EntryAlias.entry_id).where(EntryAlias.alias == name))
    if taken is not None or (alias is not None and alias not in own):
        raise ConflictError(f"{name!r} is the id of an entry already, or another spelling of one")


def _create(job: Relinking, name: str, display_name: str | None) -> int:
    session, moment = job.session, now()
    session.execute(delete(EntryAlias).where(EntryAlias.alias == name))
    entry = CatalogEntry(
        public_id=name,
        **{**BLANK["entry"], "model_display_name": display_name},
        status="init",
        protection="none",
        manual_fields=[],
        sources={},
        created_at=moment,
        updated_at=moment,
    )
    session.add(entry)
    session.flush()
    index_entries(session, [(entry.id, search_text({}, name))])
    created = change_row(job.batch_id, "entry", entry.id, "*", (None, False), (name, False))
    insert_rows(session, Change, [created | {"new": {"public_id": name}}])
    return entry.id


def _absorb(job: Relinking, target: int, source: int) -> None:
    """Everything that leads to ``source`` leads to ``target`` from now on."""
    session = job.session
    names = public_ids(session, {target, source})
    aliases = sorted(session.scalars(select(EntryAlias.alias).where(EntryAlias.entry_id == source)))
    moved = update(EntryAlias).where(EntryAlias.entry_id == source)
    session.execute(moved.values(entry_id=target))
    earlier = select(CatalogEntry.id).where(CatalogEntry.merged_into_id == source)
    for one in [*session.scalars(earlier), source]:
        redirect(job, one, names[source] if one != source else None, names[target], target)
    if aliases:
        row = change_row(job.batch_id, "entry", source, ALIASES, (aliases, False), ([], False))
        insert_rows(session, Change, [row])


def redirect(
    job: Relinking, entry_id: int, old: str | None, new: str | None, target: int | None
) -> None:
    """Merge an entry into another, or (None) let it stand for itself again; log it by names."""
    job.session.execute(
        update(CatalogEntry)
        .where(CatalogEntry.id == entry_id)
        .values(merged_into_id=target, version=CatalogEntry.version + 1, updated_at=now())
    )
    row = change_row(job.batch_id, "entry", entry_id, MERGED, (old, False), (new, False))
    insert_rows(job.session, Change, [row])
