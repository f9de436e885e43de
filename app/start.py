"""`python -m app.start`: what `make run` does once everything is installed."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from app.cli.context import database_problem
from app.cli.progress import progress_bar
from app.config import load_settings
from app.core.errors import AlmanacError
from app.serving import check_port


def main() -> None:
    """Migrate, fill an empty database, make the first admin, serve."""
    parser = argparse.ArgumentParser(prog="python -m app.start", description=main.__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    arguments = parser.parse_args()
    try:
        check_port(arguments.host, arguments.port)
        prepare()
    except AlmanacError as error:
        sys.exit(f"error: {error.message}")
    except Exception as error:
        if (text := database_problem(error)) is None:
            raise
        sys.exit(f"error: {text}")
    # A process of its own: the server's keeps nothing of what the first import needed.
    serve = ["serve", "--host", arguments.host, "--port", str(arguments.port)]
    os.execv(sys.executable, [sys.executable, "-m", "app.cli", *serve])  # noqa: S606 -- ourselves


def prepare() -> None:
    """Bring the database to a state in which somebody can log in and see a catalog."""
    from app.factory import create_app
    from app.migrating import upgrade_database
    from app.models import db
    from app.services.bootstrap import create_first_admin, seed_catalog
    from app.services.migrations import is_migrated
    from app.web.logging import configure_logging

    configure_logging(level=logging.WARNING)
    settings = load_settings()
    with create_app(settings).app_context():
        session = db.session()
        if not is_migrated(session):
            session.rollback()
            upgrade_database()
        with progress_bar("models-dev") as progress:
            seeded = seed_catalog(session, progress)
        if seeded is not None:
            _say(f"the embedded catalog is loaded: {seeded.counts['added']} models")
        admin = create_first_admin(session, settings)
    if admin is not None:
        _say(f"log in as {admin.email}")
        if admin.password is not None:
            _say(f"password {admin.password} (shown this once)")


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
