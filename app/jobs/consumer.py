"""Huey's consumer as threads of this process: no signals, no back-off, no stack of tracebacks."""

from __future__ import annotations

import logging
import time
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer, Scheduler, Worker

from app.jobs.performer import THREADS, Performer, Work
from app.jobs.storage import open_storage
from app.jobs.tasks import ask, declare, look_around

POLL_SECONDS = 0.25
RETRY_SECONDS = 2.0
TROUBLE_SECONDS = 2.0
# Between two complaints about a queue that is away.
SILENCE_SECONDS = 60.0

_log = structlog.get_logger("almanac.jobs")


class _Listener(Worker):  # type: ignore[misc]  # huey has no types
    """Takes messages; a queue that is away is asked again in a while."""

    complained_at = float("-inf")

    def loop(self, now: Any = None) -> None:
        try:
            task = self.huey.dequeue()
            if task is not None:
                self.huey.execute(task, now)
            elif not self.huey.storage.blocking:
                self.stop_flag.wait(POLL_SECONDS)
        except Exception as exc:  # noqa: BLE001 -- each kind of storage has errors of its own
            if time.monotonic() - _Listener.complained_at > SILENCE_SECONDS:
                _Listener.complained_at = time.monotonic()
                _log.warning("the queue cannot be read", reason=str(exc))
            self.stop_flag.wait(TROUBLE_SECONDS)


class _Clock(Scheduler):  # type: ignore[misc]
    """Ticks at once and every minute, through the queue or, where that is away, without it."""

    performer: Performer

    def loop(self, now: Any = None) -> None:
        # Huey's own also asks the queue for messages of a later time, of which we have none.
        self.enqueue_periodic_tasks(now)
        until = time.monotonic() + self.periodic_task_seconds
        # A message to a webhook is tried again after seconds, not at the next minute.
        while time.monotonic() < until and not self.stop_flag.wait(RETRY_SECONDS):
            if self.performer.has_message_due():
                ask(self.huey, "deliver")

    def enqueue_periodic_tasks(self, now: Any) -> None:
        for task in self.huey.read_periodic(now):
            try:
                self.huey.enqueue(task)
            except Exception as exc:  # noqa: BLE001 -- each kind of storage has errors of its own
                _log.warning("the queue cannot be reached", reason=str(exc))
                look_around(self.huey, self.performer)


class _Threads(Consumer):  # type: ignore[misc]
    worker_class = _Listener
    scheduler_class = _Clock

    def __init__(self, huey: Huey, performer: Performer, **options: Any) -> None:
        self._performer = performer
        super().__init__(huey, **options)

    def _create_scheduler(self) -> _Clock:
        clock: _Clock = super()._create_scheduler()
        clock.performer = self._performer
        return clock

    def _set_signal_handlers(self) -> None:
        """They belong to the process, whose guest this is."""


class RunningConsumer:
    """A consumer that has been started; raises what its queue does where that is away."""

    def __init__(self, work: Work, threads: int = THREADS) -> None:
        # Every message would be a line, and the start a list of all tasks.
        logging.getLogger("huey").setLevel(logging.WARNING)
        self.performer = Performer(work, threads)
        self._huey = open_storage(work.settings)
        declare(self._huey, self.performer)
        # One for each run, one for messages to webhooks, one that always hears the clock.
        self._threads = _Threads(self._huey, self.performer, workers=threads + 2)
        self._threads.start()

    def check(self) -> None:
        """Start threads anew that have died."""
        self._threads.check_worker_health()

    def stop(self, seconds: float) -> bool:
        """Take nothing new, and wait for the runs under way; False where one still is."""
        self._threads.stop_flag.set()
        return self.performer.stop(seconds)

    def give_back(self) -> None:
        """Let others have the runs that are still under way."""
        self.performer.give_back()
