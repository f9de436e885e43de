"""Changing records: open an editor, save it, flip a flag, give values back to the feeds.

The views are made once for each kind of record. Every address takes an ordinary
form and answers 303, and answers htmx with the pieces of the page that changed.
`view` says which page the form stands on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.console.cells import table_row
from app.blueprints.console.display import shortened, shown
from app.blueprints.console.editors import (
    back_to,
    conflict_page,
    editor_page,
    replacing_editor,
    view_of,
)
from app.blueprints.console.kinds import ENTRY, PROVIDER_MODEL, RecordKind
from app.blueprints.console.listing import TABLES, parse_address
from app.blueprints.console.messages import Action, tell, undo_action
from app.blueprints.console.record_pages import record_context
from app.blueprints.console.table_state import shown_columns
from app.core.errors import EditConflictError, NotFoundError, ValidationError
from app.core.fields import Field, Kind
from app.core.values import ValueProblem
from app.forms.field import (
    Editor,
    editor_data,
    opened_text,
    read_opened,
    read_reason,
    read_value,
    sent_data,
)
from app.models import db
from app.queries.entries import get_entry_by_pk
from app.queries.record_detail import field_origin
from app.services.records import Written, edit_record, reset_record, set_protection
from app.web.addresses import read_row_id
from app.web.permissions import current_actor, current_settings, requires
from app.web.render import is_fragment

_SEEN = {"on": True, "off": False, "unknown": None}
_NAME = "\x00name\x00"  # nothing that a person may write


def open_editor(kind: RecordKind) -> Response:
    pk, _, name = request.args.get("cell", "").partition(":")
    record, field = _record(kind, pk), _field(kind, name)
    value = getattr(record, field.name)
    editor = Editor(field, editor_data(field, value), opened_text(value))
    response = editor_page(kind, record, editor)
    if is_fragment():
        response.headers["HX-Retarget"] = f"#{kind.row}-{record.id} [data-field={field.name}]"
        response.headers["HX-Reswap"] = "beforeend"
    return response


def save_field(kind: RecordKind, pk: int, name: str) -> BaseResponse:
    record, field = _record(kind, pk), _field(kind, name)
    try:
        value, seen = read_value(field, request.form), read_opened(request.form.get("opened", ""))
    except ValueProblem as problem:
        return _refused(kind, record, field, problem)
    try:
        written = _edit(kind, record.id, field, value, seen)
    except EditConflictError as conflict:
        theirs = conflict.current[field.name]
        return replacing_editor(conflict_page(kind, record, field, value, theirs))
    except ValidationError as problem:
        said = problem.details[0].message if problem.details else problem.message
        return _refused(kind, record, field, ValueProblem(said))
    text = shortened(field, value)
    became = f"is now {text}" if text else "is cleared"
    return _done(kind, pk, f"{field.label} of {_NAME} {became}.", written)


def flip(kind: RecordKind) -> BaseResponse:
    row, name, seen = (*request.form.get("flip", "").split(":"), "", "", "")[:3]
    pk, field = _row_id(kind, row), _field(kind, name)
    if field.kind is not Kind.FLAG or seen not in _SEEN:
        raise NotFoundError("there is no such flag")
    value = seen != "on"
    try:
        written = _edit(kind, pk, field, value, _SEEN[seen])
    except EditConflictError as conflict:
        now = shown(field, conflict.current[field.name]) or "unknown"
        message = f"{field.label} of {_NAME} was changed meanwhile: it is {now}."
        return _done(kind, pk, message, category="warning", status=409)
    message = f"{field.label} is {'on' if value else 'off'} for {_NAME}."
    return _done(kind, pk, message, written)


def press(kind: RecordKind) -> BaseResponse:
    """What a cell's button does where no script runs: flip its flag, or open its editor."""
    if "flip" in request.form:
        return flip(kind)
    wanted = {name: request.form.get(name, "") for name in ("cell", "view", "back")}
    return redirect(f"{kind.prefix}/edit?{urlencode(wanted)}", 303)


def give_back(kind: RecordKind, pk: int) -> BaseResponse:
    fields = [_field(kind, name).name for name in request.form.getlist("field")] or None
    reason = read_reason(request.form)
    written = reset_record(
        db.session(), current_actor(), kind.record_type, pk, fields, reason=reason
    )
    what = ", ".join(kind.fields[name].label for name in fields or ()) or "Everything"
    verb = "is" if fields is None or len(fields) == 1 else "are"
    return _done(kind, pk, f"{what} of {_NAME} {verb} back with the feeds.", written)


def protect(kind: RecordKind, pk: int) -> BaseResponse:
    chosen: Any = request.form.get("protection")
    reason = read_reason(request.form)
    written = set_protection(
        db.session(), current_actor(), kind.record_type, pk, chosen, reason=reason
    )
    held = f"the whole {kind.noun}" if chosen == "entry" else "edited fields only"
    return _done(kind, pk, f"Edits of {_NAME} now protect {held}.", written)


def show_row(kind: RecordKind, pk: int) -> BaseResponse:
    """The record as it is now, for an editor that gives way to somebody else's value."""
    record = _record(kind, pk)
    if not is_fragment():
        return redirect(kind.path_of(record), 303)
    view = view_of(kind, request.args.get("view"))
    pieces = _pieces(kind, record, view, back_to(kind, request.args.get("back"), record))
    return make_response(render_template("console/_saved.html", **pieces))


def origin(kind: RecordKind, pk: int, name: str) -> Response:
    record, field = _record(kind, pk), _field(kind, name)
    context = {
        "kind": kind,
        "record": record,
        "field": field,
        "origin": field_origin(db.session(), kind.record_type, record, field.name),
        "view": view_of(kind, request.args.get("view")),
        "back": back_to(kind, request.args.get("back"), record),
    }
    return make_response(render_template("console/_origin.html", **context))


def _views(kind: RecordKind) -> Blueprint:
    """The views for one kind of record, each with the permission it needs."""
    blueprint = Blueprint(f"{kind.record_type}_editing", __name__)
    views: tuple[tuple[str, str, Callable[..., BaseResponse], str], ...] = (
        ("GET", "/edit", open_editor, kind.edit),
        ("POST", "/<row_id:pk>/fields/<name>", save_field, kind.edit),
        ("POST", "/flip", flip, kind.edit),
        ("POST", "/cell", press, kind.edit),
        ("POST", "/<row_id:pk>/reset", give_back, kind.edit),
        ("POST", "/<row_id:pk>/protection", protect, kind.edit),
        ("GET", "/<row_id:pk>/row", show_row, kind.edit),
        ("GET", "/<row_id:pk>/fields/<name>/origin", origin, kind.read),
    )
    for method, rule, view, permission in views:
        own = requires(permission)(update_wrapper(partial(view, kind), view))
        blueprint.add_url_rule(kind.prefix + rule, view.__name__, own, methods=[method])
    return blueprint


blueprints = tuple(_views(kind) for kind in (ENTRY, PROVIDER_MODEL))


def _edit(kind: RecordKind, pk: int, field: Field, value: Any, seen: Any) -> Written:
    return edit_record(
        db.session(),
        current_actor(),
        kind.record_type,
        pk,
        {field.name: value},
        default_protection=current_settings().sync_protection,
        reason=read_reason(request.form),
        opened={field.name: seen},
    )


def _refused(kind: RecordKind, record: Any, field: Field, problem: ValueProblem) -> Response:
    """The editor again, with what was sent and what is wrong with it."""
    opened, reason = request.form.get("opened", ""), request.form.get("reason", "")
    data = sent_data(field, request.form, problem)
    editor = Editor(field, data, opened, reason, str(problem))
    return replacing_editor(editor_page(kind, record, editor, 422))


def _row_id(kind: RecordKind, text: str) -> int:
    number = read_row_id(text)
    if number is None:
        raise NotFoundError(f"there is no such {kind.noun}")
    return number


def _record(kind: RecordKind, pk: int | str) -> Any:
    return kind.get(db.session(), _row_id(kind, pk) if isinstance(pk, str) else pk)


def _field(kind: RecordKind, name: str) -> Field:
    if name not in kind.fields:
        raise NotFoundError(f"there is no field {name!r} of a {kind.noun}")
    return kind.fields[name]


def _done(
    kind: RecordKind,
    pk: int,
    message: str,
    written: Written | None = None,
    *,
    category: str = "success",
    status: int = 200,
) -> BaseResponse:
    """The changed pieces for htmx; for a plain form the way back to where it stood.

    `_NAME` in the message stands for the record's name as it is now; what was
    written can be undone from the message.
    """
    record = kind.get(db.session(), pk)
    message = message.replace(_NAME, kind.name_of(record))
    view = view_of(kind, request.form.get("view"))
    back = back_to(kind, request.form.get("back"), record)
    action: Action | None = undo_action(written.batch, back) if written else None
    if not is_fragment():
        tell(message, category, action=action)
        return redirect(f"{back}#{kind.row}-{pk}" if view == "table" else back, 303)
    said = {"message": message, "category": category, "action": action}
    context = _pieces(kind, record, view, back) | said
    return make_response(render_template("console/_saved.html", **context), status)


def _pieces(kind: RecordKind, record: Any, view: str, back: str) -> dict[str, Any]:
    """What the page `view` shows of the record: its row, or the page it stands on."""
    if view == "table":
        listing = parse_address(back, TABLES[kind.record_type])
        columns = shown_columns(kind.record_type, listing)
        return {
            "kind": kind,
            "rows": [table_row(kind, record, columns, editable=True)],
            "editable": True,
            "orderable": listing.is_ordered,
            "view": view,
        }
    if view == "entry" and kind is not ENTRY:
        return record_context(ENTRY, get_entry_by_pk(db.session(), record.entry_pk))
    return record_context(kind, record)
