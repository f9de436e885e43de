"""Databases for tests: migrated once, brought back to that state after every test.

The usual way, one outer transaction per test that is rolled back, was not taken: Almanac's unit of
work opens its own transactions (BEGIN IMMEDIATE on SQLite), commits them, and has rules about what
happens after a commit; jobs and the two-people-at-once tests use several connections. All of that
is only true with real commits. Restoring costs 2 to 6 ms a test.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import Computed, Engine, MetaData, Table, insert, select, text

from app.config import Settings
from app.factory import create_app

# Fixed, so that a failure can be repeated; worth nothing outside a test.
SECRET_KEY = "test-secret-key-of-at-least-32-bytes"
ENCRYPTION_KEY = "dGVzdC1lbmNyeXB0aW9uLWtleS1vZi0zMi1ieXRlcyE="
MEMORY = Path("/dev/shm")  # commits need no disk there


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for databases, in memory where the machine has such a place."""
    parent = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 1 << 30 else None
    with tempfile.TemporaryDirectory(prefix="almanac-", dir=parent) as name:
        yield Path(name)


def make_settings(database_url: str, data_dir: Path, **changes: Any) -> Settings:
    """Settings of an application under test; `changes` replace single ones."""
    values: dict[str, Any] = {
        "database_url": database_url,
        "data_dir": data_dir,
        "secret_key": SECRET_KEY,
        "encryption_keys": (ENCRYPTION_KEY,),
        "admin_email": "admin@example.org",
        "admin_password": "correct horse battery staple",
        "testing": True,
    }
    return Settings(**values | changes)


def migrated_app(settings: Settings) -> Flask:
    """An application whose database has been upgraded to the newest migration."""
    app = create_app(settings)
    with app.app_context():
        flask_migrate.upgrade()
    return app


class SqliteSnapshot:
    """Copies the whole file back, page by page, whatever tables it has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._pages = sqlite3.connect(":memory:", check_same_thread=False)
        self._copy(into=self._pages)

    def _copy(self, *, into: sqlite3.Connection) -> None:
        with sqlite3.connect(str(self._engine.url.database)) as source:
            source.backup(into)
        source.close()

    def restore(self) -> None:
        self._engine.dispose()  # what a test left open must not hold a lock
        target = sqlite3.connect(str(self._engine.url.database))
        self._pages.backup(target)
        target.close()

    def close(self) -> None:
        self._pages.close()


class PostgresSnapshot:
    """Empties the tables that have rows and puts back those that the migrations had written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        metadata = MetaData()
        metadata.reflect(engine)
        self._tables = [t for t in metadata.sorted_tables if t.name != "alembic_version"]
        with engine.connect() as connection:
            self._rows = {
                table: rows
                for table in self._tables
                if (rows := [dict(row) for row in connection.execute(_stored(table)).mappings()])
            }
        self._find_used = text(
            " UNION ALL ".join(
                f"SELECT '{t.name}' WHERE EXISTS (SELECT FROM \"{t.name}\")" for t in self._tables
            )
        )

    def restore(self) -> None:
        with self._engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            if used := connection.execute(self._find_used).scalars().all():
                names = ", ".join(f'"{name}"' for name in used)
                connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
            for table in self._tables:
                if rows := self._rows.get(table):
                    connection.execute(insert(table), rows)

    def close(self) -> None:
        """Nothing is held."""


def _stored(table: Table) -> Any:
    return select(
        *(column for column in table.columns if not isinstance(column.computed, Computed))
    )


Snapshot = SqliteSnapshot | PostgresSnapshot


def take_snapshot(engine: Engine) -> Snapshot:
    """Remembers the database as it is; `restore` brings it back to that."""
    if engine.dialect.name == "sqlite":
        return SqliteSnapshot(engine)
    return PostgresSnapshot(engine)
