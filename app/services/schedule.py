"""When a feed is read by itself: at its interval, sooner after a failure that may pass."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.errors import BusyError, FeedError, RaceError
from app.core.permissions import SYSTEM
from app.models import Feed, SyncRun, now
from app.queries.due import DueFeed, is_due, list_due_feeds
from app.services.runs import OPEN, LostLeaseError, RunRef, new_run
from app.services.transaction import AnySession, plain, writing

JITTER = 0.05
FIRST_WAIT = 60
LONGEST_WAIT = 6 * 3600
# No server makes us forget it for longer, whatever it says.
LONGEST_PATIENCE = 24 * 3600


def enqueue_due(session: AnySession) -> list[RunRef]:
    """Ask for a run of every feed that is due, each in a transaction of its own.

    However many clocks there are, one due time makes one run: whoever moves the feed's next
    time on queues it. A feed that another process holds just now is left to the next call.
    """
    queued = (_enqueue(session, feed) for feed in list_due_feeds(plain(session), now()))
    return [run for run in queued if run is not None]


def _enqueue(session: AnySession, feed: DueFeed) -> RunRef | None:
    moment = now()
    still = and_(
        Feed.id == feed.id, Feed.next_run_at.is_not_distinct_from(feed.next_run_at), is_due(moment)
    )
    with writing(session) as db:
        locked = select(Feed.id).where(still).with_for_update(key_share=True, skip_locked=True)
        if db.scalar(locked) is None:
            return None
        under_way = db.execute(
            select(SyncRun.dry_run, SyncRun.path).where(
                SyncRun.feed_id == feed.id, SyncRun.status.in_(OPEN)
            )
        ).first()
        if under_way is not None and tuple(under_way) != (False, None):
            return None  # a rehearsal, or a file: the feed stays due until it is over
        db.execute(update(Feed).where(still).values(next_run_at=moment + _spread(feed)))
        if under_way is not None:
            return None
        run = new_run(feed.id, SYSTEM, "schedule")
        db.add(run)
        db.flush()
        return RunRef(run.id, run.public_id, is_new=True)


def _spread(feed: DueFeed) -> int:
    """The interval in seconds, a little longer by chance: feeds do not stay in step."""
    return round(feed.interval_minutes * 60 * (1 + random.uniform(0, JITTER)))


def note_outcome(session: AnySession, run_id: int, error: Exception | None) -> None:
    """Say how a run ended: after a failure that may pass, its feed is read again sooner.

    The wait doubles with every failure in a row, from a minute to the interval or six hours,
    is drawn by chance below that, and is never shorter than the server asked for. Rehearsals
    and runs of another file say nothing about the feed; a lost lease says nothing at all.
    """
    if isinstance(error, LostLeaseError) or (error is not None and not is_transient(error)):
        return
    with writing(session) as db:
        feed = _feed_of(db, run_id)
        if feed is None or (error is None and not feed.failures):
            return
        values: dict[str, Any] = {"failures": 0 if error is None else feed.failures + 1}
        if error is not None and feed.interval_minutes is not None:
            asked = getattr(error, "retry_after", None) or 0
            values["next_run_at"] = now() + wait_after(
                values["failures"], feed.interval_minutes * 60, asked
            )
        db.execute(update(Feed).where(Feed.id == feed.id).values(values))


def _feed_of(session: Session, run_id: int) -> Any:
    ran = select(Feed.id, Feed.failures, Feed.interval_minutes).join(
        SyncRun, SyncRun.feed_id == Feed.id
    )
    own = (SyncRun.id == run_id, SyncRun.dry_run.is_(False), SyncRun.path.is_(None))
    return session.execute(ran.where(*own).with_for_update(of=Feed, key_share=True)).one_or_none()


def is_transient(error: Exception) -> bool:
    """Whether the same again may succeed: the network, a busy server, a busy database."""
    if isinstance(error, FeedError):
        return error.transient
    return isinstance(error, BusyError | RaceError | DBAPIError)


def wait_after(failures: int, interval: int, asked: int = 0) -> int:
    """Seconds until the next try after so many failures in a row, of a feed with that interval.

    ``asked``: what the server wants; a day of it is granted at most.
    """
    longest = min(FIRST_WAIT * 2 ** min(failures - 1, 20), interval, LONGEST_WAIT)
    return max(round(random.uniform(0, longest)), min(asked, LONGEST_PATIENCE))


def give_back(session: AnySession, run_id: int, holder: str) -> bool:
    """Let go of a run that is held: it is due again at once, and this try does not count.

    False where it was not held any more. What the holder still does for it is not written.
    """
    held = and_(SyncRun.id == run_id, SyncRun.holder == holder, SyncRun.status == "running")
    free = {
        "status": "queued",
        "stage": None,
        "holder": None,
        "lease_until": None,
        "attempts": SyncRun.attempts - 1,
    }
    with writing(session) as db:
        count: int = db.connection().execute(update(SyncRun).where(held).values(free)).rowcount
    return bool(count)
