"""`/batches/<id>/undo`: taking a batch back, or one change of it, from wherever it is offered."""

from __future__ import annotations

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.changes import change_label
from app.blueprints.console.messages import Link, answer, undo_action
from app.core.errors import ConflictError, ValidationError
from app.forms.field import read_reason
from app.models import db
from app.services.undo import Undone, undo_batch
from app.web.addresses import local_path, read_row_id
from app.web.permissions import current_actor, requires

blueprint = Blueprint("undo", __name__)
NAMED = 5
LONGEST = 60


@blueprint.post("/batches/<public_id>/undo")
@requires("admin:change:undo")
def undo(public_id: str) -> Response:
    back = local_path(request.form.get("back"), "/changes")
    try:
        undone = undo_batch(
            db.session(),
            current_actor(),
            public_id,
            change_id=_change_id(),
            reason=read_reason(request.form),
        )
    except ConflictError as refusal:
        said = f"{refusal.message[:1].upper()}{refusal.message[1:]}."
        return answer(said, back, category="warning", status=409)
    return _done(undone, back)


def _change_id() -> int | None:
    text = request.form.get("change", "")
    number = read_row_id(text)
    if text and number is None:
        raise ValidationError("change must be the number of a change")
    return number


def _done(undone: Undone, back: str) -> Response:
    message = f"Undone: {_count(undone.undone)}."
    link: Link | None = None
    if undone.refused_count:
        message += f" {_refusals(undone)}"
    if undone.refused_count or undone.undone > 1:
        link = {"url": f"/changes/{undone.batch_id}", "label": "See them"}
    return answer(
        message,
        back,
        category="warning" if undone.refused_count else "success",
        action=undo_action(undone.batch_id, back, label="Redo"),
        link=link,
        changed=True,
    )


def _count(number: int) -> str:
    return "1 change" if number == 1 else f"{number:,} changes"


def _refusals(undone: Undone) -> str:
    """What stays as it is, the first of it by name: a toast is short, and so is a cookie."""
    verb = "was" if undone.refused_count == 1 else "were"
    stay = "stays as it is" if undone.refused_count == 1 else "stay as they are"
    names = [
        f"{change_label(one.record_type, one.field)} of {one.name[:LONGEST]}"
        for one in undone.refused[:NAMED]
    ]
    more = undone.refused_count - len(names)
    rest = f" and {more:,} more" if more else ""
    changed = "" if {one.why for one in undone.refused} == {"was changed since"} else "not undone: "
    said = f"{undone.refused_count:,} {verb} changed since and {stay}: "
    if changed:
        said = f"{undone.refused_count:,} {stay}: "
        names = [f"{name} ({one.why})" for name, one in zip(names, undone.refused, strict=False)]
    return f"{said}{', '.join(names)}{rest}."
