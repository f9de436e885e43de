"""Doing what is due until nothing is, by so many threads at once."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Drain:
    """Does one thing after another until none is left.

    ``once`` does one and says whether there was one. At most ``limit`` threads are at it;
    who comes meanwhile leaves again, and one of those looks once more before it goes.
    """

    def __init__(self, once: Callable[[], bool], limit: int) -> None:
        self._once = once
        self._limit = limit
        self._changed = threading.Condition()
        self._asked = False
        self._stopped = False
        self._busy = 0

    def __call__(self) -> None:
        with self._changed:
            self._asked = True
        while self._enter():
            try:
                while self._once() and not self._stopped:
                    pass
            finally:
                with self._changed:
                    self._busy -= 1
                    self._changed.notify_all()

    def _enter(self) -> bool:
        with self._changed:
            if self._stopped or not self._asked or self._busy >= self._limit:
                return False
            self._asked = False
            self._busy += 1
            return True

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stopped = True

    def wait(self, seconds: float) -> bool:
        """Wait until nobody is at work; False where somebody still is after so many seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._busy == 0, seconds)
