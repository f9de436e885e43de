"""Small marks ("last seen", "last used") that must never make a reader wait."""

from __future__ import annotations

from sqlalchemy import Engine, Update
from sqlalchemy.orm import Session

from app.core.errors import BusyError
from app.services.transaction import writing

EVERY_SECONDS = 60


def touch(session: Session, statement: Update) -> None:
    """Run the update in a transaction of its own, unless somebody else is writing just now.

    A sync may hold SQLite's only write lock for seconds. The mark is then left
    for the next request.
    """
    engine = session.get_bind()
    if not isinstance(engine, Engine):
        raise TypeError("the session must be bound to an engine")
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        driver = connection.connection.driver_connection
        if sqlite and driver is not None:
            driver.execute("PRAGMA busy_timeout=0")
        try:
            with Session(connection) as own, writing(own):
                own.execute(statement)
        except BusyError:
            pass
        finally:
            if sqlite and driver is not None:
                driver.execute("PRAGMA busy_timeout=10000")
