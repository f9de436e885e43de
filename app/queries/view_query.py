"""The query string that a view of a table is kept as: checked when saved, mended when opened."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

from app.core.errors import FieldProblem, ValidationError
from app.queries.entry_filter import parse_entry_filter
from app.queries.provider_model_filter import parse_provider_model_filter

MAX_QUERY = 4_096
LOOKS = ("columns", "density")
_COLUMNS = re.compile(r"[a-z0-9_]+(,[a-z0-9_]+)*")


def checked_query(table: str, query: str) -> str:
    """The query in one spelling, without the page; raises `ValidationError` where it cannot be."""
    if len(query) > MAX_QUERY:
        raise _wrong("query", f"must have at most {MAX_QUERY:,} characters")
    args = _args(query)
    _check(table, args)
    return urlencode(args)


def opened_query(table: str, query: str) -> tuple[dict[str, str], list[str]]:
    """The parameters of a view that mean something today, and those that do not any more.

    Columns that are gone are left to the table, which says so.
    """
    args = _args(query)
    gone: list[str] = []
    while True:
        try:
            _check(table, args)
        except ValidationError as error:
            bad = [detail.field for detail in error.details if detail.field in args]
            if not bad:
                return {}, [*gone, *args]
            gone += bad
            args = {name: value for name, value in args.items() if name not in bad}
        else:
            return args, gone


def _args(query: str) -> dict[str, str]:
    args = {name: value.strip() for name, value in parse_qsl(query)}
    return {name: v for name, v in args.items() if v and name not in ("page", "view")}


def _check(table: str, args: dict[str, str]) -> None:
    columns = args.get("columns")
    if columns is not None and not _COLUMNS.fullmatch(columns):
        raise _wrong("columns", "must be names with commas between them")
    if args.get("density", "compact") not in ("compact", "comfortable"):
        raise _wrong("density", "must be comfortable or compact")
    parse = parse_entry_filter if table == "entry" else parse_provider_model_filter
    parse(args, also=LOOKS)


def _wrong(name: str, message: str) -> ValidationError:
    return ValidationError(f"{name} {message}", [FieldProblem(name, message)])
