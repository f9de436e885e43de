"""`/bulk`: many records at once. The bar says which; a preview says what; then it happens.

Without JavaScript each step is a page; htmx gets the same piece for its dialog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.bulk_calls import bulk_calls
from app.blueprints.console.display import entry_path, provider_model_path
from app.blueprints.console.listing import LAYOUT
from app.blueprints.console.messages import answer, undo_action
from app.core.bulk import ACTIONS, BulkChange, action_of
from app.core.errors import ValidationError
from app.core.fields import CAPABILITIES, RecordType
from app.forms.bulk import Wish, read_change, read_selection, read_wish
from app.forms.field import read_reason
from app.models import db
from app.queries.facets import choices_in_use, offer_choices_in_use
from app.queries.selections import (
    Preview,
    Selection,
    availability,
    list_changing,
    preview_bulk,
)
from app.services.bulk import SelectionChangedError, run_bulk
from app.services.records import EDIT_PERMISSION
from app.web.addresses import local_path
from app.web.permissions import current_actor, requires
from app.web.render import render_page

blueprint = Blueprint("bulk", __name__)
PATHS: dict[RecordType, str] = {"entry": "/catalog", "provider_model": "/provider-models"}
NOUNS: dict[RecordType, tuple[str, str]] = {
    "entry": ("entry", "entries"),
    "provider_model": ("provider model", "provider models"),
}
# What is offered while an argument is written: the values in use of these fields.
_OFFERED = {"set_family": "families", "set_feature_flag": "feature_flags"}
_TAGS = ("add_tags", "remove_tags")
_NO_FILTER = ("sort", "order", "page", *LAYOUT)


@blueprint.get("/bulk/value")
@requires("admin:catalog:edit")
def value_input() -> Response:
    """The input for the argument of an action that was chosen in the bar."""
    wish = read_wish(request.args)
    action = action_of(wish.record_type, wish.action) if wish.action else None
    return render_page(
        "console/bulk/_value.html",
        action=action,
        value=wish.value,
        offered=_offered(wish),
        capabilities=CAPABILITIES,
    )


@blueprint.post("/bulk/preview")
@requires("admin:catalog:edit")
def preview() -> Response:
    wish = read_wish(request.form)
    current_actor().require(EDIT_PERMISSION[wish.record_type])
    try:
        change = read_change(wish)
        selection = read_selection(db.session(), wish)
    except ValidationError as error:
        return _ask_again(wish, error)
    return _preview(wish, change, selection)


@blueprint.post("/bulk/apply")
@requires("admin:catalog:edit")
def apply() -> Response:
    wish, session = read_wish(request.form), db.session()
    try:
        change = read_change(wish)
        # Rows that are gone since the preview make the selection another one: that is said.
        selection = read_selection(session, wish, expect_all=False)
        expected = _expected()
    except ValidationError as error:
        return _ask_again(wish, error)
    reason = read_reason(request.form)
    try:
        done = run_bulk(
            session, current_actor(), change, selection, expected=expected, reason=reason
        )
    except SelectionChangedError:
        return _preview(wish, change, selection, seen=_seen())
    return _done(wish, change, done.preview, done.batch)


def _preview(
    wish: Wish, change: BulkChange, selection: Selection, seen: tuple[int, ...] | None = None
) -> Response:
    """What would happen; with ``seen`` (the counts of an older preview) also what is different."""
    session = db.session()
    found = preview_bulk(session, change, selection)
    is_switch = change.field is not None and change.field.name == "active"
    return render_page(
        "console/bulk/page.html",
        "console/bulk/_preview.html",
        status=200 if seen is None else 409,
        step="preview",
        preview=found,
        seen=seen,
        change=change,
        named=list_changing(session, change, selection),
        programs=availability(session, change, selection) if is_switch and found.changing else None,
        calls=bulk_calls(session, wish, change, selection) if found.changing else [],
        **_context(wish),
    )


def _ask_again(wish: Wish, error: ValidationError) -> Response:
    """What was sent, to be put right."""
    at_fault = {detail.field for detail in error.details}
    return render_page(
        "console/bulk/page.html",
        "console/bulk/_problem.html",
        status=422,
        step="problem",
        problem=error.message,
        at_fault=at_fault,
        nothing_to_do=not at_fault.isdisjoint(("id", "where")),
        capabilities=CAPABILITIES,
        offered=_offered(wish),
        **_context(wish),
    )


def _done(wish: Wish, change: BulkChange, found: Preview, batch: str | None) -> Response:
    back = _back(wish)
    said = f"{found.changing:,} {noun(wish.record_type, found.changing)} {change.done()}."
    if batch is None:
        return answer(
            "Nothing was different: nothing changed.", back, category="info", changed=True
        )
    link = {"url": f"/changes/{batch}", "label": "See the changes"}
    return answer(said, back, action=undo_action(batch, back), link=link, changed=True)


def _context(wish: Wish) -> dict[str, Any]:
    return {"wish": wish, "nouns": NOUNS[wish.record_type], "back": _back(wish)}


def _back(wish: Wish) -> str:
    """The list that the bar stood on."""
    path = PATHS[wish.record_type]
    given = local_path(request.form.get("back"), path)
    return given if given.split("?")[0].startswith((path, "/providers")) else path


def _expected() -> str:
    expected = request.form.get("fingerprint", "")
    if not expected:
        raise ValidationError("look at the preview first, then confirm")
    return expected


def _seen() -> tuple[int, ...]:
    """The counts of the preview that was confirmed; only shown, so wrong ones do no harm."""
    parts = request.form.get("seen", "").split(":")
    numbers = [int(p) for p in parts if p.isascii() and p.isdigit() and len(p) < 10]
    return tuple(numbers) if len(numbers) == 2 else (0, 0)


def _offered(wish: Wish) -> list[str]:
    session = db.session()
    if wish.action in _TAGS:
        return list(choices_in_use(session).tags)
    if wish.action in _OFFERED:
        return list(getattr(choices_in_use(session), _OFFERED[wish.action]))
    if wish.action == "set_category":
        return list(offer_choices_in_use(session).categories)
    return []


def noun(record_type: RecordType, count: int) -> str:
    """What one or several records are called."""
    return NOUNS[record_type][count != 1]


def bulk_where(args: Mapping[str, str]) -> str:
    """The filter of a list's address, without its order, page and look."""
    return urlencode({name: value for name, value in args.items() if name not in _NO_FILTER})


def bulk_actions(record_type: RecordType) -> tuple[Any, ...]:
    """What can be done with such records, for the bar."""
    return ACTIONS[record_type]


def record_path(record_type: RecordType, public_id: str) -> str:
    """The page of a record of either kind."""
    if record_type == "entry":
        return entry_path(public_id)
    return provider_model_path(public_id)


def bulk_capabilities() -> tuple[Any, ...]:
    """The capabilities, for the bar without scripts."""
    return CAPABILITIES


HELPERS = (bulk_where, bulk_actions, bulk_capabilities, record_path)
