"""The editor of one field of a record, and the question where somebody was faster."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from app.blueprints.console.display import shown
from app.blueprints.console.kinds import KINDS, RecordKind
from app.core.fields import Field, Kind
from app.forms.field import Editor, opened_text
from app.models import db
from app.queries.facets import choices_in_use, offer_choices_in_use
from app.queries.model_order import get_suggestion, list_suggestions
from app.web.render import is_fragment, render_page

# Pages that forms may lead back to begin with one of these.
_HOMES = tuple(kind.table for kind in KINDS.values())
_BELOW = tuple(home + mark for home in _HOMES for mark in "?/")


def view_of(kind: RecordKind, given: str | None) -> str:
    """The page that a form says it stands on."""
    return given if given in kind.views else "table"


def back_to(kind: RecordKind, given: str | None, record: Any) -> str:
    """The page to return to: a view of a table, or a record's own page; nothing else."""
    plain = given is not None and all(32 < ord(c) < 127 and c != "\\" for c in given)
    if given and plain and (given in _HOMES or given.startswith(_BELOW)):
        return given
    return kind.path_of(record)


def editor_page(kind: RecordKind, record: Any, editor: Editor, status: int = 200) -> Response:
    """The editor, as a page or as the piece that opens over a cell."""
    _offer(kind, record, editor)
    context = _form_context(kind, record, editor.field) | {"editor": editor}
    return render_page("console/edit.html", "console/_editor.html", status=status, **context)


def conflict_page(kind: RecordKind, record: Any, field: Field, mine: Any, theirs: Any) -> Response:
    """Both values, and the question which one stays."""
    context = _form_context(kind, record, field) | {
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


def replacing_editor(response: Response) -> Response:
    """The answer takes the place of the editor that is open."""
    if is_fragment():
        response.headers["HX-Retarget"] = "#editor"
        # No settling: it would copy the place of the old editor as an inline style.
        response.headers["HX-Reswap"] = "outerHTML settle:0"
    return response


def _form_context(kind: RecordKind, record: Any, field: Field) -> dict[str, Any]:
    given = request.values
    return {
        "kind": kind,
        "record": record,
        "field": field,
        "name": kind.name_of(record),
        "view": view_of(kind, given.get("view")),
        "back": back_to(kind, given.get("back"), record),
    }


def _offer(kind: RecordKind, record: Any, editor: Editor) -> None:
    """What may be chosen: values in use, or the models to refer to."""
    session = db.session()
    if editor.field.kind is Kind.REFERENCE:
        editor.options = list_suggestions(session, record, "")
        editor.chosen = get_suggestion(session, editor.data["text"])
    elif editor.field.kind is Kind.CHOICE:
        in_use: dict[str, dict[str, int]] = (
            {
                "category": offer_choices_in_use(session).categories,
            }
            if kind.record_type == "provider_model"
            else {
                "family": choices_in_use(session).families,
                "requires_feature_flag": choices_in_use(session).feature_flags,
            }
        )
        editor.choices = list(in_use[editor.field.name])
