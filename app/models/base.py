"""The declarative base, column types used everywhere, and the engine's behaviour per database."""

from __future__ import annotations

import sqlite3
import time
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import JSON, BigInteger, Connection, Engine, MetaData, String, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

IDLE_SECONDS = 5.0

# Every JSON column: None is SQL NULL, which means unknown; PostgreSQL gets jsonb.
JsonType = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Seconds = Annotated[int, mapped_column(BigInteger)]
"""A moment in Unix seconds."""
Name = Annotated[str, mapped_column(String(255))]
# Row ids are never used twice: the change log and claims refer to them without a foreign key.
NEVER_REUSED = {"sqlite_autoincrement": True}
JsonObject = Annotated[dict[str, Any], mapped_column(JsonType)]
Texts = Annotated[list[str], mapped_column(JsonType)]


class Base(DeclarativeBase):
    """Base of all mapped classes; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class DecidedState:
    """The columns of every record that feeds fill and people decide about.

    The write path derives `manual_fields`, `sources` and `drift` from claims and
    overrides and keeps them here, so that a page of a table is one read.
    """

    status: Mapped[str] = mapped_column(String(16))  # init, filled, updated
    protection: Mapped[str] = mapped_column(String(8), default="none")  # none, fields, entry
    # What a person chose for this record; NULL follows the installation's setting.
    protection_choice: Mapped[str | None] = mapped_column(String(8))
    manual_fields: Mapped[Texts] = mapped_column(default=list)
    sources: Mapped[JsonObject] = mapped_column(default=dict)
    drift: Mapped[JsonObject | None]
    version: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[Seconds | None]
    last_synced_at: Mapped[Seconds | None]
    created_at: Mapped[Seconds]
    updated_at: Mapped[Seconds]


db = SQLAlchemy(model_class=Base)


def now() -> int:
    """This moment in Unix seconds."""
    return int(datetime.now(UTC).timestamp())


def configure_engine(engine: Engine) -> None:
    """Make SQLite transactional as PostgreSQL is; notice when PostgreSQL was restarted.

    WAL lets readers go on while one writes; FULL makes a commit durable; the
    explicit BEGIN (IMMEDIATE where the connection's option `sqlite_begin` says
    so) replaces the driver's habit of starting transactions late, which would
    let a read-then-write lose its lock half-way.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", partial(_ping_when_idle, engine))


def _note_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at"] = time.monotonic()


def _ping_when_idle(
    engine: Engine, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object
) -> None:
    """Ask whether a pooled connection still lives, where it has not been used for a while.

    Asking every time would double the round trips of a short request.
    """
    if time.monotonic() - record.info.get("used_at", time.monotonic()) < IDLE_SECONDS:
        return
    try:
        alive = engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        alive = False
    if not alive:
        raise DisconnectionError


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    # 32 MB of pages, 64 MB of mapped file: bulk actions over 100,000 models stay within 300 MB.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "cache_size=-32768",
        "mmap_size=67108864",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _sqlite_begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
