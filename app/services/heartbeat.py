"""Keeping the lease of a run while it is worked on."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core.errors import BusyError
from app.services.runs import LEASE_SECONDS, LostLeaseError, renew_lease

BEAT_SECONDS = LEASE_SECONDS / 4
# After a failure: the database may be back soon, and the lease lasts a while.
HURRY_SECONDS = 2.0

_log = structlog.get_logger("almanac.jobs")


class Heartbeat:
    """Renews the lease in a thread and on a connection of its own while it is entered."""

    def __init__(
        self, engine: Engine, run_id: int, holder: str, pause: float = BEAT_SECONDS
    ) -> None:
        self._engine = engine
        self._run_id = run_id
        self._holder = holder
        self._pause = pause
        self._ended = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{run_id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _exc: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._ended.set()

    def lose(self) -> None:
        """Say that the run was given away."""
        self._lost.set()

    def check(self, _stage: str = "", _done: int = 0, _total: int = 0) -> None:
        """Raise `LostLeaseError` where the run is somebody else's by now; a progress callback."""
        if self._lost.is_set():
            raise LostLeaseError("another process has taken over this run")

    def _beat(self) -> None:
        pause = self._pause
        while not self._ended.wait(pause):
            pause = self._pause if self._renew() else min(HURRY_SECONDS, self._pause)
            if self._lost.is_set():
                return

    def _renew(self) -> bool:
        try:
            with Session(self._engine) as session:
                renew_lease(session, self._run_id, self._holder)
        except LostLeaseError:
            # Also how the last beat of a run that has just ended fails.
            self._lost.set()
        except BusyError:
            return False  # on SQLite its own apply holds the lock: nobody else can take the run
        except Exception as exc:  # noqa: BLE001 -- whatever it is, the next beat may succeed
            _log.warning("the lease was not renewed", run=self._run_id, reason=str(exc))
            return False
        return True
