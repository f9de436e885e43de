"""Takes back that a sync added records: those that nobody has touched since are removed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, exists, null, or_, select, update
from sqlalchemy.orm import Session

from app.models import (
    CatalogEntry,
    Change,
    Claim,
    EntryAlias,
    Feed,
    Override,
    Provider,
    ProviderModel,
    SyncItem,
)
from app.queries.states import chunks
from app.services.reword import SINCE, ItemLine, Kept, Rewording
from app.services.search_index import forget_entries, forget_provider_models
from app.services.spellings import drop_spellings, return_aliases, spellings_of
from app.services.write import change_row, insert_rows

LINK_RECORD = "link"
_TABLES = {"provider_model": ProviderModel, "entry": CatalogEntry, "provider": Provider}


def unmake(job: Rewording, feed: Feed, items: Sequence[ItemLine]) -> None:
    """Remove what these items added: provider models first, then entries, then providers.

    What somebody has decided about since, or another feed knows, stays and is named.
    An item keeps what it would take to add its record again.
    """
    of = {kind: [i for i in items if i.record_type == kind] for kind in _REMOVE}
    needed = _instruct_models(job.session) if of["provider_model"] else set()
    for kind, remove in _REMOVE.items():
        for start in range(0, len(of[kind]), 500):
            some = of[kind][start : start + 500]
            ids = {item.record_id for item in some if item.record_id is not None}
            free = _untouched(job, feed, kind, ids)
            free -= needed if kind == "provider_model" else set()
            remove(job, feed, {i.record_id: i.id for i in some if i.record_id in free})
            job.done += [item for item in some if item.record_id in free]
            job.kept += [Kept(item, SINCE) for item in some if item.record_id not in free]


def _instruct_models(session: Session) -> set[int]:
    """Provider models that others name as theirs; all at once: the column has no index."""
    naming = select(ProviderModel.instruct_model_public_id).where(
        ProviderModel.instruct_model_public_id.is_not(None)
    )
    named = select(ProviderModel.id).where(ProviderModel.public_id.in_(naming))
    return set(session.scalars(named))


def _untouched(job: Rewording, feed: Feed, kind: str, ids: set[int]) -> set[int]:
    """Those of these records that are as the run left them."""
    session = job.session
    table: Any = _TABLES[kind]
    touched: list[ColumnElement[bool]] = [
        exists().where(
            Change.record_type == kind,
            Change.record_id == table.id,
            Change.field != "*",
            Change.batch_id != job.batch_id,
        )
    ]
    if kind == "provider":
        touched += [
            exists().where(ProviderModel.provider_id == table.id),
            exists().where(Feed.provider_id == table.id),
        ]
    else:
        touched += [
            exists().where(
                Override.record_type.in_((kind, LINK_RECORD) if kind != "entry" else (kind,)),
                Override.record_id == table.id,
            ),
            exists().where(
                Claim.record_type == kind, Claim.record_id == table.id, Claim.feed_id != feed.id
            ),
        ]
    touched += _referred(kind)
    free = select(table.id).where(table.id.in_(ids), ~or_(*touched))
    return set(session.scalars(free))


def _referred(kind: str) -> list[ColumnElement[bool]]:
    """What else keeps a record from being removed."""
    if kind == "entry":
        other = CatalogEntry.__table__.alias("other")
        return [
            exists().where(ProviderModel.entry_id == CatalogEntry.id),
            exists().where(other.c.merged_into_id == CatalogEntry.id),
            exists().where(EntryAlias.entry_id == CatalogEntry.id, EntryAlias.manual),
        ]
    if kind == "provider_model":
        return []
    return [Provider.api_key_encrypted.is_not(None)]


# Row ids of records to remove, with the items that added them.
Removed = Mapping[int, int]


def _remove_models(job: Rewording, feed: Feed, items: Removed) -> None:
    spelled = spellings_of(job.session, items)
    _keep_payloads(job.session, feed, items)
    _remove(job, "provider_model", ProviderModel, items)
    drop_spellings(job.session, spelled)
    forget_provider_models(job.session, items)


def _remove_entries(job: Rewording, _feed: Feed, items: Removed) -> None:
    meant = _taken_aliases(job.session, items)
    _remove(job, "entry", CatalogEntry, items)
    return_aliases(job.session, meant)
    forget_entries(job.session, items)


def _taken_aliases(session: Session, items: Removed) -> dict[str, str]:
    """The ids among these entries' that were other spellings of another entry before."""
    found: dict[str, str] = {}
    for some in chunks(sorted(items.values())):
        noted = select(SyncItem.target, SyncItem.payload).where(SyncItem.id.in_(some))
        for name, payload in session.execute(noted):
            if name is not None and payload:
                found[name] = payload["was_alias_of"]
    return found


def _remove_providers(job: Rewording, _feed: Feed, items: Removed) -> None:
    _remove(job, "provider", Provider, items)


_REMOVE = {
    "provider_model": _remove_models,
    "entry": _remove_entries,
    "provider": _remove_providers,
}


def _remove(job: Rewording, kind: str, table: Any, items: Removed) -> None:
    session = job.session
    for some in chunks(sorted(items)):
        names = session.execute(select(table.id, table.public_id).where(table.id.in_(some))).all()
        log = [
            change_row(job.batch_id, kind, pk, "*", ({"public_id": name}, False), (None, False))
            for pk, name in names
        ]
        insert_rows(session, Change, log)
        of_these = (Claim.record_type == kind, Claim.record_id.in_(some))
        session.execute(delete(Claim).where(*of_these))
        session.execute(delete(table).where(table.id.in_(some)))


def _keep_payloads(session: Session, feed: Feed, items: Removed) -> None:
    """What the feed says of the records, with their items: enough to add them again."""
    columns = (
        *(ProviderModel.id, ProviderModel.raw_id, ProviderModel.provider_id, Provider.feed_key),
        *(Provider.vendor, Provider.name, Provider.base_url),
        *(Provider.meta.label("provider_meta"), CatalogEntry.identity_key),
        CatalogEntry.public_id.label("entry"),
    )
    claim = (Claim.record_type == "provider_model") & (Claim.record_id == ProviderModel.id)
    for some in chunks(sorted(items)):
        rows = session.execute(
            select(*columns, Claim.fields, Claim.about)
            .join(Provider, Provider.id == ProviderModel.provider_id)
            .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
            .join(Claim, claim & (Claim.feed_id == feed.id))
            .where(ProviderModel.id.in_(some))
        ).all()
        kept = [{"_id": items[row.id], "_payload": _payload(feed, row)} for row in rows]
        if kept:
            session.connection().execute(_KEEP, kept)


_ITEMS = SyncItem.__table__
_KEEP = (
    update(_ITEMS)  # type: ignore[arg-type]
    .where(_ITEMS.c.id == bindparam("_id"))
    .values(payload=bindparam("_payload", type_=_ITEMS.c.payload.type), record_id=null())
)


def _payload(feed: Feed, row: Any) -> dict[str, Any]:
    key = row.feed_key or row.vendor
    is_own = feed.provider_id == row.provider_id
    home = {} if row.identity_key is None else {"home": [row.identity_key, row.entry]}
    return home | {
        "provider": key,
        "provider_key": None if is_own else key,
        "raw_id": row.raw_id,
        "fields": row.fields,
        "about": row.about or {},
        "provider_name": row.name,
        "base_url": row.base_url,
        "metadata": row.provider_meta,
    }
