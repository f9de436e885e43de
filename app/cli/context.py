"""What every command shares: the application, and errors as one line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from app.core.errors import AlmanacError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.config import Settings


class Failure(click.ClickException):
    """Ends a command with one line on stderr and exit code 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {' '.join(self.message.split())}", file=file, err=file is None)


class Commands(click.Group):
    """A group whose commands may raise domain errors."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the operator can mend becomes one line, the rest a traceback."""
        try:
            return super().invoke(ctx)
        except AlmanacError as error:
            raise Failure(error.message) from error
        except Exception as error:
            if (text := database_problem(error)) is None:
                raise
            raise Failure(text) from error


def database_problem(error: Exception) -> str | None:
    """What to tell the operator where the database is to blame; None where it is not."""
    if not _is_from_database(error):
        return None
    reason = " ".join(str(getattr(error, "orig", None) or error).split())
    return f"the database cannot be used: {reason}{_advice(reason)}"


def _is_from_database(error: Exception) -> bool:
    """Looked up, not imported: no command waits for SQLAlchemy without need."""
    errors = sys.modules.get("sqlalchemy.exc")
    return errors is not None and isinstance(
        error, (errors.OperationalError, errors.ProgrammingError)
    )


def _advice(reason: str) -> str:
    missing = "no such table" in reason or "does not exist" in reason
    return " (run `almanac db upgrade` first)" if missing else ""


@contextmanager
def application() -> Iterator[tuple[Session, Settings]]:
    """The application's database session and settings, for one command."""
    import logging

    from app.factory import create_app
    from app.models import db
    from app.web.logging import configure_logging
    from app.web.permissions import current_settings

    configure_logging(level=logging.WARNING)
    with create_app().app_context():
        yield db.session(), current_settings()
