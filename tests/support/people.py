"""Who uses Almanac in tests: one person and one token for each role."""

from functools import cache
from typing import TYPE_CHECKING

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select

from app.core.permissions import SYSTEM, Actor, Role
from app.models import User, db, now
from app.services.passwords import hash_password
from app.services.sessions import start_session
from app.services.tokens import create_token
from app.web.permissions import current_settings
from tests.support.client import IsolatedClient

if TYPE_CHECKING:
    from playwright.sync_api import Page

PASSWORD = "correct horse battery staple"


def email_of(role: Role) -> str:
    return f"{role.value}@example.org"


def actor_of(role: Role) -> Actor:
    """What a service is given when a person of this role acts."""
    return Actor("user", email_of(role), role)


@cache
def _password_hash() -> str:
    """Argon2 is slow on purpose; once is enough."""
    return hash_password(PASSWORD)


def ensure_user(role: Role) -> int:
    """The id of the person of this role, added where missing; needs an application context."""
    email = email_of(role)
    found = db.session.scalar(select(User.id).where(User.email == email))
    if found is not None:
        return found
    user = User(email=email, password_hash=_password_hash(), role=role.value, created_at=now())
    db.session.add(user)
    db.session.commit()
    return user.id


def logged_in(app: Flask, role: Role) -> IsolatedClient:
    """A browser in which the person of this role has logged in.

    It sends the CSRF token that the pages carry with every request.
    """
    client = app.test_client()
    assert isinstance(client, IsolatedClient)
    cookie, token = session_of(app, role)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)
    client.environ_base["HTTP_X_CSRFTOKEN"] = token
    return client


def session_of(app: Flask, role: Role) -> tuple[str, str]:
    """The cookie of a session that the person of this role has now, and its CSRF token."""
    with app.app_context():
        secret = start_session(db.session(), ensure_user(role))
    with app.test_request_context("/"):
        from flask import session

        session["_user_id"] = secret
        session["_fresh"] = True
        session.permanent = True
        token = generate_csrf()
        signer = SecureCookieSessionInterface().get_signing_serializer(app)
        assert signer is not None
        cookie = signer.dumps(dict(session))
    assert isinstance(cookie, str)
    return cookie, token


def api_client(app: Flask, role: Role) -> IsolatedClient:
    """A program with an API token of this role."""
    client = app.test_client()
    assert isinstance(client, IsolatedClient)
    with app.app_context():
        token = create_token(
            db.session(), SYSTEM, current_settings(), name=f"{role.value}-program", role=role.value
        )
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    return client


def log_in(page: "Page", role: Role) -> None:
    """Logs the person of this role in, from the page of the login."""
    page.locator("input[name=email]").fill(email_of(role))
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
