"""How far the database is migrated, and how far it should be."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.orm import Session

from app.queries.health import get_revision

FOLDER = Path(__file__).resolve().parents[2] / "migrations"


@cache
def newest_revision() -> str | None:
    """The last migration there is."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return ScriptDirectory.from_config(config).get_current_head()


def is_migrated(session: Session) -> bool:
    """Whether the database has all migrations; any error means that it cannot be reached."""
    return get_revision(session) == newest_revision()
