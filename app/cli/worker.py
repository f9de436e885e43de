"""`almanac worker`."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Sync runs that may go on at once.",
)
def worker(threads: int) -> None:
    """Do the jobs: sync runs that are due or asked for, messages to webhooks.

    For installations of several processes; the server does them itself where ALMANAC_JOBS is not
    off. Any number of workers may run. SIGINT or SIGTERM lets the runs under way end (at most
    30 seconds); a second one does not wait for them. Migrates nothing.
    """
    from app.cli.context import Failure
    from app.factory import create_app
    from app.jobs.foreground import work_until_stopped
    from app.jobs.setup import work_of
    from app.models import db
    from app.services.migrations import is_migrated
    from app.web.logging import configure_logging

    configure_logging()
    app = create_app()
    with app.app_context():
        migrated = is_migrated(db.session())
    if not migrated:
        raise Failure("the database is not migrated: run `almanac db upgrade` first")
    work_until_stopped(work_of(app), threads)
