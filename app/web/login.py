"""Flask-Login over server-side sessions: the cookie holds a secret, the server its hash."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask, Request, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user, logout_user

from app.models import db
from app.services.sessions import (
    ABSOLUTE_SECONDS,
    Principal,
    end_session,
    load_principal,
    start_session,
)

# What an open page asks every few seconds, whether or not anybody sits before it.
ASKED_BY_ITSELF = "/live"

_manager = LoginManager()
# The session's own hash on the server says who it belongs to; Flask-Login's guess by user agent
# would only throw people out after a browser update.
_manager.session_protection = None


@_manager.user_loader  # type: ignore[untyped-decorator]
def _load(secret: str) -> Principal | None:
    return load_principal(db.session(), secret, present=request.path != ASKED_BY_ITSELF)


def current_principal() -> Principal | None:
    """Who is logged in, or None; one query per request."""
    return current_user if current_user.is_authenticated else None


def own_preferences(area: str) -> dict[str, Any]:
    """What the person who is logged in keeps in an area of the preferences; {} for nothing."""
    principal = current_principal()
    kept = principal.preferences.get(area) if principal else None
    return kept if isinstance(kept, dict) else {}


def log_in(user_id: int) -> None:
    """Start a new session for the user: nothing of the visitor's old cookie survives."""
    previous = session.get("_user_id")
    secret = start_session(db.session(), user_id, replaces=previous)
    session.clear()
    session.permanent = True
    login_user(load_principal(db.session(), secret))
    g.pop("actor", None)
    g.pop("csrf_token", None)  # it was made for the session before


def log_out() -> None:
    """End the session here and on the server."""
    if (secret := session.get("_user_id")) is not None:
        end_session(db.session(), secret)
    logout_user()
    session.clear()
    g.pop("actor", None)


class _Sessions(SecureCookieSessionInterface):
    """A Secure cookie wherever the visitor's side speaks TLS.

    The forwarded header is not trusted for anything else: one who forges it
    only keeps the own browser from sending the cookie in the clear.
    """

    def get_cookie_secure(self, app: Flask) -> bool:  # noqa: ARG002 -- the interface says so
        return speaks_tls(request)


def speaks_tls(incoming: Request) -> bool:
    """Whether the visitor's side of the connection is encrypted."""
    return incoming.is_secure or incoming.headers.get("X-Forwarded-Proto", "").lower() == "https"


def init(app: Flask) -> None:
    """Set the cookie's flags and who is logged in."""
    app.config.update(
        SESSION_COOKIE_NAME="almanac",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=ABSOLUTE_SECONDS),
    )
    app.session_interface = _Sessions()
    _manager.init_app(app)
    # Nobody is remembered beyond the session. This hook would look into the cookie on every answer,
    # static files and API included, and so make caches keep one copy per visitor.
    app.after_request_funcs[None].remove(_manager._update_remember_cookie)  # noqa: SLF001
