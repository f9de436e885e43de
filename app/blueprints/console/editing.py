"""Changing entries: open an editor, save it, flip a flag, give values back to the feeds.

Every address takes an ordinary form and answers 303, and answers htmx with the
pieces of the page that changed. `view` says which page the form stands on.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.console.cells import table_row
from app.blueprints.console.display import entry_path, shortened, shown
from app.blueprints.console.entry import entry_context
from app.core.errors import EditConflictError, NotFoundError
from app.core.fields import FIELDS, Field, Kind
from app.core.values import ValueProblem
from app.forms.entry import (
    Editor,
    editor_data,
    opened_text,
    read_opened,
    read_reason,
    read_value,
    sent_data,
)
from app.models import db
from app.queries.entries import EntryRow, get_entry_by_pk
from app.queries.entry_detail import field_origin
from app.queries.facets import choices_in_use
from app.services.records import edit_record, reset_record, set_protection
from app.web.addresses import read_row_id
from app.web.permissions import current_actor, current_settings, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("editing", __name__)
EDITABLE = FIELDS["entry"]
_SEEN = {"on": True, "off": False, "unknown": None}
_NAME = "\x00name\x00"  # nothing that a person may write
# The field whose values in use are offered while typing.
_CHOICES = {"family": "families", "requires_feature_flag": "feature_flags"}


@blueprint.get("/entries/edit")
@requires("admin:catalog:edit")
def open_editor() -> Response:
    pk, _, name = request.args.get("cell", "").partition(":")
    entry, field = _entry(pk), _field(name)
    value = getattr(entry, field.name)
    editor = Editor(field, editor_data(field, value), opened_text(value))
    response = _editor(entry, editor)
    if is_fragment():
        response.headers["HX-Retarget"] = f"#entry-{entry.id} [data-field={field.name}]"
        response.headers["HX-Reswap"] = "beforeend"
    return response


@blueprint.post("/entries/<row_id:pk>/fields/<name>")
@requires("admin:catalog:edit")
def save_field(pk: int, name: str) -> BaseResponse:
    entry, field = _entry(pk), _field(name)
    opened = request.form.get("opened", "")
    try:
        value, seen = read_value(field, request.form), read_opened(opened)
    except ValueProblem as problem:
        data = sent_data(field, request.form)
        editor = Editor(field, data, opened, request.form.get("reason", ""), str(problem))
        return _replace_editor(_editor(entry, editor, 422))
    try:
        _edit(entry.id, field, value, seen)
    except EditConflictError as conflict:
        return _replace_editor(_conflict(entry, field, value, conflict.current[field.name]))
    text = shortened(field, value)
    message = (
        f"{field.label} of {_name_of(entry)} is now {text}."
        if text
        else (f"{field.label} of {_name_of(entry)} is cleared.")
    )
    return _done(pk, message, give_back=field.name)


@blueprint.post("/entries/flip")
@requires("admin:catalog:edit")
def flip() -> BaseResponse:
    row, name, seen = (*request.form.get("flip", "").split(":"), "", "", "")[:3]
    pk, field = _row_id(row), _field(name)
    if field.kind is not Kind.FLAG or seen not in _SEEN:
        raise NotFoundError("there is no such flag")
    value = seen != "on"
    try:
        _edit(pk, field, value, _SEEN[seen])
    except EditConflictError as conflict:
        now = shown(field, conflict.current[field.name]) or "unknown"
        message = f"{field.label} of {_NAME} was changed meanwhile: it is {now}."
        return _done(pk, message, category="warning", status=409)
    message = f"{field.label} is {'on' if value else 'off'} for {_NAME}."
    return _done(pk, message, give_back=field.name)


@blueprint.post("/entries/<row_id:pk>/reset")
@requires("admin:catalog:edit")
def give_back(pk: int) -> BaseResponse:
    entry = _entry(pk)
    fields = [_field(name).name for name in request.form.getlist("field")] or None
    reset_record(
        db.session(), current_actor(), "entry", entry.id, fields, reason=read_reason(request.form)
    )
    what = ", ".join(EDITABLE[name].label for name in fields or ()) or "Everything"
    verb = "is" if fields is None or len(fields) == 1 else "are"
    return _done(pk, f"{what} of {_name_of(entry)} {verb} back with the feeds.")


@blueprint.post("/entries/<row_id:pk>/protection")
@requires("admin:catalog:edit")
def protect(pk: int) -> BaseResponse:
    entry = _entry(pk)
    chosen: Any = request.form.get("protection")
    set_protection(
        db.session(), current_actor(), "entry", entry.id, chosen, reason=read_reason(request.form)
    )
    held = "the whole entry" if chosen == "entry" else "edited fields only"
    return _done(pk, f"Edits of {_name_of(entry)} now protect {held}.")


@blueprint.get("/entries/<row_id:pk>/row")
@requires("admin:catalog:edit")
def show_row(pk: int) -> BaseResponse:
    """The entry as it is now, for an editor that gives way to somebody else's value."""
    entry = _entry(pk)
    if not is_fragment():
        return redirect(entry_path(entry.public_id), 303)
    view = _view(request.args.get("view"))
    return make_response(render_template("console/_saved.html", **_pieces(entry, view)))


@blueprint.get("/entries/<row_id:pk>/fields/<name>/origin")
@requires("admin:catalog:read")
def origin(pk: int, name: str) -> Response:
    entry, field = _entry(pk), _field(name)
    context = {
        "entry": entry,
        "field": field,
        "origin": field_origin(db.session(), entry, field.name),
        "view": _view(request.args.get("view")),
        "back": _back(request.args.get("back"), entry),
    }
    return make_response(render_template("console/_origin.html", **context))


def _edit(pk: int, field: Field, value: Any, seen: Any) -> None:
    edit_record(
        db.session(),
        current_actor(),
        "entry",
        pk,
        {field.name: value},
        default_protection=current_settings().sync_protection,
        reason=read_reason(request.form),
        opened={field.name: seen},
    )


def _row_id(text: str) -> int:
    number = read_row_id(text)
    if number is None:
        raise NotFoundError("there is no such entry")
    return number


def _entry(pk: int | str) -> EntryRow:
    return get_entry_by_pk(db.session(), _row_id(pk) if isinstance(pk, str) else pk)


def _field(name: str) -> Field:
    if name not in EDITABLE:
        raise NotFoundError(f"an entry has no field {name!r}")
    return EDITABLE[name]


def _name_of(entry: EntryRow) -> str:
    return entry.model_display_name or entry.public_id


def _view(given: str | None) -> str:
    return "entry" if given == "entry" else "table"


def _back(given: str | None, entry: EntryRow) -> str:
    """The page to return to: a view of the catalog, or the entry's own page."""
    plain = given is not None and all(32 < ord(c) < 127 and c != "\\" for c in given)
    if given and plain and (given == "/catalog" or given.startswith(("/catalog?", "/catalog/"))):
        return given
    return entry_path(entry.public_id)


def _form_context(entry: EntryRow, field: Field) -> dict[str, Any]:
    given = request.values
    return {
        "entry": entry,
        "field": field,
        "name": _name_of(entry),
        "view": _view(given.get("view")),
        "back": _back(given.get("back"), entry),
    }


def _editor(entry: EntryRow, editor: Editor, status: int = 200) -> Response:
    if editor.field.name in _CHOICES:
        choices = choices_in_use(db.session())
        editor.choices = list(getattr(choices, _CHOICES[editor.field.name]))
    context = _form_context(entry, editor.field) | {"editor": editor}
    return render_page("console/edit.html", "console/_editor.html", status=status, **context)


def _conflict(entry: EntryRow, field: Field, mine: Any, theirs: Any) -> Response:
    context = _form_context(entry, field) | {
        "mine": shown(field, mine),
        "theirs": shown(field, theirs),
        "opened": opened_text(theirs),
        "sent": [
            (name, value)
            for name, value in request.form.items(multi=True)
            if name not in {"csrf_token", "opened", "view", "back"}
        ],
    }
    return render_page("console/conflict.html", "console/_conflict.html", status=409, **context)


def _replace_editor(response: Response) -> Response:
    if is_fragment():
        response.headers["HX-Retarget"] = "#editor"
        # No settling: it would copy the place of the old editor as an inline style.
        response.headers["HX-Reswap"] = "outerHTML settle:0"
    return response


def _done(
    pk: int,
    message: str,
    *,
    category: str = "success",
    status: int = 200,
    give_back: str | None = None,
) -> BaseResponse:
    """The changed pieces for htmx; for a plain form the way back to where it stood.

    `_NAME` in the message stands for the entry's name as it is now.
    """
    entry = get_entry_by_pk(db.session(), pk)
    message = message.replace(_NAME, _name_of(entry))
    view, back = _view(request.form.get("view")), _back(request.form.get("back"), entry)
    if not is_fragment():
        flash(message, category)
        return redirect(back if view == "entry" else f"{back}#entry-{pk}", 303)
    context = _pieces(entry, view) | {"message": message, "category": category, "here": back}
    if give_back in entry.manual_fields:
        context["action"] = {
            "url": f"/entries/{pk}/reset",
            "label": "Give back to the feeds",
            "fields": [("field", give_back), ("view", view), ("back", back)],
        }
    return make_response(render_template("console/_saved.html", **context), status)


def _pieces(entry: EntryRow, view: str) -> dict[str, Any]:
    if view == "entry":
        return entry_context(entry)
    return {"rows": [table_row(entry, editable=True)], "editable": True, "view": view}
