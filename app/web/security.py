"""Headers that keep a browser safe, and bounds on what may be sent."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix

from app.config import Settings
from app.web.login import speaks_tls
from app.web.render import is_api

MAX_BODY = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Flask-WTF compares the referrer behind TLS, so it is kept within the site.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_csrf = CSRFProtect()


def init(app: Flask, settings: Settings) -> None:
    """Bound what comes in; guard what goes out."""
    app.config.update(
        MAX_CONTENT_LENGTH=MAX_BODY,
        MAX_FORM_MEMORY_SIZE=MAX_BODY,
        # The check is made below, after the permission: programs send no such token.
        WTF_CSRF_CHECK_DEFAULT=False,
        # A console stays open all day; the token lives as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
    )
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    _csrf.init_app(app)
    app.before_request(_check_address)
    app.before_request(_check_body)
    app.after_request(_add_headers)


def check_csrf() -> None:
    """Refuse a browser's mutation that does not come from one of our pages."""
    if not is_api():
        _csrf.protect()


def _check_address() -> None:
    """No record's name holds a NUL, and not every database can even look for one."""
    if "\x00" in request.path or "%00" in request.environ.get("QUERY_STRING", ""):
        raise BadRequest


def _check_body() -> None:
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge
    has_body = bool(request.content_length) or "Transfer-Encoding" in request.headers
    if is_api() and has_body and not request.is_json:
        raise UnsupportedMediaType


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if speaks_tls(request):
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if "Cache-Control" not in response.headers and request.endpoint != "static":
        response.headers["Cache-Control"] = "private, no-cache"
    return response
