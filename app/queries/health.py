"""Whether the database can be used."""

from __future__ import annotations

from alembic.runtime.migration import MigrationContext
from sqlalchemy.orm import Session


def get_revision(session: Session) -> str | None:
    """The migration the database is at; None where it was never migrated."""
    return MigrationContext.configure(session.connection()).get_current_revision()
