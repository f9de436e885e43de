"""The only transactions of the application."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.orm import Session, scoped_session

AnySession = Session | scoped_session[Any]


def plain(session: AnySession) -> Session:
    """The session itself, where one that belongs to the current context may be given."""
    real: Session = session() if isinstance(session, scoped_session) else session
    return real


@contextmanager
def writing(session: Session | scoped_session[Session], *, keep: bool = True) -> Iterator[Session]:
    """A write transaction: committed at the end, rolled back by any exception.

    Whatever read transaction is open ends first, so that all that is read inside
    is current. On SQLite the write lock is taken at once (`BEGIN IMMEDIATE`): a
    read followed by a write cannot fail half-way for want of the lock. With
    ``keep`` False it is rolled back at the end: a rehearsal. Raises
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
    except BaseException:
        real.rollback()
        raise
    finally:
        real.info.pop("writing", None)
