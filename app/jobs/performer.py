"""The work itself: queue what is due, do the runs that wait, send the messages that are due."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.errors import AlmanacError, BusyError
from app.jobs.drain import Drain
from app.models import now
from app.queries.due import has_open_run
from app.services.deliveries import next_due, prune_deliveries
from app.services.heartbeat import BEAT_SECONDS, Heartbeat
from app.services.runs import LostLeaseError, claim_run, holder_name
from app.services.schedule import enqueue_due, give_back, note_outcome
from app.services.secrets import Vault

THREADS = 2
# Of messages to webhooks, before it is looked whether the process is to stop.
AT_ONCE = 50
NOTE_ATTEMPTS = 3
# The first time soon after the start, but not among what is done then.
TIDY_FIRST_SECONDS = 600
TIDY_SECONDS = 24 * 3600

_log = structlog.get_logger("almanac.jobs")


class Perform(Protocol):
    """Does a run that ``holder`` has claimed, ends its row, and raises what went wrong."""

    def __call__(
        self,
        session: Session,
        run_id: int,
        holder: str,
        *,
        vault: Vault | None,
        allow_private: bool,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> Any: ...


Deliver = Callable[..., int]


@dataclass(slots=True)
class Work:
    """What a process needs to work, and what it is at. One per process."""

    engine: Engine
    settings: Settings
    perform: Perform
    deliver: Deliver
    holder: str = field(default_factory=holder_name)
    beat: float = BEAT_SECONDS
    under_way: dict[int, Heartbeat] = field(default_factory=dict)

    def vault(self) -> Vault:
        """The keys of providers and webhooks."""
        return Vault(self.settings.encryption_keys)


class Performer:
    """Does what is due, by at most ``threads`` runs at once, until it is stopped."""

    def __init__(self, work: Work, threads: int = THREADS) -> None:
        self.threads = threads
        self._work = work
        self._stopped = False
        self._tidy_at = time.monotonic() + TIDY_FIRST_SECONDS
        self.do_runs = Drain(self._one_run, threads)
        self.send_messages = Drain(self._some_messages, 1)

    def look(self) -> bool:
        """Queue the feeds that are due; say whether there are runs to do."""
        try:
            with Session(self._work.engine) as session:
                for run in enqueue_due(session):
                    _log.info("run queued", run=run.public_id)
                return has_open_run(session, now())
        except (AlmanacError, SQLAlchemyError) as exc:
            _complain("the schedule could not be read", exc)
            return True

    def tidy(self) -> None:
        """Once a day, remove what was delivered long ago."""
        if self._stopped or time.monotonic() < self._tidy_at:
            return
        self._tidy_at = time.monotonic() + TIDY_SECONDS
        try:
            with Session(self._work.engine) as session:
                _log.info("old deliveries removed", rows=prune_deliveries(session))
        except (AlmanacError, SQLAlchemyError) as exc:
            _complain("old deliveries could not be removed", exc)

    def has_message_due(self) -> bool:
        """Whether a message to a webhook waits to be sent; False where that cannot be known."""
        try:
            with Session(self._work.engine) as session:
                due = next_due(session)
        except SQLAlchemyError:
            return False
        return due is not None and due <= now()

    def stop(self, seconds: float) -> bool:
        """Begin nothing any more, and wait until nothing is under way; False where it still is."""
        self._stopped = True
        self.do_runs.stop()
        self.send_messages.stop()
        return self.do_runs.wait(seconds)

    def give_back(self) -> None:
        """Let others have the runs under way at once; what is done for them here is lost."""
        for run_id, heartbeat in list(self._work.under_way.items()):
            heartbeat.lose()
            try:
                with Session(self._work.engine) as session:
                    if give_back(session, run_id, self._work.holder):
                        _log.info("run given back", run_id=run_id)
            except (AlmanacError, SQLAlchemyError) as exc:
                _complain("a run could not be given back", exc)

    def _one_run(self) -> bool:
        work = self._work
        try:
            with Session(work.engine) as session:
                run_id = claim_run(session, work.holder) if has_open_run(session, now()) else None
        except (AlmanacError, SQLAlchemyError) as exc:
            _complain("no run could be claimed", exc)
            return False
        if run_id is None or run_id in work.under_way:
            # In the second case the lease ran out because the database was away: it is ours again.
            return False
        heartbeat = Heartbeat(work.engine, run_id, work.holder, work.beat)
        work.under_way[run_id] = heartbeat
        try:
            self._perform(run_id, heartbeat)
        finally:
            del work.under_way[run_id]
        self.send_messages()
        return True

    def _perform(self, run_id: int, heartbeat: Heartbeat) -> None:
        work, error = self._work, None
        _log.info("run started", run_id=run_id)
        try:
            with heartbeat, Session(work.engine) as session:
                work.perform(
                    session,
                    run_id,
                    work.holder,
                    vault=work.vault(),
                    allow_private=work.settings.fetch_allow_private,
                    progress=heartbeat.check,
                )
        except LostLeaseError:
            _log.warning("run taken over by another process", run_id=run_id)
            return
        except Exception as exc:  # noqa: BLE001 -- whatever a run fails of, the next one goes on
            error = exc
            _complain("run failed", exc, run_id=run_id)
        else:
            _log.info("run done", run_id=run_id)
        self._note(run_id, error)

    def _note(self, run_id: int, error: Exception | None) -> None:
        for _ in range(NOTE_ATTEMPTS):
            try:
                with Session(self._work.engine) as session:
                    note_outcome(session, run_id, error)
            except BusyError:
                continue
            except SQLAlchemyError as exc:
                _complain("how a run ended could not be noted", exc, run_id=run_id)
            return

    def _some_messages(self) -> bool:
        work = self._work
        try:
            with Session(work.engine) as session:
                due = next_due(session)
                if due is None or due > now():
                    return False
                sent = work.deliver(
                    session,
                    work.vault(),
                    allow_private=work.settings.fetch_allow_private,
                    limit=AT_ONCE,
                    holder=work.holder,
                )
        except Exception as exc:  # noqa: BLE001 -- messages that stay are sent by the next tick
            if not self._stopped:  # the end of the process interrupts them
                _complain("messages could not be sent", exc)
            return False
        return sent >= AT_ONCE


def _complain(what: str, error: Exception, **details: Any) -> None:
    """One line for what an operator can understand, a traceback for a mistake of ours."""
    expected = isinstance(error, AlmanacError | SQLAlchemyError)
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    (_log.warning if expected else _log.error)(
        what, reason=reason, exc_info=None if expected else error, **details
    )
