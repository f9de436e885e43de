"""The names of what there are few of: providers and feeds."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Feed, Provider


class ProviderName(NamedTuple):
    """A provider as the search knows it."""

    public_id: str
    name: str
    vendor: str
    active: bool


def provider_names(session: Session) -> list[ProviderName]:
    """All providers; there are a few hundred at most."""
    statement = select(Provider.public_id, Provider.name, Provider.vendor, Provider.active)
    found = session.execute(statement.where(Provider.deleted_at.is_(None)).order_by(Provider.id))
    return [ProviderName._make(row) for row in found]


def feed_names(session: Session) -> list[tuple[str, str]]:
    """Name and kind of all feeds."""
    there = select(Feed.name, Feed.kind).where(Feed.removed_at.is_(None)).order_by(Feed.name)
    return [(name, kind) for name, kind in session.execute(there)]
