"""What lies between HTTP and the views."""

from __future__ import annotations

from flask import Flask

from app.config import Settings
from app.web import (
    addresses,
    compression,
    errors,
    limits,
    logging,
    login,
    permissions,
    render,
    request_id,
    security,
    static_files,
)


def init_web(app: Flask, settings: Settings) -> None:
    """Wire everything between HTTP and the views.

    Before a view: id, log, size, permission, CSRF. After it in reverse order of
    registration, so compression, which must see the finished body, comes first
    here and runs last but for the log line.
    """
    addresses.init(app)
    request_id.init(app)
    logging.init(app)
    compression.init(app)
    static_files.init(app)
    render.init(app)
    login.init(app)
    security.init(app, settings)
    permissions.init(app)
    app.before_request(security.check_csrf)
    limits.init(app, settings)
    errors.init(app)
