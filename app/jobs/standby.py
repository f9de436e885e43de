"""The consumer inside the server: every process stands by, one of them consumes."""

from __future__ import annotations

import threading

import structlog

from app.jobs.consumer import RunningConsumer
from app.jobs.election import Lock, consumer_lock
from app.jobs.performer import Work

PAUSE_SECONDS = 3.0
PATIENCE_SECONDS = 30.0

_log = structlog.get_logger("almanac.jobs")


class Standby(threading.Thread):
    """Waits for its turn, consumes, and waits again where the lock was lost.

    A daemon: it never keeps the process from ending.
    """

    def __init__(self, work: Work, lock: Lock | None = None, pause: float = PAUSE_SECONDS) -> None:
        super().__init__(name="jobs", daemon=True)
        self._work = work
        self._lock = lock or consumer_lock(work.engine, work.settings.data_dir)
        self._pause = pause
        self._ended = threading.Event()
        self._consumer: RunningConsumer | None = None

    def run(self) -> None:
        """Stand by until the process ends."""
        trouble = None
        while not self._ended.is_set():
            try:
                if self._lock.acquire():
                    trouble = None
                    self._consume()
            except Exception as exc:  # noqa: BLE001 -- the database may be back the next time
                if str(exc) != trouble:
                    trouble = str(exc)
                    _log.warning("jobs cannot be consumed", reason=" ".join(trouble.split()))
                self._lock.release()
            self._ended.wait(self._pause)

    def end(self) -> None:
        """For the end of the process: what is under way is others' to do."""
        self._ended.set()
        if self._consumer is not None:
            self._consumer.stop(0)
            self._consumer.give_back()
        self._lock.release()

    def _consume(self) -> None:
        self._consumer = consumer = RunningConsumer(self._work)
        _log.info("jobs are consumed here", holder=self._work.holder)
        while not self._ended.wait(self._pause) and self._lock.is_held():
            consumer.check()
        if self._ended.is_set():
            return
        # The database was away. A run under way goes on if its lease does.
        _log.warning("jobs are not consumed here any more", holder=self._work.holder)
        consumer.stop(PATIENCE_SECONDS)
        self._consumer = None
        self._lock.release()
