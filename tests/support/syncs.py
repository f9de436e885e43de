"""Sync runs and their items for tests: rows as a sync would leave them."""

import itertools
from typing import Any

from sqlalchemy.orm import Session

from app.models import Feed, SyncItem, SyncRun, now

_numbers = itertools.count(1)


def make_feed(session: Session, **values: Any) -> Feed:
    """A feed in the database; not committed."""
    number = next(_numbers)
    feed = Feed(**{"name": f"feed-{number}", "kind": "models_dev", "created_at": now()} | values)
    session.add(feed)
    session.flush()
    return feed


def make_run(session: Session, feed: Feed, **values: Any) -> SyncRun:
    """A run that was applied; not committed."""
    number, moment = next(_numbers), now()
    defaults: dict[str, Any] = {
        "public_id": f"run_{number:020d}",
        "feed_id": feed.id,
        "trigger": "console",
        "actor_kind": "user",
        "actor": "ann@example.org",
        "status": "applied",
        "counts": {},
        "run_at": moment,
        "created_at": moment,
        "started_at": moment,
        "finished_at": moment,
    }
    run = SyncRun(**defaults | values)
    session.add(run)
    session.flush()
    return run


def make_item(session: Session, run: SyncRun, **values: Any) -> SyncItem:
    """A price that waits for a person; not committed."""
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "run_id": run.id,
        "feed_id": run.feed_id,
        "kind": "updated",
        "record_type": "entry",
        "name": f"Model {number}",
        "field": "context_length",
        "old": 8192,
        "new": 1024,
        "said_old": 8192,
        "reason": "context_drop",
        "message": "down by 88 %, from 8,192 to 1,024 tokens",
        "size": 8.0,
        "state": "waiting",
        "created_at": now(),
    }
    item = SyncItem(**defaults | values)
    session.add(item)
    session.flush()
    return item
