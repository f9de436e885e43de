"""Puts the jobs together with the application."""

from __future__ import annotations

import atexit

from flask import Flask

from app.config import Settings
from app.jobs.nudge import EXTENSION, Nudger
from app.jobs.performer import Work
from app.jobs.standby import Standby
from app.models import db
from app.services.deliveries import deliver_due
from app.services.sync import perform_run


def init_jobs(app: Flask, settings: Settings) -> None:
    """Let requests nudge the consumer, wherever it is; a test that wants that says so itself."""
    if not settings.testing:
        app.extensions[EXTENSION] = Nudger(settings)


def work_of(app: Flask) -> Work:
    """What a consumer of this application works with."""
    with app.app_context():
        engine = db.engine
    settings: Settings = app.extensions["almanac.settings"]
    return Work(engine, settings, perform_run, deliver_due)


def stand_by(app: Flask) -> Standby | None:
    """Consume in this process when it is its turn; None where the settings say not to."""
    settings: Settings = app.extensions["almanac.settings"]
    if settings.jobs == "off":
        return None
    standby = Standby(work_of(app))
    standby.start()
    atexit.register(standby.end)
    return standby
