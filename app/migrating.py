"""Runs Alembic against the application's database; needs an application context."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from app.core.errors import ValidationError
from app.factory import migrate


def upgrade_database() -> None:
    """Apply all migrations that the database does not have yet."""
    command.upgrade(_config(), "head")


def downgrade_database(revision: str) -> None:
    """Take migrations back to a revision, or by steps ("-1").

    Raises `ValidationError` for a revision there is not.
    """
    try:
        command.downgrade(_config(), revision)
    except CommandError as exc:
        raise ValidationError(f"cannot go back to {revision!r}: {exc}") from exc


def _config() -> Config:
    config = migrate.get_config()
    if not isinstance(config, Config):  # Flask-Migrate's subclass, says its code but not its types
        raise TypeError(type(config).__name__)
    return config
