"""Sessions on the server."""

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import User, UserSession, db, now
from app.services.sessions import end_session, load_principal, start_session
from tests.support.people import ensure_user


@pytest.fixture
def secret(session: Session) -> str:
    return start_session(session, ensure_user(Role.EDITOR))


def last_seen(session: Session) -> int:
    session.rollback()
    return session.scalars(select(UserSession.last_seen_at)).one()


def test_a_secret_names_its_owner(session: Session, secret: str) -> None:
    principal = load_principal(session, secret)
    assert principal is not None
    assert (principal.email, principal.role) == ("editor@example.org", "editor")
    assert principal.get_id() == secret
    assert secret not in repr(principal)
    assert session.scalar(select(User.last_login_at)) is not None


@pytest.mark.parametrize("wrong", ["", "x", "\x00", "ä" * 100])
def test_another_secret_names_nobody(session: Session, secret: str, wrong: str) -> None:
    assert load_principal(session, wrong) is None


def test_a_page_costs_one_query_and_no_write(session: Session, secret: str) -> None:
    statements: list[str] = []
    session.rollback()

    def record(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", record)
    try:
        load_principal(session, secret)
    finally:
        event.remove(db.engine, "before_cursor_execute", record)
    (query,) = [s for s in statements if not s.startswith("BEGIN")]
    assert query.startswith("SELECT")


def test_being_seen_is_written_once_a_minute(session: Session, secret: str) -> None:
    for ago, moved in ((30, False), (61, True)):
        session.execute(update(UserSession).values(last_seen_at=now() - ago))
        session.commit()
        load_principal(session, secret)
        assert (last_seen(session) > now() - 10) is moved


@pytest.mark.engines("sqlite")
def test_a_reader_never_waits_for_a_writer(session: Session, secret: str) -> None:
    session.execute(update(UserSession).values(last_seen_at=now() - 100))
    session.commit()
    with db.engine.connect().execution_options(sqlite_begin="IMMEDIATE") as writer:
        writer.execute(text("UPDATE users SET role = role"))
        assert load_principal(session, secret) is not None
        writer.rollback()
    assert last_seen(session) < now() - 60
    with db.engine.connect() as later:
        assert later.exec_driver_sql("PRAGMA busy_timeout").scalar() == 10000


def test_a_new_login_replaces_the_old_one(session: Session, secret: str) -> None:
    newer = start_session(session, ensure_user(Role.EDITOR), replaces=secret)
    assert newer != secret
    assert load_principal(session, secret) is None
    assert load_principal(session, newer) is not None


def test_two_browsers_have_two_sessions(session: Session, secret: str) -> None:
    other = start_session(session, ensure_user(Role.EDITOR))
    end_session(session, secret)
    assert load_principal(session, secret) is None
    assert load_principal(session, other) is not None


def test_expired_sessions_are_swept_at_the_next_login(session: Session, secret: str) -> None:
    session.execute(update(UserSession).values(expires_at=now() - 1))
    session.commit()
    start_session(session, ensure_user(Role.EDITOR))
    assert len(session.scalars(select(UserSession.id)).all()) == 1
