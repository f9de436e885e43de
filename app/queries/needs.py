"""What needs a person, for the dashboard. Every count stops where it says enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Delivery, Feed, Webhook, now
from app.queries.entry_conditions import merged_ids
from app.queries.review import review_facets
from app.queries.runs import RunRow, held_runs

LATELY = 7 * 86_400
# Of each webhook so many of the newest messages are looked at.
SEARCHED = 1_000


class FailedFeed(NamedTuple):
    """A feed whose last run failed, with what went wrong."""

    name: str
    error: str
    at: int | None
    failures: int


class FailedWebhook(NamedTuple):
    """A webhook to which messages could not be delivered lately."""

    public_id: str
    name: str
    failed: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits by feed, answers that are held, feeds that failed; models gone lately."""

    waiting: dict[str, int]
    held: Sequence[RunRow]
    failed: list[FailedFeed]
    vanished: int
    undelivered: list[FailedWebhook]


def list_needs(session: Session) -> Needs:
    """All that needs a person; lately means the last 7 days."""
    since = now() - LATELY
    return Needs(
        waiting=review_facets(session).feed,
        held=held_runs(session),
        failed=_failed_feeds(session),
        vanished=_vanished(session, since),
        undelivered=_undelivered(session, since),
    )


def _failed_feeds(session: Session) -> list[FailedFeed]:
    failed = select(Feed.name, Feed.last_error, Feed.last_error_at, Feed.failures).where(
        Feed.removed_at.is_(None),
        Feed.last_error.is_not(None),
        or_(Feed.last_success_at.is_(None), Feed.last_error_at > Feed.last_success_at),
    )
    return [FailedFeed._make(row) for row in session.execute(failed.order_by(Feed.name))]


def _vanished(session: Session, since: int) -> int:
    gone = select(func.count()).where(
        CatalogEntry.retired_at.is_not(None),
        CatalogEntry.retired_at >= since,
        CatalogEntry.id.not_in(merged_ids()),
    )
    return session.execute(gone).scalar_one()


def _undelivered(session: Session, since: int) -> list[FailedWebhook]:
    found = []
    name = func.coalesce(Webhook.description, Webhook.public_id)
    for pk, public_id, called in session.execute(select(Webhook.id, Webhook.public_id, name)):
        newest = (
            select(Delivery.state, Delivery.created_at)
            .where(Delivery.webhook_id == pk)
            .order_by(Delivery.id.desc())
            .limit(SEARCHED)
            .subquery()
        )
        lately = select(func.count()).where(
            newest.c.state == "failed", newest.c.created_at >= since
        )
        if failed := session.execute(lately).scalar_one():
            found.append(FailedWebhook(public_id, called, failed))
    return found
