"""`almanac db`: migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from app.cli.context import application

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.group()
def db() -> None:
    """Migrate the database."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest migration."""
    from app.migrating import upgrade_database

    with application() as (session, _settings):
        upgrade_database()
        _say(session)


@db.command()
@click.option(
    "--to", "revision", default="-1", show_default=True, help="A revision, or steps back."
)
def downgrade(revision: str) -> None:
    """Take the last migration back."""
    from app.migrating import downgrade_database

    with application() as (session, _settings):
        downgrade_database(revision)
        _say(session)


def _say(session: Session) -> None:
    from app.queries.health import get_revision

    click.echo(f"the database is at {get_revision(session) or 'no migration'}")
