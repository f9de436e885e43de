"""The only transactions of the application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session, scoped_session

from app.core.errors import BusyError, RaceError

AnySession = Session | scoped_session[Any]


def plain(session: AnySession) -> Session:
    """The session itself, where one that belongs to the current context may be given."""
    real: Session = session() if isinstance(session, scoped_session) else session
    return real


def engine_of(session: AnySession) -> Engine:
    """Where a session's connections come from: for one of another thread."""
    return plain(session).connection().engine


# PostgreSQL's codes for: serialization failure, deadlock, lock not available.
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})


def _is_busy(error: OperationalError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return state in _BUSY_STATES or "database is locked" in str(error.orig)


@contextmanager
def writing(session: Session | scoped_session[Session], *, keep: bool = True) -> Iterator[Session]:
    """A write transaction: committed at the end, rolled back by any exception.

    Whatever read transaction is open ends first, so that all that is read inside
    is current. On SQLite the write lock is taken at once (`BEGIN IMMEDIATE`): a
    read followed by a write cannot fail half-way for want of the lock. With
    ``keep`` False it is rolled back at the end: a rehearsal. Raises `RaceError`
    where a uniqueness that was checked before is violated all the same,
    `BusyError` where a lock is not to be had within ten seconds, and
    `RuntimeError` when one is inside another: one use case is one transaction.
    """
    real = plain(session)
    if real.info.get("writing"):
        raise RuntimeError("a write transaction is open already")
    real.rollback()
    real.info["writing"] = True
    try:
        real.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield real
        real.commit() if keep else real.rollback()
    except IntegrityError as exc:
        real.rollback()
        raise RaceError("somebody else wrote one of the same records just now") from exc
    except OperationalError as exc:
        real.rollback()
        if _is_busy(exc):
            raise BusyError("another write takes long; try again in a moment") from exc
        raise
    except BaseException:
        real.rollback()
        raise
    finally:
        real.info.pop("writing", None)
