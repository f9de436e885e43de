"""Other spellings of entries' ids that come and go with the records of a sync."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.core.identity import canonical_id
from app.models import CatalogEntry, EntryAlias, Provider, ProviderModel
from app.queries.states import chunks
from app.services.write import insert_rows

Spelled = Mapping[int, Collection[str]]


def spellings_of(session: Session, model_ids: Iterable[int]) -> dict[int, set[str]]:
    """How these provider models spell their entries' ids, by the entry's row id."""
    return _spelled(session, ProviderModel.id, model_ids)


def drop_spellings(session: Session, spelled: Spelled) -> None:
    """Forget aliases that nobody gave and that no provider model of the entry has any more."""
    left = _spelled(session, ProviderModel.entry_id, spelled)
    gone = {(text, pk) for pk, texts in spelled.items() for text in texts}
    gone -= {(text, pk) for pk, texts in left.items() for text in texts}
    for some in chunks(sorted({text for text, _ in gone})):
        known = select(EntryAlias.alias, EntryAlias.entry_id).where(EntryAlias.alias.in_(some))
        found = session.execute(known.where(EntryAlias.manual.is_(False)))
        mine = [alias for alias, entry_id in found if (alias, entry_id) in gone]
        session.execute(delete(EntryAlias).where(EntryAlias.alias.in_(mine)))


def take_aliases(session: Session, names: Collection[str]) -> dict[str, str]:
    """Forget these aliases: they become names of entries. Returns whose id each of them meant."""
    found: dict[str, str] = {}
    for some in chunks(names):
        meant = select(EntryAlias.alias, CatalogEntry.public_id).join(
            CatalogEntry, CatalogEntry.id == EntryAlias.entry_id
        )
        found |= dict(session.execute(meant.where(EntryAlias.alias.in_(some))).all())
        session.execute(delete(EntryAlias).where(EntryAlias.alias.in_(some)))
    return found


def return_aliases(session: Session, meant: Mapping[str, str]) -> None:
    """The inverse of `take_aliases`, as far as the entries are still there."""
    for some in chunks(sorted(set(meant.values()))):
        named = select(CatalogEntry.public_id, CatalogEntry.id)
        ids = dict(session.execute(named.where(CatalogEntry.public_id.in_(some))).all())
        rows = [
            {"alias": alias, "entry_id": ids[owner], "manual": False}
            for alias, owner in meant.items()
            if owner in ids
        ]
        insert_rows(session, EntryAlias, rows)


def _spelled(
    session: Session, column: InstrumentedAttribute[int], ids: Iterable[int]
) -> dict[int, set[str]]:
    names = (ProviderModel.entry_id, ProviderModel.raw_id, Provider.feed_key, Provider.vendor)
    found: dict[int, set[str]] = defaultdict(set)
    for some in chunks(sorted(ids)):
        rows = select(*names).join(Provider, Provider.id == ProviderModel.provider_id)
        for entry_id, raw_id, feed_key, vendor in session.execute(rows.where(column.in_(some))):
            found[entry_id] |= {canonical_id(feed_key or vendor, raw_id), raw_id.lower()}
    return found
