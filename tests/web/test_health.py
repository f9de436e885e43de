"""Live and ready."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.services.migrations import newest_revision
from tests.support.client import IsolatedClient


def test_a_migrated_database_is_ready(client: IsolatedClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_an_old_database_is_not_ready(client: IsolatedClient, session: Session) -> None:
    session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    session.commit()
    try:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert "migrated" in answer.get_json()["reason"]
    finally:
        session.execute(
            text("UPDATE alembic_version SET version_num = :v"), {"v": newest_revision()}
        )
        session.commit()


def test_without_tables_it_lives_and_is_not_ready(prober: FlaskClient) -> None:
    assert prober.get("/healthz").status_code == 200
    assert prober.get("/readyz").status_code == 503


def test_health_needs_no_login_and_leaves_no_cookie(probe: Flask) -> None:
    assert "Set-Cookie" not in probe.test_client().get("/healthz").headers
