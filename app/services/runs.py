"""Sync runs as jobs: asked for, claimed by a lease, worked on by one process at a time, ended.

The row is the authority: who asks for a run writes it, who works on it holds its
lease, and a lease that ran out, or whose holder is gone, may be taken over.
"""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError
from app.core.permissions import Actor, ActorKind, Role
from app.models import Feed, SyncRun, now
from app.queries.feeds import get_feed
from app.services.transaction import AnySession, writing

LEASE_SECONDS = 60
MAX_ATTEMPTS = 3
OPEN = ("queued", "running")


class RunRef(NamedTuple):
    """A run by row id and public id; ``is_new`` is False where one was under way already."""

    id: int
    public_id: str
    is_new: bool


class LostLeaseError(ConflictError):
    """Somebody else works on the run now; what was done for it here is not written."""

    code = "lost_lease"


def holder_name() -> str:
    """What this process is called in leases: host, process id, and when the process began."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}:{_began(os.getpid()) or 0}"


def is_gone(holder: str | None) -> bool:
    """Whether the holder was a process of this host that has ended; unknown counts as alive."""
    host, _, rest = (holder or "").rpartition(":")[0].rpartition(":")
    if not host or host != socket.gethostname()[:80] or not rest.isdigit():
        return holder is None
    began = _began(int(rest))
    if began is None:
        return not _is_alive(int(rest))
    return str(began) != (holder or "").rpartition(":")[2]


def _began(pid: int) -> int | None:
    """When a process began, in clock ticks since boot; None where the system does not say.

    One that has ended, though its parent has not looked after it yet, never began.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *numbers = stat.rpartition(")")[2].split()
        return -1 if state in {"Z", "X"} else int(numbers[18])
    except (OSError, IndexError, ValueError):
        return None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def request_run(
    session: AnySession,
    actor: Actor,
    feed_name: str,
    *,
    trigger: str,
    dry_run: bool = False,
    path: str | None = None,
) -> RunRef:
    """Ask for a run of a feed; where one is under way already, that one is the answer.

    ``path`` is a file read instead of the feed's own source. Raises `NotFoundError`,
    `ForbiddenError`, and `ConflictError` where the run under way is another kind of run.
    """
    actor.require("admin:feed:sync")
    with writing(session) as db:
        return _request(db, actor, feed_name, Wish(trigger, dry_run, path))


class Wish(NamedTuple):
    """What kind of run is asked for, and by what."""

    trigger: str
    dry_run: bool = False
    path: str | None = None


def begin_run(
    session: AnySession, actor: Actor, feed_name: str, wish: Wish, holder: str
) -> tuple[int, str]:
    """Ask for a run and take it, before anybody else can; returns its row id and public id.

    Raises `NotFoundError`, `ForbiddenError`, and `ConflictError` where one is under way.
    """
    actor.require("admin:feed:sync")
    with writing(session) as db:
        ref = _request(db, actor, feed_name, wish)
        taken = _claim(db, holder, ref.id, LEASE_SECONDS)
        if taken is None:  # was it interrupted too often, it is failed now: a new one may do better
            ref = _request(db, actor, feed_name, wish)
            taken = _claim(db, holder, ref.id, LEASE_SECONDS)
        if taken is None:
            raise ConflictError(f"a run of {feed_name} is under way: {ref.public_id}")
        return taken, ref.public_id


def _request(session: Session, actor: Actor, feed_name: str, wish: Wish) -> RunRef:
    feed = get_feed(session, feed_name)
    session.execute(select(Feed.id).where(Feed.id == feed.id).with_for_update())
    under_way = (SyncRun.feed_id == feed.id, SyncRun.status.in_(OPEN))
    open_run = session.scalar(
        select(SyncRun).where(*under_way).execution_options(populate_existing=True)
    )
    if open_run is not None:
        if (open_run.dry_run, open_run.path) == (wish.dry_run, wish.path):
            return RunRef(open_run.id, open_run.public_id, is_new=False)
        if not _is_abandoned(open_run):
            raise ConflictError(f"a run of {feed_name} is under way: {open_run.public_id}")
        _give_up(session, open_run, _as_seen(open_run))
    run = new_run(feed.id, actor, wish.trigger, dry_run=wish.dry_run, path=wish.path)
    session.add(run)
    session.flush()
    return RunRef(run.id, run.public_id, is_new=True)


def new_run(
    feed_id: int,
    actor: Actor,
    trigger: str,
    *,
    dry_run: bool = False,
    path: str | None = None,
    run_at: int | None = None,
) -> SyncRun:
    """A queued run, not added to a session yet; ``run_at`` is the earliest moment (None: now)."""
    return SyncRun(
        public_id=f"run_{secrets.token_hex(10)}",
        feed_id=feed_id,
        trigger=trigger,
        actor_kind=actor.kind,
        actor=actor.name,
        status="queued",
        dry_run=dry_run,
        path=path,
        run_at=now() if run_at is None else run_at,
        attempts=0,
        created_at=now(),
    )


def claim_run(
    session: AnySession,
    holder: str,
    *,
    run_id: int | None = None,
    seconds: int = LEASE_SECONDS,
) -> int | None:
    """Take one run that is due, or whose holder is gone; returns its row id, None if there is none.

    ``run_id`` asks for that one only. A run that was interrupted too often is failed instead.
    """
    with writing(session) as db:
        return _claim(db, holder, run_id, seconds)


def _claim(session: Session, holder: str, run_id: int | None, seconds: int) -> int | None:
    for run in _candidates(session, run_id):
        at, pk = _as_seen(run), int(run.id)
        if run.attempts >= MAX_ATTEMPTS:
            _give_up(session, run, at)
            continue
        values = {
            "status": "running",
            "holder": holder,
            "lease_until": now() + seconds,
            "attempts": run.attempts + 1,
            "started_at": run.started_at or now(),
            "stage": "fetch",
        }
        if _rows(session, update(SyncRun).where(at).values(values)):
            return pk
    return None


def _candidates(session: Session, run_id: int | None) -> list[Any]:
    moment = now()
    columns = (SyncRun.id, SyncRun.status, SyncRun.holder, SyncRun.lease_until)
    due = select(*columns, SyncRun.attempts, SyncRun.started_at, SyncRun.run_at).where(
        SyncRun.status.in_(OPEN)
    )
    if run_id is not None:
        due = due.where(SyncRun.id == run_id)
    rows = session.execute(due.order_by(SyncRun.run_at, SyncRun.id)).all()
    return [row for row in rows if _is_free(row, moment)]


def _is_free(run: Any, moment: int) -> bool:
    if run.status == "queued":
        return bool(run.run_at <= moment)
    return run.lease_until is None or run.lease_until < moment or is_gone(run.holder)


def _is_abandoned(run: SyncRun) -> bool:
    """Whether a run waits for nobody: its process is gone, or never came to work on it.

    Another kind of run need not wait until somebody takes it over.
    """
    if run.status == "queued":
        return run.trigger == "cli" and run.run_at + LEASE_SECONDS < now()
    return _is_free(run, now())


def _as_seen(run: Any) -> ColumnElement[bool]:
    """The run, unless somebody else took it since it was looked at."""
    same_holder = SyncRun.holder.is_not_distinct_from(run.holder)
    return and_(SyncRun.id == run.id, SyncRun.status == run.status, same_holder)


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _give_up(session: Session, run: Any, at: ColumnElement[bool]) -> None:
    values = {
        "status": "failed",
        "error_code": "interrupted",
        "error": f"was interrupted {_times(run.attempts)}; it is not tried again",
        "holder": None,
        "lease_until": None,
        "finished_at": now(),
    }
    session.execute(update(SyncRun).where(at).values(values))


def renew_lease(
    session: AnySession, run_id: int, holder: str, *, seconds: int = LEASE_SECONDS
) -> None:
    """Keep the run for longer, in a transaction of its own; raises `LostLeaseError`."""
    with writing(session) as db:
        hold(db, run_id, holder, seconds=seconds)


def hold(
    session: Session,
    run_id: int,
    holder: str,
    *,
    seconds: int = LEASE_SECONDS,
    **values: Any,
) -> None:
    """Write columns of a run that is held, inside the caller's transaction; renew its lease.

    Raises `LostLeaseError` where it is not this holder's any more.
    """
    held = and_(SyncRun.id == run_id, SyncRun.holder == holder, SyncRun.status == "running")
    row = {"lease_until": now() + seconds} | values
    if not _rows(session, update(SyncRun).where(held).values(row)):
        raise LostLeaseError("another process has taken over this run")


def finish(session: Session, run_id: int, holder: str, status: str, **values: Any) -> None:
    """End a run that is held, inside the caller's transaction; raises `LostLeaseError`."""
    ended = {"status": status, "stage": None, "finished_at": now()}
    hold(session, run_id, holder, **ended | values)
    freed = update(SyncRun).where(SyncRun.id == run_id)
    session.execute(freed.values(holder=None, lease_until=None))


def actor_of(run: SyncRun) -> Actor:
    """Who asked for the run, with the right to it that was checked then."""
    kinds: dict[str, ActorKind] = {"user": "user", "token": "token", "system": "system"}
    return Actor(kinds.get(run.actor_kind, "system"), run.actor, Role.ADMIN)


def supersede_kept(session: Session, feed_id: int, but: int) -> list[int]:
    """Mark older plans of the feed that nobody applied as overtaken; returns their row ids."""
    kept = and_(
        SyncRun.feed_id == feed_id, SyncRun.status.in_(("planned", "held")), SyncRun.id != but
    )
    ids = list(session.scalars(select(SyncRun.id).where(kept)))
    if ids:
        old = update(SyncRun).where(SyncRun.id.in_(ids))
        session.execute(old.values(status="superseded"))
    return ids


def _rows(session: Session, statement: Any) -> int:
    count: int = session.connection().execute(statement).rowcount
    return count
