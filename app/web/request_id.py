"""Every answer carries `X-Request-ID`: the caller's if it is sane, else a new one."""

from __future__ import annotations

import re
import secrets

import structlog
from flask import Flask, Response, g, has_request_context, request

HEADER = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id() -> str | None:
    """The id of the request being answered; None outside of one."""
    if not has_request_context():
        return None
    if "request_id" not in g:
        given = request.headers.get(HEADER, "")
        g.request_id = given if _SANE.fullmatch(given) else secrets.token_hex(12)
    value: str = g.request_id
    return value


def init(app: Flask) -> None:
    """Give every request its id, in answers and in log lines."""
    app.before_request(_begin)
    app.after_request(_add_header)


def _begin() -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id())


def _add_header(response: Response) -> Response:
    response.headers[HEADER] = request_id() or ""
    return response
