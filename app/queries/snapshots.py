"""What the plan of a sync needs to know: provider models, entries and one feed's claims."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app.core.plan import KnownEntry, KnownModel
from app.models import CatalogEntry, Claim, EntryAlias, Provider, ProviderModel
from app.queries.provider_model_conditions import deleted_providers
from app.queries.states import chunks


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """A provider; ``key`` is what identity and feeds know it by."""

    id: int
    key: str
    deleted: bool = False


def known_providers(session: Session) -> dict[str, KnownProvider]:
    """Providers by the id that feeds know them by, else by their public id; deleted ones, too."""
    names = (Provider.id, Provider.public_id, Provider.vendor, Provider.feed_key)
    return {
        feed_key or public_id: KnownProvider(i, feed_key or vendor, deleted_at is not None)
        for i, public_id, vendor, feed_key, deleted_at in session.execute(
            select(*names, Provider.deleted_at)
        )
    }


def known_models(
    session: Session, feed_id: int, provider_ids: Collection[int], names: Mapping[int, str]
) -> list[KnownModel]:
    """Provider models of these providers, and all others that the feed has a claim on.

    Those of deleted providers are left out: they stay as they are until an undo.
    ``names`` are the providers' keys for identity, by provider id.
    """
    claim = and_(
        Claim.feed_id == feed_id,
        Claim.record_type == "provider_model",
        Claim.record_id == ProviderModel.id,
    )
    statement = (
        select(
            ProviderModel.id,
            ProviderModel.provider_id,
            ProviderModel.raw_id,
            ProviderModel.entry_id,
            ProviderModel.retired_at,
            Claim.content_hash,
            Claim.misses,
        )
        .outerjoin(Claim, claim)
        .where(
            or_(Claim.id.is_not(None), ProviderModel.provider_id.in_(provider_ids)),
            ProviderModel.provider_id.not_in(deleted_providers()),
        )
    )
    return [
        KnownModel(
            id=row.id,
            provider_id=row.provider_id,
            provider=names.get(row.provider_id, ""),
            raw_id=row.raw_id,
            entry_id=row.entry_id,
            retired=row.retired_at is not None,
            content_hash=row.content_hash,
            misses=row.misses or 0,
        )
        for row in session.execute(statement)
    ]


def known_entries(session: Session, feed_id: int) -> list[KnownEntry]:
    """All entries, with what the feed claims on them.

    One that was merged into another stands there under the row id (and with the
    claim) of that one, before it: its names and its identity lead there.
    """
    claim = and_(
        Claim.feed_id == feed_id,
        Claim.record_type == "entry",
        Claim.record_id == CatalogEntry.id,
    )
    statement = select(
        CatalogEntry.id,
        CatalogEntry.public_id,
        CatalogEntry.identity_key,
        CatalogEntry.merged_into_id,
        Claim.content_hash,
        Claim.misses,
    ).outerjoin(Claim, claim)
    rows = session.execute(statement).all()
    standing = {
        row.id: KnownEntry(
            row.id, row.public_id, row.identity_key, row.content_hash, row.misses or 0
        )
        for row in rows
        if row.merged_into_id is None
    }
    targets = _targets({row.id: row.merged_into_id for row in rows if row.merged_into_id})
    merged = [
        replace(standing[targets[row.id]], public_id=row.public_id, identity_key=row.identity_key)
        for row in rows
        if targets.get(row.id) in standing
    ]
    return [*merged, *standing.values()]


def known_aliases(session: Session) -> dict[str, int]:
    """All aliases and the entries they mean, after all merges."""
    merged = select(CatalogEntry.id, CatalogEntry.merged_into_id).where(
        CatalogEntry.merged_into_id.is_not(None)
    )
    targets = _targets({pk: into for pk, into in session.execute(merged) if into is not None})
    aliases = session.execute(select(EntryAlias.alias, EntryAlias.entry_id))
    return {alias: targets.get(entry_id, entry_id) for alias, entry_id in aliases}


def _targets(merged: Mapping[int, int]) -> dict[int, int]:
    """The entry at the end of all merges, for each merged one."""
    found = {}
    for start in merged:
        passed, at = {start}, merged[start]
        while at in merged and at not in passed:
            passed.add(at)
            at = merged[at]
        found[start] = at
    return found


def claimed_about(
    session: Session, feed_id: int, model_ids: Collection[int]
) -> dict[int, Mapping[str, Any]]:
    """What the feed last said of the models as such, by provider model id."""
    found: dict[int, Mapping[str, Any]] = {}
    for some in chunks(model_ids):
        statement = select(Claim.record_id, Claim.about).where(
            Claim.feed_id == feed_id,
            Claim.record_type == "provider_model",
            Claim.record_id.in_(some),
        )
        found |= {record_id: about or {} for record_id, about in session.execute(statement)}
    return found
