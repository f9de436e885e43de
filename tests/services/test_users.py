"""Users: who may log in, and who may decide that."""

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from argon2 import PasswordHasher
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
    ValidationError,
)
from app.core.permissions import SYSTEM, Actor, Role
from app.models import Batch, Change, User, UserSession, db
from app.services.sessions import load_principal, start_session
from app.services.users import authenticate, change_password, create_user, set_active, set_role
from tests.support.people import actor_of

PASSWORD = "correct horse"


@pytest.fixture
def user_id(session: Session) -> int:
    return create_user(session, SYSTEM, "Anna@Example.org ", PASSWORD, "editor")


def changes(session: Session) -> list[tuple[str, object, object]]:
    rows = session.execute(select(Change.field, Change.old, Change.new).order_by(Change.id))
    return [(field, old, new) for field, old, new in rows]


def test_an_email_has_one_spelling(session: Session, user_id: int) -> None:
    assert session.get_one(User, user_id).email == "anna@example.org"
    with pytest.raises(ConflictError):
        create_user(session, SYSTEM, "ANNA@example.org", PASSWORD, "viewer")
    assert authenticate(session, " anna@EXAMPLE.org", PASSWORD) == user_id


@pytest.mark.parametrize("email", ["", "x", "a b@c", "@c", "a@", "a@" + "b" * 255])
def test_what_is_no_email_is_refused(session: Session, email: str) -> None:
    with pytest.raises(ValidationError):
        create_user(session, SYSTEM, email, PASSWORD, "viewer")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025])
def test_a_password_has_a_shortest_and_a_longest(session: Session, password: str) -> None:
    with pytest.raises(ValidationError):
        create_user(session, SYSTEM, "a@b.c", password, "viewer")


def test_an_unknown_role_is_refused(session: Session) -> None:
    with pytest.raises(ValidationError, match="viewer, editor, admin"):
        create_user(session, SYSTEM, "a@b.c", PASSWORD, "root")


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
def test_only_admins_manage_users(session: Session, user_id: int, role: Role) -> None:
    actor = actor_of(role)
    attempts: list[Callable[[], object]] = [
        lambda: create_user(session, actor, "b@b.c", PASSWORD, "viewer"),
        lambda: set_role(session, actor, user_id, "admin"),
        lambda: set_active(session, actor, user_id, active=False),
        lambda: change_password(session, actor, user_id, PASSWORD),
        lambda: change_password(session, actor, user_id, PASSWORD, current=PASSWORD),
    ]
    for attempt in attempts:
        with pytest.raises(ForbiddenError):
            attempt()


def test_the_change_log_knows_and_holds_no_secret(session: Session, user_id: int) -> None:
    set_role(session, SYSTEM, user_id, "admin")
    create_user(session, SYSTEM, "second@example.org", PASSWORD, "admin")
    set_active(session, SYSTEM, user_id, active=False)
    change_password(session, SYSTEM, user_id, "another password")
    assert changes(session) == [
        ("*", None, {"email": "anna@example.org", "role": "editor"}),
        ("role", "editor", "admin"),
        ("*", None, {"email": "second@example.org", "role": "admin"}),
        ("active", True, False),
        ("password", None, None),
    ]
    kinds = session.execute(select(Batch.kind, Batch.actor_kind, Batch.actor).distinct()).all()
    assert kinds == [("user", "system", "almanac")]


def test_what_changes_nothing_is_not_logged(session: Session, user_id: int) -> None:
    set_role(session, SYSTEM, user_id, "editor")
    set_active(session, SYSTEM, user_id, active=True)
    assert len(changes(session)) == 1


def test_the_last_admin_stays(session: Session) -> None:
    only = create_user(session, SYSTEM, "a@b.c", PASSWORD, "admin")
    with pytest.raises(ConflictError):
        set_role(session, SYSTEM, only, "editor")
    with pytest.raises(ConflictError):
        set_active(session, SYSTEM, only, active=False)
    second = create_user(session, SYSTEM, "b@b.c", PASSWORD, "admin")
    set_active(session, SYSTEM, only, active=False)
    with pytest.raises(ConflictError):
        set_role(session, SYSTEM, second, "viewer")


def test_who_is_locked_out_is_out_at_once(session: Session, user_id: int) -> None:
    secret = start_session(session, user_id)
    assert load_principal(session, secret)
    set_active(session, SYSTEM, user_id, active=False)
    assert load_principal(session, secret) is None
    with pytest.raises(UnauthenticatedError):
        authenticate(session, "anna@example.org", PASSWORD)
    set_active(session, SYSTEM, user_id, active=True)
    assert load_principal(session, secret) is None
    assert authenticate(session, "anna@example.org", PASSWORD) == user_id


def test_a_user_changes_the_own_password_knowing_it(session: Session, user_id: int) -> None:
    session.execute(update(User).values(email="editor@example.org"))
    session.commit()
    own = actor_of(Role.EDITOR)
    start_session(session, user_id)
    with pytest.raises(ValidationError):
        change_password(session, own, user_id, "another password", current="wrong")
    change_password(session, own, user_id, "another password", current=PASSWORD)
    assert session.scalar(select(func.count()).select_from(UserSession)) == 0
    assert authenticate(session, "editor@example.org", "another password") == user_id


def test_an_old_hash_is_renewed_at_login(session: Session, user_id: int) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    session.execute(update(User).values(password_hash=old))
    session.commit()
    authenticate(session, "anna@example.org", PASSWORD)
    renewed = session.scalars(select(User.password_hash)).one()
    assert renewed != old
    assert renewed.startswith("$argon2id$v=19$m=65536")
    session.rollback()
    assert authenticate(session, "anna@example.org", PASSWORD) == user_id


def test_an_unknown_user_costs_the_same_work(session: Session, user_id: int) -> None:
    def seconds(email: str) -> float:
        started = time.perf_counter()
        with pytest.raises(UnauthenticatedError):
            authenticate(session, email, "wrong password")
        return time.perf_counter() - started

    seconds("warm@up.example")
    known = min(seconds("anna@example.org") for _ in range(3))
    unknown = min(seconds("nobody@example.org") for _ in range(3))
    assert 0.4 < unknown / known < 2.5


def test_nobody_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError):
        set_role(session, SYSTEM, 99, "admin")


@pytest.mark.parametrize(
    "put_out",
    [
        lambda session, user_id: set_role(session, SYSTEM, user_id, "viewer"),
        lambda session, user_id: set_active(session, SYSTEM, user_id, active=False),
    ],
    ids=["role", "active"],
)
def test_two_admins_cannot_put_each_other_out_at_once(
    session: Session, put_out: Callable[[Session, int], None]
) -> None:
    pair = [create_user(session, SYSTEM, f"{name}@b.c", PASSWORD, "admin") for name in "ab"]
    about_to_commit = threading.Event()

    def hesitate(_session: Session) -> None:
        about_to_commit.set()
        time.sleep(0.3)

    def put_first_out() -> None:
        with Session(db.engine) as own:
            event.listen(own, "before_commit", hesitate)
            put_out(own, pair[0])

    with ThreadPoolExecutor(1) as pool, Session(db.engine) as own:
        first = pool.submit(contextvars.copy_context().run, put_first_out)
        assert about_to_commit.wait(10)
        with pytest.raises(ConflictError, match="last active admin"):
            put_out(own, pair[1])
        first.result(10)
    active = select(User.id).where(User.role == "admin", User.active.is_(True))
    assert session.scalars(active).all() == [pair[1]]


def test_the_session_in_which_a_password_is_changed_stays(session: Session, user_id: int) -> None:
    own = Actor("user", "anna@example.org", Role.EDITOR)
    here, elsewhere = start_session(session, user_id), start_session(session, user_id)
    change_password(session, own, user_id, "another password", current=PASSWORD, keep=here)
    assert load_principal(session, here) is not None
    assert load_principal(session, elsewhere) is None


def test_a_token_named_like_a_user_is_not_that_user(session: Session, user_id: int) -> None:
    program = Actor("token", "anna@example.org", Role.EDITOR)
    with pytest.raises(ForbiddenError):
        change_password(session, program, user_id, "another password", current=PASSWORD)
