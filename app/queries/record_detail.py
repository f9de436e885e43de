"""All that is known of one record besides its row: who decided, what feeds claim, who offers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.models import Claim, EntryAlias, Feed, Override, Provider, ProviderModel
from app.queries.entries import EntryRow
from app.queries.provider_models import ProviderModelRow
from app.queries.states import trusted_fields, trusted_model_fields

MAX_OFFERS = 500
RecordRow = EntryRow | ProviderModelRow


class OverrideRow(NamedTuple):
    """What a person decided for a field. `base` is what held before."""

    field: str
    value: Any
    base: Any
    actor: str
    reason: str | None
    created_at: int


class ClaimRow(NamedTuple):
    """What one feed says about the record. `trusted` are the fields its word counts for."""

    feed: str
    kind: str
    priority: int
    fields: dict[str, Any]
    trusted: frozenset[str]
    live: bool
    first_seen_at: int
    changed_at: int
    last_seen_at: int


class OfferRow(NamedTuple):
    """One provider's offer of the entry, with its own switch and the provider's."""

    id: int
    public_id: str
    provider_id: str
    provider: str
    raw_id: str
    name: str | None
    pricing: dict[str, Any] | None
    token_limits: dict[str, Any] | None
    active: bool
    provider_active: bool
    retired_at: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class FieldOrigin:
    """Where one value comes from. `override` is set where a person decided."""

    value: Any
    source: str | None
    override: OverrideRow | None
    has_drift: bool
    drift: Any
    claims: Sequence[tuple[ClaimRow, Any]]


def list_overrides(
    session: Session, record_type: RecordType, record_id: int
) -> dict[str, OverrideRow]:
    """What people decided for a record, by field."""
    statement = select(
        Override.field,
        Override.value,
        Override.base,
        Override.actor,
        Override.reason,
        Override.created_at,
    ).where(Override.record_type == record_type, Override.record_id == record_id)
    return {row.field: OverrideRow._make(row) for row in session.execute(statement)}


def list_claims(session: Session, record_type: RecordType, record_id: int) -> list[ClaimRow]:
    """What each feed says about a record, the strongest first."""
    statement = (
        select(Claim, Feed)
        .join(Feed, Feed.id == Claim.feed_id)
        .where(Claim.record_type == record_type, Claim.record_id == record_id)
        .order_by(Feed.priority, Feed.name)
    )
    rows = [_claim(claim, feed) for claim, feed in session.execute(statement)]
    return sorted(rows, key=lambda row: not row.live)


def _claim(claim: Claim, feed: Feed) -> ClaimRow:
    of_models = trusted_model_fields(feed.trusted_model_fields)
    return ClaimRow(
        feed=feed.name,
        kind=feed.kind,
        priority=feed.priority,
        fields=claim.fields,
        trusted=(
            trusted_fields(feed.kind, feed.trusted_fields)
            if claim.record_type == "entry"
            else (frozenset(FIELDS["provider_model"]) if of_models is None else of_models)
        ),
        live=claim.misses < feed.miss_limit,
        first_seen_at=claim.first_seen_at,
        changed_at=claim.changed_at,
        last_seen_at=claim.last_seen_at,
    )


def list_aliases(session: Session, entry_id: int) -> list[str]:
    """The other spellings of an entry's id."""
    statement = select(EntryAlias.alias).where(EntryAlias.entry_id == entry_id)
    return list(session.scalars(statement.order_by(EntryAlias.alias)))


def list_offers(session: Session, entry_id: int) -> list[OfferRow]:
    """The provider models of an entry, by provider; at most `MAX_OFFERS`."""
    statement = (
        select(
            ProviderModel.id,
            ProviderModel.public_id,
            Provider.public_id,
            Provider.name,
            ProviderModel.raw_id,
            ProviderModel.model_display_name,
            ProviderModel.pricing,
            ProviderModel.token_limits,
            ProviderModel.active,
            Provider.active,
            ProviderModel.retired_at,
            ProviderModel.created_at,
        )
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(ProviderModel.entry_id == entry_id, Provider.deleted_at.is_(None))
        .order_by(Provider.name, ProviderModel.raw_id)
        .limit(MAX_OFFERS)
    )
    return [OfferRow._make(row) for row in session.execute(statement)]


def field_origin(
    session: Session, record_type: RecordType, record: RecordRow, name: str
) -> FieldOrigin:
    """Who decided a field of a record, and what every feed says about it."""
    overrides = list_overrides(session, record_type, record.id)
    claims = list_claims(session, record_type, record.id)
    return origin_of(record_type, record, name, overrides, claims)


def origin_of(
    record_type: RecordType,
    record: RecordRow,
    name: str,
    overrides: dict[str, OverrideRow],
    claims: Sequence[ClaimRow],
) -> FieldOrigin:
    """As `field_origin`, from what has been read already."""
    said = [(claim, claim.fields[name]) for claim in claims if claim.fields.get(name) is not None]
    return FieldOrigin(
        value=getattr(record, name),
        source=record.sources.get(name),
        override=overrides.get(name),
        has_drift=name in (record.drift or {}),
        drift=(record.drift or {}).get(name),
        claims=said if FIELDS[record_type][name].owner == "feeds" else [],
    )
