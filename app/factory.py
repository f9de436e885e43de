"""Puts the application together."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from sqlalchemy.engine import make_url

from app.blueprints import register_all
from app.config import Settings, load_settings
from app.jobs.setup import init_jobs
from app.models import configure_engine, db
from app.web import init_web

ROOT = Path(__file__).resolve().parent.parent
migrate = Migrate(directory=str(ROOT / "migrations"))


def create_app(settings: Settings | None = None) -> Flask:
    """An application ready to serve; `settings` default to the environment's.

    Raises `ConfigurationError` where a variable has a wrong value. Touches no
    table: an empty database is migrated by `almanac db upgrade`.
    """
    settings = settings or load_settings()
    app = Flask(
        "app",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings.database_url),
        TESTING=settings.testing,
    )
    app.extensions["almanac.settings"] = settings
    _reserve(settings.database_url)
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine)
    migrate.init_app(app, db)
    init_web(app, settings)
    init_jobs(app, settings)
    register_all(app)
    return app


def _reserve(url: str) -> None:
    """Make SQLite's file readable by its owner only, before SQLite makes it readable by all."""
    path = make_url(url).database
    if url.startswith("sqlite") and path and not Path(path).exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _engine_options(url: str) -> dict[str, object]:
    if url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False}, "pool_size": 20}
    # Nobody waits longer for a lock than SQLite's busy timeout, either.
    options = {"options": "-c lock_timeout=10s"}
    return {
        "connect_args": options,
        "pool_size": 20,
        "pool_recycle": 1800,
    }
