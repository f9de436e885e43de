"""What lists of names mean: many ids at once, in a few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, EntryAlias, ProviderModel
from app.queries.provider_model_conditions import deleted_providers
from app.queries.states import chunks


def find_entry_ids(session: Session, names: Collection[str]) -> dict[str, int]:
    """The row ids of the entries that these names mean; a name that means none is left out.

    A name is an id or another spelling of one, as `lookup.find_entry_id` reads it.
    """
    spelt = {name: (name, name.lower()) for name in names}
    wanted = {spelling for pair in spelt.values() for spelling in pair}
    by_id = _pairs(session, CatalogEntry.public_id, select(CatalogEntry.id), wanted)
    lower = {pair[1] for name, pair in spelt.items() if not by_id.keys() & set(pair)}
    by_alias = _pairs(session, EntryAlias.alias, select(EntryAlias.entry_id), lower)
    found: dict[str, int] = {}
    for name, (exact, folded) in spelt.items():
        entry_id = by_id.get(exact) or by_id.get(folded) or by_alias.get(folded)
        if entry_id is not None:
            found[name] = entry_id
    return _standing(session, found)


def find_model_ids(
    session: Session, names: Collection[str], provider_id: int | None = None
) -> dict[str, set[int]]:
    """The row ids of the provider models that each name means, of one provider or of all.

    A name is a provider model's id, its provider's own id for it, or the id of
    the entry it is an offer of. One that means none is left out.
    """
    living = select(ProviderModel.id).where(ProviderModel.provider_id.not_in(deleted_providers()))
    if provider_id is not None:
        living = living.where(ProviderModel.provider_id == provider_id)
    found: dict[str, set[int]] = defaultdict(set)
    for column in (ProviderModel.public_id, ProviderModel.raw_id):
        for some in chunks(sorted(names)):
            for model_id, name in session.execute(
                living.add_columns(column).where(column.in_(some))
            ):
                found[name].add(model_id)
    entries = find_entry_ids(session, names)
    by_entry: dict[int, list[str]] = defaultdict(list)
    for name, entry_id in entries.items():
        by_entry[entry_id].append(name)
    offers = living.add_columns(ProviderModel.entry_id)
    for some_ids in chunks(sorted(by_entry)):
        rows = session.execute(offers.where(ProviderModel.entry_id.in_(some_ids)))
        for model_id, entry_id in rows:
            for name in by_entry[entry_id]:
                found[name].add(model_id)
    return dict(found)


def _pairs(session: Session, name: Any, ids: Select[int], wanted: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for some in chunks(sorted(wanted)):
        rows = session.execute(ids.add_columns(name).where(name.in_(some)))
        found |= {spelling: entry_id for entry_id, spelling in rows}
    return found


def _standing(session: Session, found: dict[str, int]) -> dict[str, int]:
    """The same with entries that were merged replaced by what they were merged into."""
    merged = dict(
        session.execute(
            select(CatalogEntry.id, CatalogEntry.merged_into_id).where(
                CatalogEntry.merged_into_id.is_not(None)
            )
        ).all()
    )
    for name, entry_id in found.items():
        standing, passed = entry_id, set[int]()
        while standing in merged and standing not in passed:
            passed.add(standing)
            standing = merged[standing] or standing
        found[name] = standing
    return found
