"""Static files: an address that changes with the content, so that browsers may keep it forever."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

FOREVER = "public, max-age=31536000, immutable"


def static_url(path: str) -> str:
    """The address of a file under `static/`, with the hash of its content."""
    return url_for("static", filename=path, v=content_hash(path))


def content_hash(path: str) -> str | None:
    """A short hash of a static file as it is now; None where there is no such file."""
    folder = current_app.static_folder
    file = Path(folder or "") / path
    try:
        modified = file.stat().st_mtime_ns
    except OSError:
        return None
    return _hash(str(file), modified)


@lru_cache(maxsize=1024)
def _hash(file: str, _modified: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]


def init(app: Flask) -> None:
    """Let templates make such addresses; tell browsers to keep what they get there."""
    app.jinja_env.globals["static_url"] = static_url
    app.after_request(_cache)


def _cache(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code not in {200, 304}:
        return response
    given = request.args.get("v")
    filename = (request.view_args or {}).get("filename", "")
    # Only the hash of what is sent: an old page must not make new content stay under an old name.
    if given and given == content_hash(filename):
        response.headers["Cache-Control"] = FOREVER
    return response
