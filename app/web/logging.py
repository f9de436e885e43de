"""Log lines: one per request, JSON when nobody watches, colours when somebody does."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request

from app.core.permissions import Actor

_log = structlog.get_logger("almanac.request")
# Nothing to learn from these, and there are many.
_QUIET = ("static", "live.live", "public.healthz", "public.readyz")


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what stderr is now, which a test or a daemon may have exchanged."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:
        return sys.stderr

    @stream.setter
    def stream(self, _value: TextIO) -> None:
        """It is always stderr."""


def configure_logging(*, level: int = logging.INFO) -> None:
    """Send our log lines and those of libraries to stderr in one format; call once per process."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = _Stderr()
    handler.setFormatter(_formatter(shared))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("httpx", "httpcore", "alembic", "flask-limiter"):
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def _formatter(shared: list[structlog.typing.Processor]) -> logging.Formatter:
    watched = sys.stderr.isatty()
    # Plain tracebacks: the prettier ones print local variables, passwords among them.
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if watched
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def init(app: Flask) -> None:
    """Log every request once, when its answer is ready."""
    app.before_request(_start_clock)
    app.after_request(_log_request)


def _start_clock() -> None:
    g.started_at = time.perf_counter()


def _log_request(response: Response) -> Response:
    actor: Actor | None = g.get("actor")
    # The path without its query, which may hold what somebody searched for.
    line: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.started_at) * 1000, 1) if "started_at" in g else None,
        "actor": None if actor is None else f"{actor.kind}:{actor.name}",
    }
    quiet = request.endpoint in _QUIET and response.status_code < 400
    (_log.debug if quiet else _log.info)("request", **line)
    return response
