"""The tests' own machinery: undo between tests, both databases, no network."""

import socket

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import User, db
from tests.support.client import IsolatedClient
from tests.support.network import NetworkClosedError


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_what_a_test_commits_is_gone_in_the_next(
    attempt: str, session: Session, engine_kind: str
) -> None:
    assert db.engine.dialect.name == engine_kind
    assert session.scalar(select(func.count()).select_from(User)) == 0
    session.add(User(email="a@example.org", password_hash="-", role="viewer", created_at=0))
    session.commit()
    assert session.scalars(select(User.id)).one() == 1


def test_a_broken_test_leaves_no_lock(session: Session) -> None:
    session.add(User(email="a@example.org", password_hash="-", role="viewer", created_at=0))
    session.flush()


def test_other_hosts_cannot_be_reached() -> None:
    with pytest.raises(NetworkClosedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_people_come_with_their_role(
    client: IsolatedClient, viewer: IsolatedClient, admin: IsolatedClient
) -> None:
    assert client.get("/users").status_code == 303
    assert viewer.get("/users").status_code == 403
    assert admin.get("/users").status_code == 200


def test_a_request_does_not_share_the_tests_session(
    session: Session, admin: IsolatedClient
) -> None:
    session.add(User(email="a@example.org", password_hash="-", role="viewer", created_at=0))
    assert "a@example.org" in admin.get("/users").text
