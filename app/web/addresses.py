"""Parts of addresses: row ids that every database can look for, and paths to go back to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask
from werkzeug.routing import IntegerConverter, Map

from app.core.row_ids import DIGITS, MAX_ROW_ID, read_row_id

__all__ = ["MAX_ROW_ID", "RowIdConverter", "init", "local_path", "read_row_id"]


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

    regex = DIGITS

    def __init__(self, routes: Map) -> None:
        super().__init__(routes, max=MAX_ROW_ID)


def init(app: Flask) -> None:
    """Let addresses name rows."""
    app.url_map.converters["row_id"] = RowIdConverter
