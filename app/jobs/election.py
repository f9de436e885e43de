"""One among all the processes that could consume: on one machine by a file, else by PostgreSQL."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

# Of advisory locks in our database: the first letters of "almanac", as one number.
KEY = int.from_bytes(b"almanac", "big")
# A holder whose machine has died is forgotten by PostgreSQL after so long; a living one asks
# every few seconds.
IDLE_SECONDS = 20


class Lock(Protocol):
    """Held by one process at a time, and let go by the system when that process dies."""

    def acquire(self) -> bool:
        """Try to get it, without waiting."""

    def is_held(self) -> bool:
        """Whether what was acquired is still ours."""

    def release(self) -> None:
        """Let it go; also what cannot be asked any more."""


class FileLock:
    """A lock on a file of the data folder, for the processes of one machine."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Try to get it, without waiting."""
        file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def is_held(self) -> bool:
        """Nobody can take it away."""
        return self._file is not None

    def release(self) -> None:
        """Let it go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class AdvisoryLock:
    """A lock of a PostgreSQL session, for the processes of all machines."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    def acquire(self) -> bool:
        """Try to get it, without waiting; raises where the database is away."""
        try:
            connection = self._connected()
            return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY}))
        except SQLAlchemyError:
            self.release()
            raise

    def is_held(self) -> bool:
        """Whether the session still lives, and the lock with it."""
        try:
            return self._connection is not None and self._connection.scalar(text("SELECT 1")) == 1
        except SQLAlchemyError:
            return False

    def release(self) -> None:
        """End the session."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()  # what the pool took back would keep the lock
            self._connection = connection
            connection.execute(text(f"SET idle_session_timeout = '{IDLE_SECONDS}s'"))
        return self._connection


def consumer_lock(engine: Engine, data_dir: Path) -> Lock:
    """The lock of whoever consumes this database's queue."""
    if engine.dialect.name == "postgresql":
        return AdvisoryLock(engine)
    return FileLock(data_dir / "consumer.lock")
