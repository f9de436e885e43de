"""The consumer as a process of its own, until a signal stops it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

import structlog

from app.jobs.consumer import RunningConsumer
from app.jobs.performer import Work

PATIENCE_SECONDS = 30.0
CHECK_SECONDS = 5.0
STEP_SECONDS = 0.2

_log = structlog.get_logger("almanac.jobs")


def work_until_stopped(work: Work, threads: int, patience: float = PATIENCE_SECONDS) -> None:
    """Consume until SIGINT or SIGTERM; then let what is under way end, or give it back.

    Raises what the queue does where it cannot be reached at the start.
    """
    signals = _Signals()
    consumer = RunningConsumer(work, threads)
    _log.info("worker started", holder=work.holder, threads=threads)
    while not signals.wait(CHECK_SECONDS):
        consumer.check()
    _log.info("worker stops", under_way=len(work.under_way))
    deadline = time.monotonic() + patience
    done = consumer.stop(0)
    while not done and time.monotonic() < deadline and not signals.impatient:
        done = consumer.stop(STEP_SECONDS)
    if not done:
        consumer.give_back()
    _log.info("worker stopped", finished=done)
    if not done:
        # A run that was given away may still hold a lock or wait for the network: nobody does.
        sys.stderr.flush()
        os._exit(0)


class _Signals:
    """Counts the signals that ask to stop."""

    def __init__(self) -> None:
        self.impatient = False
        self._asked = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._note)

    def wait(self, seconds: float) -> bool:
        """Wait for the first one; False where it did not come in time."""
        return self._asked.wait(seconds)

    def _note(self, _number: int, _frame: Any) -> None:
        self.impatient = self._asked.is_set()
        self._asked.set()
