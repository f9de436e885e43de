"""What every change of a feed shares: its lock, its schedule, the log, and what follows in force.

Inside a write transaction of the caller, who ends with `bump_revision`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FieldProblem, ValidationError
from app.models import Change, Feed, Provider, SyncItem, now
from app.queries.feeds import FeedRow
from app.services.feed_consequences import WEIGHING, FeedConsequences, Weighing, Weight
from app.services.write import Action, change_row, insert_rows, write_edits

SOURCE = frozenset({"url", "path", "provider"})


def lock_feeds(session: Session) -> None:
    """Feeds are written one at a time, before any record, as in a sync that is being applied."""
    session.execute(select(Feed.id).order_by(Feed.id).with_for_update())


def weighing(session: Session, row: FeedRow, changed: Mapping[str, Any]) -> Weighing:
    """What these settings in place of a feed's present ones would put in force."""
    before = row.settings()
    after = {**before, **changed}
    weights = (Weight.of(row.kind, before), Weight.of(row.kind, after))
    kept = {name: after[name] for name in WEIGHING if name != "name"}
    return Weighing(session, row.id, *weights, [row.id, kept])


def write_settings(
    session: Session,
    batch_id: int,
    action: Action,
    row: FeedRow,
    changed: Mapping[str, Any],
    fingerprint: str | None = None,
) -> FeedConsequences:
    """Write and log changed settings, and put in force what follows from them.

    Values have passed `app.core.feeds.check_feed`. With ``fingerprint``, raises
    `ConflictError` where it does not stand for exactly what changes in force.
    """
    before = row.settings()
    insert_rows(
        session,
        Change,
        [feed_change(batch_id, row.id, name, before[name], changed[name]) for name in changed],
    )
    found = FeedConsequences()
    if changed.keys() & set(WEIGHING):
        found = _put_in_force(session, batch_id, action, weighing(session, row, changed))
    if fingerprint is not None and found.fingerprint != fingerprint:
        raise ConflictError("what would change is not what it was when you looked at it")
    _write_row(session, row.id, changed)
    return found


def settle_all(session: Session, batch_id: int, action: Action, row: FeedRow) -> None:
    """Put in force what follows from a feed's claims as they are now, of all its records.

    For a feed whose claims all became living: what was retired without them comes back.
    """
    gone = replace(Weight.of(row.kind, row.settings()), miss_limit=0)
    now_there = Weight.of(row.kind, row.settings())
    _put_in_force(session, batch_id, action, Weighing(session, row.id, gone, now_there, []))


def _put_in_force(
    session: Session, batch_id: int, action: Action, weighed: Weighing
) -> FeedConsequences:
    for edits in weighed.edits(lock=True):
        write_edits(session, batch_id, action, edits)
    return weighed.found


def _write_row(session: Session, feed_id: int, changed: Mapping[str, Any]) -> None:
    feed = session.get_one(Feed, feed_id, populate_existing=True)
    for name, value in changed.items():
        if name == "provider":
            feed.provider_id = provider_row_id(session, value)
        else:
            setattr(feed, name, value)
    moved = bool(SOURCE & changed.keys())
    if moved:
        feed.etag = feed.answer_hash = None
    if moved or changed.get("enabled"):
        feed.failures = 0
    if moved or {"enabled", "interval_minutes"} & changed.keys():
        feed.next_run_at = next_run(feed, at_once=moved)
    # A plan that is kept was made by the former settings: it is made again.
    feed.version += 1
    session.flush()


def next_run(feed: Feed, *, at_once: bool = False) -> int | None:
    """When a feed is to be read by itself, by its interval and when it was read last; or never."""
    if not feed.enabled or feed.interval_minutes is None:
        return None
    moment = now()
    read = max(feed.last_success_at or 0, feed.last_error_at or 0)
    return moment if at_once else max(moment, read + feed.interval_minutes * 60)


def provider_row_id(session: Session, public_id: str | None) -> int | None:
    """The row id of a living provider; raises `ValidationError` where there is none."""
    if public_id is None:
        return None
    living = (Provider.public_id == public_id, Provider.deleted_at.is_(None))
    found = session.scalar(select(Provider.id).where(*living))
    if found is None:
        message = f"there is no provider {public_id!r}"
        raise ValidationError(message, [FieldProblem("provider", message)])
    return found


def feed_change(batch_id: int, feed_id: int, field: str, old: Any, new: Any) -> dict[str, Any]:
    """A row of the change log."""
    return change_row(batch_id, "feed", feed_id, field, (old, False), (new, False))


def shelve_items(session: Session, feed_id: int, *, back: bool = False) -> None:
    """Take what waits of a removed feed out of the review queue, or bring it back with the feed."""
    old, new = ("shelved", "waiting") if back else ("waiting", "shelved")
    mine = (SyncItem.feed_id == feed_id, SyncItem.state == old)
    session.execute(update(SyncItem).where(*mine).values(state=new))
