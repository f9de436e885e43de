"""Static files: an address that changes with the content, so that browsers may keep it forever.

The hash stands in the folder (`/static/v-<hash>/css/console.css`) and not behind a question mark:
what a style sheet or a script names relatively lies in the same folder, and is kept as well.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

from app.web.bundles import BUNDLES, bundle

FOREVER = "public, max-age=31536000, immutable"


def static_url(path: str) -> str:
    """The address of a file or bundle under `static/`, with the hash of all of them."""
    return url_for("static", release=_release(), filename=path)


def init(app: Flask) -> None:
    """Let templates make such addresses; tell browsers to keep what they get there."""
    app.view_functions["static"] = _send
    app.add_url_rule("/static/v-<release>/<path:filename>", endpoint="static")
    app.jinja_env.globals["static_url"] = static_url
    app.after_request(_cache)


def _release() -> str:
    return _hash_of(Path(current_app.static_folder or ""))


@lru_cache(maxsize=4)
def _hash_of(folder: Path) -> str:
    """One for all, with the bundles: a template's classes decide what stands in the style sheet."""
    digest = hashlib.sha256()
    for name in BUNDLES:
        digest.update(bundle(name, folder))
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            digest.update(str(file.relative_to(folder)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _send(filename: str, release: str = "") -> Response:  # noqa: ARG001 - `_cache` looks at it
    if filename not in BUNDLES:
        return current_app.send_static_file(filename)
    kind = "text/css" if filename.endswith(".css") else "text/javascript"
    response = Response(bundle(filename, Path(current_app.static_folder or "")), mimetype=kind)
    response.cache_control.no_cache = True
    response.add_etag()
    response.make_conditional(request)
    return response


def _cache(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code not in {200, 304}:
        return response
    # Only what is served now: an old page must not make new content stay under an old name.
    if (request.view_args or {}).get("release") == _release():
        response.headers["Cache-Control"] = FOREVER
    return response
