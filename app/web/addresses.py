"""Parts of addresses: row ids that every database can look for, and paths to go back to."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

# PostgreSQL's integer; no table of ours counts further.
MAX_ROW_ID = 2**31 - 1
_DIGITS = "[0-9]{1,10}"


def read_row_id(text: str) -> int | None:
    """The row id that the text is, or None where it is none."""
    number = int(text) if re.fullmatch(_DIGITS, text) else MAX_ROW_ID + 1
    return number if number <= MAX_ROW_ID else None


def local_path(target: str | None, default: str = "/") -> str:
    """The path to go on to, if it is one of ours; else the default."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    if any(ord(c) < 32 or c in "\\\x7f" for c in target):
        return default
    parts = urlsplit(target)
    return default if parts.scheme or parts.netloc else target


class RowIdConverter(IntegerConverter):
    """`<row_id:name>`; for what no row can have there is no such address."""

    regex = _DIGITS

    def __init__(self, routes: Map) -> None:
        super().__init__(routes, max=MAX_ROW_ID)


def init(app: Flask) -> None:
    """Let addresses name rows."""
    app.url_map.converters["row_id"] = RowIdConverter
