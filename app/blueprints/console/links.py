"""Pages that decide which entry a provider model is an offer of: move, merge, split."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.console.display import entry_path
from app.blueprints.console.messages import answer, undo_action
from app.core.errors import AlmanacError, ForbiddenError, ValidationError
from app.core.values import MAX_TEXT
from app.forms.field import read_reason
from app.models import db
from app.queries.entries import EntryRow, get_entry, get_entry_by_pk
from app.queries.link_choices import count_of, list_entry_suggestions
from app.queries.provider_models import get_provider_model_by_pk
from app.queries.record_detail import list_offers
from app.services.links import merge_entries, move_models, split_entry
from app.services.records import Written
from app.web.permissions import current_actor, requires
from app.web.render import render_page

blueprint = Blueprint("links", __name__)
PERMISSION = "admin:catalog:edit"


@blueprint.get("/entries/options")
@requires("admin:catalog:read")
def options() -> Response:
    """Entries that somebody may mean, as the options of a listbox."""
    words = request.args.get("q", "").replace("\x00", "").strip()[:MAX_TEXT]
    found = list_entry_suggestions(db.session(), words, but=request.args.get("but", ""))
    return Response(render_template("console/links/_options.html", options=found))


@blueprint.get("/provider-models/<row_id:pk>/move")
@requires(PERMISSION)
def ask_move(pk: int) -> Response:
    return _move_page(pk)


@blueprint.post("/provider-models/<row_id:pk>/move")
@requires(PERMISSION)
def move(pk: int) -> BaseResponse:
    model = get_provider_model_by_pk(db.session(), pk)
    target = request.form.get("to", "").strip()

    def do() -> Written:
        return move_models(
            db.session(), current_actor(), [model.public_id], target, reason=_reason()
        )

    name = model.model_display_name or model.raw_id
    return _tried(do, (f"{name} is an offer of ", " now."), lambda why: _move_page(pk, why))


@blueprint.get("/entries/<row_id:pk>/merge")
@requires(PERMISSION)
def ask_merge(pk: int) -> Response:
    """With `other` in the address: what merging that one would mean."""
    name = request.args.get("other", "").strip()
    if not name:
        return _merge_page(pk)
    try:
        other = get_entry(db.session(), name)
    except AlmanacError as problem:
        return _merge_page(pk, problem, status=404)
    same = other.id == pk
    why = AlmanacError("that is this entry itself, or another spelling of it") if same else None
    return _merge_page(pk, why, None if same else other, 400 if same else 200)


@blueprint.post("/entries/<row_id:pk>/merge")
@requires(PERMISSION)
def merge(pk: int) -> BaseResponse:
    entry, other = get_entry_by_pk(db.session(), pk), request.form.get("other", "").strip()

    def do() -> Written:
        return merge_entries(
            db.session(), current_actor(), entry.public_id, [other], reason=_reason()
        )

    return _tried(
        do, (f"{other} is another spelling of ", " now."), lambda why: _merge_page(pk, why)
    )


@blueprint.get("/entries/<row_id:pk>/split")
@requires(PERMISSION)
def ask_split(pk: int) -> Response:
    return _split_page(pk)


@blueprint.post("/entries/<row_id:pk>/split")
@requires(PERMISSION)
def split(pk: int) -> BaseResponse:
    models = request.form.getlist("model")
    own = {offer.public_id for offer in list_offers(db.session(), pk)}

    def do() -> Written:
        if not own.issuperset(models):
            raise ValidationError("one of these is no offer of this entry any more")
        return split_entry(
            db.session(),
            current_actor(),
            models,
            request.form.get("public_id", "").strip(),
            reason=_reason(),
        )

    offers = "1 offer belongs" if len(models) == 1 else f"{len(models)} offers belong"
    return _tried(do, (f"{offers} to ", " now."), lambda why: _split_page(pk, why))


def _reason() -> str | None:
    return read_reason(request.form)


def _tried(
    do: Callable[[], Written], done: tuple[str, str], again: Callable[[AlmanacError], Response]
) -> BaseResponse:
    """Go on to the entry where it worked; else the form once more, with what is wrong."""
    try:
        written = do()
    except ForbiddenError:
        raise
    except AlmanacError as problem:
        return again(problem)
    entry = get_entry_by_pk(db.session(), written.id)
    back = entry_path(entry.public_id)
    message = (entry.model_display_name or entry.public_id).join(done)
    return answer(message, back, action=undo_action(written.batch, back), changed=True)


def _page(template: str, why: AlmanacError | None, status: int, **context: Any) -> Response:
    context |= {"given": request.values, "problem": why.message if why else None}
    code = (why.status if status == 200 else status) if why else 200
    return render_page(f"console/links/{template}.html", status=code, **context)


def _move_page(pk: int, why: AlmanacError | None = None) -> Response:
    model = get_provider_model_by_pk(db.session(), pk)
    return _page("move", why, 200, model=model, name=model.model_display_name or model.raw_id)


def _merge_page(
    pk: int, why: AlmanacError | None = None, other: EntryRow | None = None, status: int = 200
) -> Response:
    session = db.session()
    entry = get_entry_by_pk(session, pk)
    gone = count_of(session, other.id) if other else None
    return _page("merge", why, status, entry=entry, other=other, gone=gone)


def _split_page(pk: int, why: AlmanacError | None = None) -> Response:
    session = db.session()
    entry = get_entry_by_pk(session, pk)
    return _page("split", why, 200, entry=entry, offers=list_offers(session, entry.id))
