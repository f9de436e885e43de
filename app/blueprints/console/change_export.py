"""`/changes/export`: any filtered view of the change log as a CSV or JSON file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, request
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.blueprints.console.display import moment_iso
from app.core.errors import FieldProblem, ValidationError
from app.models import db
from app.queries.change_filter import ChangeFilter, parse_change_filter
from app.queries.change_json import change_json
from app.queries.change_list import LoggedChange, walk_changes
from app.web.exact_json import exact_json
from app.web.permissions import requires

blueprint = Blueprint("change_export", __name__)
Rows = Iterable[list[dict[str, Any]]]
COLUMNS = (
    *("created_at", "record_type", "record_id", "record_name", "field", "old", "new"),
    *("old_manual", "new_manual", "actor", "actor_kind", "kind", "reason", "feed", "run_id"),
    *("request_id", "batch_id", "id"),
)
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@blueprint.get("/changes/export")
@requires("admin:change:read")
def export() -> Response:
    wanted = parse_change_filter(request.args, ("format",))
    name = request.args.get("format", "csv")
    if name not in _FORMATS:
        problem = FieldProblem("format", f"must be one of {', '.join(_FORMATS)}")
        raise ValidationError(f"format {problem.message}", [problem])
    written, content_type = _FORMATS[name]
    response = Response(written(_pieces(db.engine, wanted)), content_type=content_type)
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    response.headers["Content-Disposition"] = f'attachment; filename="changes-{day}.{name}"'
    return response


def _pieces(engine: Engine, wanted: ChangeFilter) -> Rows:
    """What is to be written; with a session of its own, as the request's ends before it is read."""
    with Session(engine) as session:
        for piece in walk_changes(session, wanted):
            yield [_row(change) for change in piece]


def _row(change: LoggedChange) -> dict[str, Any]:
    row = change_json(change)
    return row | {"created_at": moment_iso(row["created_at"])}


def as_csv(pieces: Rows) -> Iterator[str]:
    """The lines of a CSV file, a piece at a time; nothing in it is a formula."""
    yield _lines([COLUMNS])
    for piece in pieces:
        yield _lines([_cell(row[name]) for name in COLUMNS] for row in piece)


def as_json(pieces: Rows) -> Iterator[str]:
    """A JSON array, a piece at a time."""
    before = "[\n"
    for piece in pieces:
        for row in piece:
            yield before + exact_json(row)
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def _lines(rows: Iterable[Iterable[str]]) -> str:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else exact_json(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


_FORMATS: dict[str, tuple[Callable[[Rows], Iterator[str]], str]] = {
    "csv": (as_csv, "text/csv; charset=utf-8"),
    "json": (as_json, "application/json"),
}
