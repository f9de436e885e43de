"""The call of the API behind an action, as a command that can be pasted into a shell."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from typing import Any, NamedTuple

from flask import current_app, url_for

from app.web.exact_json import exact_json
from app.web.permissions import PUBLIC, declared_permission, may

Commands = list[tuple[str, str]]
# Linux hands a program no argument of more than 128 KiB.
MAX_BODY = 120_000


class Call(NamedTuple):
    """Something that a page offers, as a call of the API; ``values`` are those of its address."""

    label: str
    endpoint: str
    body: dict[str, Any] | None = None
    values: Mapping[str, str] = {}


def commands(*calls: Call) -> Commands:
    """Label and command of each call that whoever looks at the page may make.

    One with a body too long for a shell is left out.
    """
    return [
        (call.label, api_call(call.endpoint, call.body, **call.values))
        for call in calls
        if _may_call(call.endpoint) and len(_written(call.body).encode()) <= MAX_BODY
    ]


def api_call(endpoint: str, body: dict[str, Any] | None = None, **values: str) -> str:
    """The `curl` command that calls a writing route of the API.

    Method and address come from the route itself; every value is quoted for a
    POSIX shell, and `$ALMANAC_TOKEN` stands for the token. Decimals are written
    digit by digit. Raises `BuildError` where there is no such route.
    """
    url = url_for(endpoint, _external=True, **values)
    rule = next(current_app.url_map.iter_rules(endpoint))
    method = next(iter((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}), "GET")
    lines = [f"curl -X {method} {quote(url)}", '-H "Authorization: Bearer $ALMANAC_TOKEN"']
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        lines.append(f"--data-raw {quote(_written(body))}")
    return " \\\n  ".join(lines)


def _written(body: dict[str, Any] | None) -> str:
    return "" if body is None else exact_json(body, separators=(", ", ": "))


def _may_call(endpoint: str) -> bool:
    permission = declared_permission(current_app.view_functions[endpoint])
    return permission is not None and (permission == PUBLIC or may(permission))
