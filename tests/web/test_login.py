"""Logging in and out."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.permissions import SYSTEM, Role
from app.models import User, UserSession
from app.services.sessions import ABSOLUTE_SECONDS, IDLE_SECONDS
from app.services.users import create_user
from app.web.addresses import local_path
from tests.support.client import IsolatedClient
from tests.support.people import PASSWORD, email_of, ensure_user, logged_in

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
EMAIL = email_of(Role.ADMIN)


@pytest.fixture
def person(session: Session) -> str:
    ensure_user(Role.ADMIN)
    return EMAIL


def csrf(client: IsolatedClient, path: str = "/login") -> str:
    found = TOKEN.search(client.get(path).text)
    assert found
    return found[1]


def log_in(
    client: IsolatedClient, email: str = EMAIL, password: str = PASSWORD, **more: str
) -> TestResponse:
    form = {"email": email, "password": password, "csrf_token": csrf(client), **more}
    return client.post("/login", data=form)


def cookie(client: IsolatedClient) -> str:
    found = client.get_cookie("almanac")
    assert found is not None
    return found.value


def test_the_right_password_opens_the_console(client: IsolatedClient, person: str) -> None:
    answer = log_in(client, " Admin@Example.org ", next="/users")
    assert answer.status_code == 303
    assert answer.location == "/users"
    assert client.get("/users").status_code == 200


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong password"), ("nobody@example.org", PASSWORD), ("\x00", "x"), (EMAIL, "")],
)
def test_every_wrong_login_is_told_the_same(
    client: IsolatedClient, person: str, email: str, password: str
) -> None:
    answer = log_in(client, email, password)
    assert answer.status_code == 422
    if password:
        assert "The e-mail or the password is wrong." in answer.text
    assert client.get("/users").status_code == 303


def test_a_locked_out_user_is_told_the_same(
    client: IsolatedClient, person: str, session: Session
) -> None:
    session.execute(update(User).values(active=False))
    answer = log_in(client)
    assert answer.status_code == 422
    assert "The e-mail or the password is wrong." in answer.text


def test_a_login_without_csrf_token_is_refused(client: IsolatedClient, person: str) -> None:
    answer = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 400


def try_from(client: IsolatedClient, address: str, **changes: str) -> TestResponse:
    """A login from that address; without a password where nothing else is said: that costs less."""
    form = {"email": EMAIL, "password": "", "csrf_token": csrf(client), **changes}
    return client.post("/login", data=form, environ_base={"REMOTE_ADDR": address})


@pytest.mark.engines("sqlite")
def test_an_account_is_not_guessed_at_forever(client: IsolatedClient, person: str) -> None:
    for _ in range(10):
        assert try_from(client, "192.0.2.1", password="wrong password").status_code == 422
    answer = try_from(client, "192.0.2.1", password=PASSWORD)
    assert answer.status_code == 429
    # A quarter of an hour, rounded up to the next whole second.
    assert 1 <= int(answer.headers["Retry-After"]) <= 15 * 60 + 1
    assert try_from(client, "192.0.2.1", email="other@example.org").status_code == 422


@pytest.mark.engines("sqlite")
def test_wrong_guesses_do_not_keep_the_owner_out(client: IsolatedClient, person: str) -> None:
    for n in range(30):
        assert try_from(client, f"192.0.2.{n % 3}").status_code == 422
    assert try_from(client, "192.0.2.0", password=PASSWORD).status_code == 429
    assert try_from(client, "198.51.100.7", password=PASSWORD).status_code == 303


@pytest.mark.engines("sqlite")
def test_an_account_is_not_guessed_at_from_everywhere(client: IsolatedClient, person: str) -> None:
    for n in range(100):
        assert try_from(client, f"192.0.2.{n}").status_code == 422
    assert try_from(client, "198.51.100.7", password=PASSWORD).status_code == 429
    assert try_from(client, "198.51.100.7", email="other@example.org").status_code == 422


@pytest.mark.engines("sqlite")
def test_an_address_does_not_try_all_accounts(client: IsolatedClient) -> None:
    token = csrf(client)
    statuses = [
        client.post(
            "/login", data={"email": f"u{n}@example.org", "password": "", "csrf_token": token}
        ).status_code
        for n in range(31)
    ]
    assert statuses == [422] * 30 + [429]


@pytest.mark.engines("sqlite")
def test_right_logins_are_not_counted(client: IsolatedClient, person: str) -> None:
    for _ in range(11):
        assert log_in(client).status_code == 303
        client.post("/logout", data={"csrf_token": csrf(client, "/users")})


def test_a_login_changes_the_cookie_and_ends_what_was_before(
    client: IsolatedClient, person: str, session: Session
) -> None:
    client.get("/login")
    before = cookie(client)
    log_in(client)
    first = cookie(client)
    assert before != first
    thief = client.application.test_client()
    thief.set_cookie("almanac", before)
    assert thief.get("/users").status_code == 303
    log_in_again = client.post(
        "/login",
        data={"email": EMAIL, "password": PASSWORD, "csrf_token": csrf(client, "/users")},
    )
    assert log_in_again.status_code == 303
    thief.set_cookie("almanac", first)
    assert thief.get("/users").status_code == 303
    assert session.scalar(select(func.count()).select_from(UserSession)) == 1


def test_logging_out_ends_the_session_on_the_server(
    client: IsolatedClient, person: str, session: Session
) -> None:
    log_in(client)
    stolen = cookie(client)
    answer = client.post("/logout", data={"csrf_token": csrf(client, "/users")})
    assert answer.location == "/login"
    assert session.scalar(select(func.count()).select_from(UserSession)) == 0
    client.set_cookie("almanac", stolen)
    assert client.get("/users").status_code == 303


def test_logging_out_needs_a_post_with_token(client: IsolatedClient, person: str) -> None:
    log_in(client)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 400
    assert client.get("/users").status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"last_seen_at": -IDLE_SECONDS - 1}, {"expires_at": -ABSOLUTE_SECONDS - 1}],
    ids=["idle", "absolute"],
)
def test_sessions_end_by_themselves(
    admin: IsolatedClient, session: Session, changes: dict[str, int]
) -> None:
    assert admin.get("/users").status_code == 200
    shifted = {name: getattr(UserSession, name) + seconds for name, seconds in changes.items()}
    session.execute(update(UserSession).values(**shifted))
    assert admin.get("/users").status_code == 303


def test_a_secret_the_server_does_not_know_is_nobody(app: Flask, session: Session) -> None:
    stranger = logged_in(app, Role.ADMIN)
    session.execute(update(UserSession).values(secret_hash="0" * 64))
    assert stranger.get("/users").status_code == 303


def test_the_table_does_not_hold_what_the_cookie_holds(
    client: IsolatedClient, person: str, session: Session
) -> None:
    log_in(client)
    with client.session_transaction() as content:
        secret = content["_user_id"]
    assert session.scalar(select(UserSession.secret_hash)) != secret


def test_a_visitor_is_brought_back_to_where_they_wanted(client: IsolatedClient) -> None:
    assert client.get("/users?sort=email").location == "/login?next=/users?sort%3Demail"
    fragment = client.get("/users", headers={"HX-Request": "true"})
    assert fragment.status_code == 401
    assert fragment.headers["HX-Reswap"] == "none"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        None,
        "/a\nSet-Cookie: x",
        "///evil.example",
    ],
)
def test_nobody_is_sent_to_another_site(target: str | None) -> None:
    assert local_path(target) == "/"


def test_a_foreign_target_is_ignored_after_login(client: IsolatedClient, person: str) -> None:
    assert log_in(client, next="//evil.example/").location == "/"
    assert client.get("/login?next=//evil.example").location == "/"
    assert local_path("/catalog?q=a%2Fb&page=2") == "/catalog?q=a%2Fb&page=2"


def test_a_new_role_counts_from_the_next_request(client: IsolatedClient, session: Session) -> None:
    create_user(session, SYSTEM, "b@example.org", PASSWORD, "admin")
    log_in(client, "b@example.org")
    assert client.get("/users").status_code == 200
    session.execute(update(User).values(role="viewer"))
    assert client.get("/users").status_code == 403
