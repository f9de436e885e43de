"""`/feature-flags`: what entries may require, and how many do."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from app.blueprints.console.listing import Pages, parse_listing
from app.blueprints.console.messages import answer, undo_action
from app.core.errors import AlmanacError, ConflictError, ValidationError
from app.forms.accounts import show_error
from app.forms.field import read_reason
from app.forms.flags import FlagEditForm, FlagForm
from app.models import db
from app.queries.flags import FlagRow, count_flags, get_flag, list_flags
from app.services.flags import create_flag, delete_flag, edit_flag
from app.web.permissions import current_actor, may, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("flags", __name__)
PATH = "/feature-flags"
ROWS = 100


@blueprint.get(PATH)
@requires("admin:flag:read")
def flags() -> Response:
    return _page(FlagForm(formdata=None))


@blueprint.post(PATH)
@requires("admin:flag:manage")
def add_flag() -> Response:
    form = FlagForm()
    if not form.validate():
        return _page(form, status=422)
    given = {name: form[name].data for name in ("key", "name", "description")}
    try:
        made = create_flag(db.session(), current_actor(), given, reason=read_reason(request.form))
    except (ConflictError, ValidationError) as error:
        show_error(error, form)
        return _page(form, status=error.status if isinstance(error, ConflictError) else 422)
    said = f"The feature flag {get_flag(db.session(), made.id).key} is there now."
    return answer(said, PATH, action=undo_action(made.batch, PATH), changed=True)


@blueprint.get(f"{PATH}/<row_id:flag_id>")
@requires("admin:flag:read")
def show_flag(flag_id: int) -> Response:
    """One row again: what leaving its editor shows."""
    return _row(get_flag(db.session(), flag_id), focus=True)


@blueprint.get(f"{PATH}/<row_id:flag_id>/edit")
@requires("admin:flag:manage")
def open_flag(flag_id: int) -> Response:
    flag = get_flag(db.session(), flag_id)
    return _row(flag, form=FlagEditForm(formdata=None, obj=flag))


@blueprint.post(f"{PATH}/<row_id:flag_id>")
@requires("admin:flag:manage")
def save_flag(flag_id: int) -> Response:
    flag, form = get_flag(db.session(), flag_id), FlagEditForm()
    if not form.validate():
        raise ValidationError("version must be the one that the editor was opened on")
    try:
        batch = _save(flag_id, form)
    except (ConflictError, ValidationError) as error:
        return _refused(flag, form, error)
    return _saved(get_flag(db.session(), flag_id), batch)


@blueprint.post(f"{PATH}/<row_id:flag_id>/delete")
@requires("admin:flag:manage")
def remove_flag(flag_id: int) -> Response:
    key = get_flag(db.session(), flag_id).key
    try:
        gone = delete_flag(db.session(), current_actor(), flag_id)
    except ConflictError as refusal:
        return answer(_sentence(refusal), PATH, category="warning", status=409)
    action = undo_action(gone.batch, PATH)
    return answer(f"The feature flag {key} is deleted.", PATH, action=action, changed=True)


def _save(flag_id: int, form: FlagEditForm) -> str | None:
    values = {"name": form.name.data, "description": form.description.data}
    return edit_flag(
        db.session(),
        current_actor(),
        flag_id,
        values,
        version=form.version.data,
        reason=read_reason(request.form),
    ).batch


def _saved(flag: FlagRow, batch: str | None) -> Response:
    context = _context() | {"flag": flag, "form": None, "focus": True}
    said = f"The feature flag {flag.key} is saved." if batch else f"{flag.key} stays as it is."
    return answer(
        said,
        f"{PATH}#flag-{flag.id}",
        action=undo_action(batch, PATH),
        pieces=[render_template("console/flags/_row.html", **context)],
    )


def _refused(flag: FlagRow, form: FlagEditForm, error: AlmanacError) -> Response:
    """The editor again with what was written; after somebody else's edit saving writes over it."""
    show_error(error, form)
    theirs = flag if isinstance(error, ConflictError) else None
    return _row(flag, form=form, theirs=theirs, status=409 if theirs else 422)


def _row(flag: FlagRow, *, status: int = 200, **context: Any) -> Response:
    if not is_fragment():
        return _page(FlagForm(formdata=None), status, opened=flag, opened_context=context)
    html = render_template("console/flags/_row.html", flag=flag, **(_context() | context))
    return Response(html, status, mimetype="text/html")


def _page(
    form: FlagForm,
    status: int = 200,
    opened: FlagRow | None = None,
    opened_context: dict[str, Any] | None = None,
) -> Response:
    session = db.session()
    pages = Pages(parse_listing(request.args).page, count_flags(session), ROWS)
    rows = list_flags(session, limit=ROWS, offset=(pages.page - 1) * ROWS)
    if opened is not None and all(row.id != opened.id for row in rows):
        rows = [opened, *rows]
    return render_page(
        "console/flags/page.html",
        "console/flags/_list.html",
        status=status,
        **_context(),
        rows=rows,
        pages=pages,
        add=form,
        opened=opened.id if opened else None,
        opened_context=opened_context or {},
    )


def _context() -> dict[str, Any]:
    return {"path": PATH, "editable": may("admin:flag:manage")}


def _sentence(error: AlmanacError) -> str:
    return f"{error.message[:1].upper()}{error.message[1:]}."
