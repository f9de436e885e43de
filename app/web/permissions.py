"""Who may call a view. Denied by default: a view without a declaration answers nobody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, current_app, g, request
from werkzeug.exceptions import InternalServerError

from app.config import Settings
from app.core.errors import UnauthenticatedError
from app.core.permissions import PERMISSIONS, Actor, Role
from app.models import db
from app.services.sessions import Principal
from app.services.tokens import verify_token
from app.web.login import current_principal
from app.web.render import is_api
from app.web.request_id import request_id

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE = "almanac_permission"
_OPENED_BY = "almanac_opened_by"
PUBLIC = "public"
_log = structlog.get_logger(__name__)


def requires(
    permission: str, *, opened_by: Callable[[Settings], bool] | None = None
) -> Callable[[View], View]:
    """Declare the permission a view needs; a misspelt one is a `KeyError` at import.

    `opened_by` names a setting that opens the view to everybody (the public feeds).
    Goes below the route decorator.
    """
    if permission not in PERMISSIONS:
        raise KeyError(permission)

    def declare(view: View) -> View:
        setattr(view, _ATTRIBUTE, permission)
        if opened_by is not None:
            setattr(view, _OPENED_BY, opened_by)
        return view

    return declare


def public(view: View) -> View:
    """Declare that a view answers everybody."""
    setattr(view, _ATTRIBUTE, PUBLIC)
    return view


def declared_permission(view: Callable[..., Any] | None) -> str | None:
    """What a view declares: a permission, `PUBLIC`, or None where it declares nothing."""
    declared: str | None = getattr(view, _ATTRIBUTE, None)
    return declared


def current_settings() -> Settings:
    """The settings of the running application."""
    settings: Settings = current_app.extensions["almanac.settings"]
    return settings


def current_actor() -> Actor:
    """Who makes this request: the token's or the session's; `UnauthenticatedError` if nobody.

    Programs are known by their bearer token only, never by a cookie, so that no
    other site can make a browser write through the API.
    """
    actor: Actor | None = g.get("actor")
    if actor is None:
        actor = g.actor = _token_actor() if is_api() else _session_actor()
    return actor


def _session_actor() -> Actor:
    principal: Principal | None = current_principal()
    if principal is None:
        raise UnauthenticatedError("log in first")
    return Actor("user", principal.email, Role(principal.role), request_id())


def _token_actor() -> Actor:
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        raise UnauthenticatedError("send a token: `Authorization: Bearer <JWT>`")
    return verify_token(db.session(), current_settings(), credentials.strip(), request_id())


def may(permission: str) -> bool:
    """Whether whoever makes this request has the permission; for templates."""
    try:
        return current_actor().may(permission)
    except UnauthenticatedError:
        return False


def init(app: Flask) -> None:
    """Check the declared permission before every view."""
    app.before_request(_check)
    app.jinja_env.globals["may"] = may


def _check() -> None:
    if request.endpoint is None or request.endpoint == "static":
        return
    view = current_app.view_functions[request.endpoint]
    permission = declared_permission(view)
    if permission is None:
        _log.error("no permission declared", endpoint=request.endpoint)
        raise InternalServerError
    opened_by: Callable[[Settings], bool] | None = getattr(view, _OPENED_BY, None)
    if permission == PUBLIC or (opened_by is not None and opened_by(current_settings())):
        return
    current_actor().require(permission)
