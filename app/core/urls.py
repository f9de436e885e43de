"""Which addresses of other servers may be written down: those of providers, feeds and webhooks."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

MAX_URL = 2048
_PORT = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_REST = rf"(:{_PORT})?([/?#][!-~]*)?"
# What API documents promise to accept; an IPv6 address in brackets is accepted, too.
URL_PATTERN = rf"https?://[A-Za-z0-9._-]+{_REST}"
_NUMBERED = rf"https?://\[[0-9A-Fa-f:.]+\]{_REST}"
_ACCEPTED = re.compile(f"{URL_PATTERN}|{_NUMBERED}")
_SPACE_OR_CONTROL = re.compile("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029]")


def url_problem(url: str) -> str | None:
    """Why a text is no address that may be fetched; None where it is one."""
    if len(url) > MAX_URL:
        return f"must have at most {MAX_URL} characters"
    if _SPACE_OR_CONTROL.search(url):
        return "must not contain spaces or control characters"
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_ok:
        return "must be an http or https URL"
    if "@" in parts.netloc:
        return "must not hold a user name or password: that is what the key is for"
    if not _ACCEPTED.fullmatch(url):
        return "must be an http or https URL of ASCII characters; encode others"
    return None
