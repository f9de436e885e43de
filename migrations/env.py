"""How Alembic reaches the database: through the application's own engine."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from app.models import Base, db

# Full-text search lives in tables that only one engine knows; their migrations are written by hand.
UNMAPPED = ("entry_search", "provider_model_search")


def include_name(name: str | None, kind: str, _parents: object) -> bool:
    """Whether autogenerate looks at a table: not at the search tables and their shadows."""
    return kind != "table" or name is None or not name.startswith(UNMAPPED)


def run(connection: Connection) -> None:
    """Run the migrations in one transaction, with a bound on the wait for locks."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
        context.run_migrations()


if context.is_offline_mode():
    raise SystemExit("migrations need a database: there is no offline mode")
with current_app.app_context(), db.engine.connect() as connection:
    run(connection)
