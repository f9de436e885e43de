"""The call of the API behind an action, as a command that can be pasted into a shell."""

from __future__ import annotations

import json
from shlex import quote
from typing import Any

from flask import current_app, url_for


def api_call(endpoint: str, body: dict[str, Any] | None = None, **values: str) -> str:
    """The `curl` command that calls a writing route of the API.

    Method and address come from the route itself; every value is quoted for a
    POSIX shell, and `$ALMANAC_TOKEN` stands for the token. Raises `BuildError`
    where there is no such route.
    """
    url = url_for(endpoint, _external=True, **values)
    rule = next(current_app.url_map.iter_rules(endpoint))
    method = next(iter((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}), "GET")
    lines = [f"curl -X {method} {quote(url)}", '-H "Authorization: Bearer $ALMANAC_TOKEN"']
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"--data-raw {quote(json.dumps(body, ensure_ascii=False))}")
    return " \\\n  ".join(lines)
