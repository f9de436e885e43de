"""Reads of feeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Select, func, literal_column, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.feeds import CHECKS, TRUSTED, trustable
from app.core.guards import limits_of
from app.core.hashing import content_hash
from app.models import Claim, Feed, Provider, SyncItem
from app.queries.states import trusted_fields


def list_feeds(session: Session) -> Sequence[Feed]:
    """All feeds, the strongest first."""
    there = select(Feed).where(Feed.removed_at.is_(None))
    return session.scalars(there.order_by(Feed.priority, Feed.name)).all()


def list_feeds_to_sync(session: Session) -> Sequence[Feed]:
    """The feeds that are switched on, but for those of deleted providers; the strongest first."""
    deleted = select(Provider.id).where(Provider.deleted_at.is_not(None))
    mine = or_(Feed.provider_id.is_(None), Feed.provider_id.not_in(deleted))
    there = select(Feed).where(Feed.removed_at.is_(None), Feed.enabled, mine)
    return session.scalars(there.order_by(Feed.priority, Feed.name)).all()


def get_feed(session: Session, name: str) -> Feed:
    """The feed of that name; raises `NotFoundError` naming those there are."""
    feed = session.scalar(select(Feed).where(Feed.name == name, Feed.removed_at.is_(None)))
    if feed is None:
        names = ", ".join(f.name for f in list_feeds(session)) or "none"
        raise NotFoundError(f"there is no feed {name!r}; there are: {names}")
    return feed


class FeedRow(NamedTuple):
    """A feed with all its settings; None where it goes by its kind's or the general default.

    ``provider`` is the public id of the provider whose models it lists; ``waiting_count`` are
    the items of its runs that wait for a person.
    """

    id: int
    name: str
    kind: str
    url: str | None
    path: str | None
    provider: str | None
    provider_name: str | None
    mode: str
    enabled: bool
    priority: int
    trusted_fields: list[str] | None
    trusted_model_fields: list[str] | None
    miss_limit: int
    minimum_share: int
    guards: dict[str, Any] | None
    interval_minutes: int | None
    next_run_at: int | None
    failures: int
    last_success_at: int | None
    last_error_at: int | None
    last_error: str | None
    last_counts: dict[str, Any] | None
    waiting_count: int
    created_at: int

    @property
    def is_failing(self) -> bool:
        """Whether the newest run that ended failed."""
        return (self.last_error_at or 0) > (self.last_success_at or 0)

    @property
    def trust(self) -> dict[str, list[str]]:
        """The fields it is trusted with, by setting, in registry order."""
        default = default_trust(self.kind)
        own: dict[str, list[str] | None] = {name: getattr(self, name) for name in TRUSTED}
        return {name: given if (given := own[name]) is not None else default[name] for name in own}

    def settings(self) -> dict[str, Any]:
        """What somebody can set, as it is kept."""
        return {name: getattr(self, name) for name in CHECKS}

    def tag(self) -> str:
        """A digest of the settings: what `If-Match` compares. A sync does not change it."""
        return content_hash(self.settings())[:12]


def list_feed_rows(session: Session) -> list[FeedRow]:
    """All feeds with their settings, the strongest first."""
    rows = session.execute(_rows().order_by(Feed.priority, Feed.name))
    return [FeedRow._make(row) for row in rows]


def get_feed_row(session: Session, name: str) -> FeedRow:
    """One feed with its settings; raises `NotFoundError` naming those there are."""
    return FeedRow._make(
        session.execute(_rows().where(Feed.id == get_feed(session, name).id)).one()
    )


def provider_choices(session: Session) -> dict[str, str]:
    """The providers whose models a feed may list: names by public id."""
    living = select(Provider.public_id, Provider.name).where(Provider.deleted_at.is_(None))
    return dict(session.execute(living.order_by(Provider.name)).all())


def count_claims(session: Session, feed_id: int) -> dict[str, int]:
    """How many records of each type the feed says something about."""
    counted = select(Claim.record_type, func.count()).where(Claim.feed_id == feed_id)
    return dict(session.execute(counted.group_by(Claim.record_type)).all())


def default_trust(kind: str) -> dict[str, list[str]]:
    """The fields that a feed of this kind is trusted with where nobody says otherwise."""
    known = trusted_fields(kind, None)
    return {
        "trusted_fields": [name for name in trustable("entry") if name in known],
        "trusted_model_fields": trustable("provider_model"),
    }


def feed_json(row: FeedRow) -> dict[str, Any]:
    """A feed as programs see it: all keys, always; what is in effect, not only what was set."""
    return {
        **{n: getattr(row, n) for n in ("name", "kind", "url", "path", "provider", "mode")},
        **{n: getattr(row, n) for n in ("enabled", "priority")},
        **row.trust,
        **{f"{name}_default": getattr(row, name) is None for name in TRUSTED},
        **{n: getattr(row, n) for n in ("miss_limit", "minimum_share")},
        "guards": limits_of(row.guards),
        **{n: getattr(row, n) for n in ("interval_minutes", "next_run_at")},
        **{n: getattr(row, n) for n in ("last_success_at", "last_error_at", "last_error")},
        **{n: getattr(row, n) for n in ("last_counts", "waiting_count", "created_at")},
    }


def _rows() -> Select[Any]:
    waiting = (
        select(func.count())
        .select_from(SyncItem)
        .where(SyncItem.feed_id == Feed.id, SyncItem.state == literal_column("'waiting'"))
        .correlate(Feed)
        .scalar_subquery()
    )
    columns = {
        "provider": Provider.public_id.label("provider"),
        "provider_name": Provider.name.label("provider_name"),
        "waiting_count": waiting.label("waiting_count"),
    }
    return (
        select(*(columns[n] if n in columns else getattr(Feed, n) for n in FeedRow._fields))
        .outerjoin(Provider, Provider.id == Feed.provider_id)
        .where(Feed.removed_at.is_(None))
    )
