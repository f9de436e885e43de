"""A pooled connection that the server closed is replaced before anybody notices."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.models import base, db


@pytest.mark.engines("postgresql")
def test_a_connection_that_was_closed_while_idle_is_replaced(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.close()
    db.engine.dispose()  # so that the closed one is the only one, and no later test gets it
    pid = session.scalar(text("SELECT pg_backend_pid()"))
    session.rollback()
    address = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [pid])
    monkeypatch.setattr(base, "IDLE_SECONDS", 0.0)
    assert session.scalar(text("SELECT pg_backend_pid()")) != pid
