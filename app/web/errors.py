"""One table from errors to answers: JSON for programs, a page or a toast for the console."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from flask import (
    Flask,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from markupsafe import Markup, escape
from werkzeug.exceptions import HTTPException

from app.core.errors import (
    AlmanacError,
    BusyError,
    FieldProblem,
    ForbiddenError,
    UnauthenticatedError,
)
from app.core.permissions import Role
from app.models import db
from app.queries.accounts import list_admins
from app.web.limits import limiter
from app.web.login import current_principal
from app.web.render import is_api, is_fragment
from app.web.request_id import request_id

_log = structlog.get_logger(__name__)

# status -> (code, what failed, why). The texts never repeat what the framework says of itself.
HTTP_ERRORS: dict[int, tuple[str, str, str]] = {
    400: ("bad_request", "The request is not valid", "The server could not read this request."),
    401: ("unauthenticated", "Authentication is required", "Send valid credentials."),
    403: ("forbidden", "Not allowed", "Your role does not allow this."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    405: ("method_not_allowed", "Method not allowed", "This address has no such method."),
    409: ("conflict", "Conflict", "The record has changed meanwhile."),
    412: ("precondition_failed", "The record has changed", "It is no longer the version named."),
    413: ("payload_too_large", "The request is too large", "At most 2 MiB are accepted."),
    415: ("unsupported_media_type", "Unsupported media type", "Send application/json."),
    429: ("rate_limited", "Too many requests", "Wait a little, then try again."),
    500: ("internal_error", "Something went wrong", "It has been logged; quote the request id."),
}


ROLE_WORDS = {
    Role.VIEWER.value: "reads everything",
    Role.EDITOR.value: "reads, and decides about values, flags and what waits for review",
    Role.ADMIN.value: "does everything, also providers, feeds, webhooks, users and tokens",
}
ADMINS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as the outside sees it."""

    status: int
    code: str
    title: str
    message: str
    details: Sequence[FieldProblem] = ()
    retry_after: int | None = None
    allow: str | None = None
    needed: str | None = None

    @property
    def sentence(self) -> str:
        """The message as a page says it: a capital letter (not for a field's name), a full stop."""
        is_name = "_" in self.message.split(" ", 1)[0]
        said = self.message if is_name else self.message[:1].upper() + self.message[1:]
        return said if said.endswith((".", "!", "?")) else f"{said}."

    @property
    def may_pass(self) -> bool:
        """Whether the same request can succeed a little later."""
        return self.status >= 500 or self.status == 429


def describe(error: Exception) -> Problem:
    """What the outside may know of an error. Anything unforeseen is a 500 without internals."""
    if isinstance(error, BusyError):
        return Problem(error.status, error.code, error.title, error.message, retry_after=1)
    if isinstance(error, AlmanacError):
        message = error.message if error.status < 500 else HTTP_ERRORS[500][2]
        needed = error.needed if isinstance(error, ForbiddenError) else None
        return Problem(error.status, error.code, error.title, message, error.details, needed=needed)
    if isinstance(error, CSRFError):
        return Problem(
            400, "csrf", "The form has expired", "Reload the page and send the form again."
        )
    status = (error.code or 500) if isinstance(error, HTTPException) else 500
    code, title, message = HTTP_ERRORS.get(status, HTTP_ERRORS[400 if status < 500 else 500])
    allow = None
    if status == 405 and isinstance(error, HTTPException):
        allow = dict(error.get_headers()).get("Allow")
    retry_after = _seconds_to_wait() if isinstance(error, RateLimitExceeded) else None
    return Problem(status, code, title, message, retry_after=retry_after, allow=allow)


def _seconds_to_wait() -> int:
    limit = limiter.current_limit
    return 60 if limit is None else max(1, math.ceil(limit.reset_at - time.time()))


def handle(error: Exception) -> Response:
    """Answer an error in the form that whoever asked can read."""
    if isinstance(error, HTTPException) and error.response is not None:
        return make_response(error.response)
    problem = describe(error)
    if problem.status >= 500:
        log = _log.warning if isinstance(error, BusyError) else _log.error
        log("request failed", path=request.path, exc_info=error)
    if isinstance(error, UnauthenticatedError) and not is_api():
        return _to_login()
    response = _json(problem) if is_api() else _html(problem)
    response.status_code = problem.status
    _add_headers(response, problem)
    return response


def _add_headers(response: Response, problem: Problem) -> None:
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.allow:
        response.headers["Allow"] = problem.allow
    response.headers["Cache-Control"] = "no-store"


def _json(problem: Problem) -> Response:
    body: dict[str, object] = {
        "code": problem.code,
        "error": problem.title,
        "message": problem.message,
        "request_id": request_id(),
    }
    if problem.details:
        body["details"] = [{"field": d.field, "message": d.message} for d in problem.details]
    return jsonify(body)


def _html(problem: Problem) -> Response:
    """A page; for htmx a toast, so that the piece of page that was asked for stays as it is."""
    fragment = is_fragment()
    try:
        if fragment:
            text = _render("errors/_error.html", problem)
        elif problem.needed and current_principal() is not None:
            text = _render("errors/forbidden.html", problem, **who_gives_roles())
        elif problem.status < 500 and current_principal() is not None:
            text = _render("errors/refused.html", problem, typed=_sought())
        else:
            text = _render("errors/error.html", problem)
    except Exception as error:  # noqa: BLE001 -- the error page itself must not fail
        _log.error("error page failed", exc_info=error)
        text = _plain(problem)
    response = make_response(text)
    if fragment:
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "beforeend"
    return response


def _render(template: str, problem: Problem, **context: object) -> str:
    return render_template(template, problem=problem, request_id=request_id(), **context)


def _sought() -> str:
    """What an address that leads nowhere seems to name: what follows its first part."""
    _, _, rest = request.path.strip("/").partition("/")
    return rest[:255]


def who_gives_roles() -> dict[str, Any]:
    """For a page that says what a person may do: the roles, and whom to ask for another one."""
    return {"role_words": ROLE_WORDS, "admins": list_admins(db.session(), ADMINS_SHOWN)}


def _plain(problem: Problem) -> str:
    title, message = escape(problem.title), escape(problem.message)
    return Markup(
        '<!doctype html><html lang="en"><title>{0}</title><h1>{0}</h1><p>{1}</p>'
        "<p>Request {2}</p></html>"
    ).format(title, message, request_id())


def _to_login() -> Response:
    """Send a visitor to the login page, and back here afterwards.

    htmx leaves the page as it is: a script asks for the password on top of it (session.js).
    """
    if is_fragment():
        response = make_response("", 401)
        response.headers["HX-Reswap"] = "none"
        response.headers["Cache-Control"] = "no-store"
        return response
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    target = None if here in {None, "/"} else here
    return make_response(redirect(url_for("auth.login", next=target), 303))


def init(app: Flask) -> None:
    """Answer every error here."""
    app.register_error_handler(Exception, handle)
