"""Telling the consumer that there is something to do, after the commit that says what."""

from __future__ import annotations

import threading
import time

import structlog
from flask import current_app, has_app_context
from huey import Huey
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.config import Settings
from app.jobs.storage import open_storage
from app.jobs.tasks import ask, declare
from app.models import db
from app.services.webhooks import NOTED

# After a failure: no request waits again for a queue that was away just now.
REST_SECONDS = 10.0
EXTENSION = "almanac.nudger"

_log = structlog.get_logger("almanac.jobs")


class Nudger:
    """Puts messages into the queue; never raises, as the next tick does without them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._huey: Huey | None = None
        self._rest_until = float("-inf")

    def ask(self, name: str) -> bool:
        """Send the message; False where that was not possible."""
        if time.monotonic() < self._rest_until:
            return False
        if self._open() and ask(self._huey, name):
            return True
        self._rest_until = time.monotonic() + REST_SECONDS
        return False

    def _open(self) -> bool:
        with self._opening:
            try:
                if self._huey is None:
                    huey = open_storage(self._settings)
                    declare(huey, None)
                    self._huey = huey
            except Exception as exc:  # noqa: BLE001 -- each kind of storage has errors of its own
                _log.warning("the queue cannot be reached", reason=str(exc))
        return self._huey is not None


def nudge() -> None:
    """Let somebody do the run that was asked for; call it when that is committed."""
    _ask("work")


def nudge_deliveries() -> None:
    """Let somebody send the messages to webhooks that were noted; call it likewise."""
    _ask("deliver")


def _tell(session: Session) -> None:
    """After a commit in a request: send at once what it noted for webhooks."""
    if session.info.pop(NOTED, False) and has_app_context():
        nudge_deliveries()


def _forget(session: Session) -> None:
    session.info.pop(NOTED, None)


event.listen(db.session, "after_commit", _tell)
event.listen(db.session, "after_rollback", _forget)


def _ask(name: str) -> None:
    nudger: Nudger | None = current_app.extensions.get(EXTENSION)
    if nudger is not None:
        nudger.ask(name)
