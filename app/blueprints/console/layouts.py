"""`/tables/<table>/layout`: which columns a table shows. An ordinary form that leads back to it.

What the address says is changed there; else the person's own choice is.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.layout import DENSITIES, Layout, existing, moved
from app.blueprints.console.listing import TABLES, Listing, parse_address
from app.blueprints.console.table_state import current_layout, keep_layout
from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.core.fields import RecordType
from app.web.permissions import requires

blueprint = Blueprint("layouts", __name__)
_FORGET = {"columns": None, "density": None}


@blueprint.post("/tables/<table>/layout")
@requires("own:preferences:edit")
def change(table: str) -> Response:
    listing = listing_behind(table)
    before = current_layout(listing)
    do, _, which = request.form.get("do", "apply").partition(":")
    if do == "reset":
        if not before.sent:
            keep_layout(before.record_type, None)
        return _to(listing.with_layout(_FORGET))
    after = _read(before, do, which)
    if do == "keep" or not before.sent:
        keep_layout(after.record_type, after)
        return _to(listing.with_layout(_FORGET))
    return _to(listing.with_layout(after.args()))


def _read(before: Layout, do: str, which: str) -> Layout:
    """The look that the form asks for."""
    steps = {"apply": 0, "keep": 0, "up": -1, "down": 1}
    if do not in steps:
        raise _wrong("do", f"must be one of {', '.join(steps)}, reset")
    ticked = set(request.form.getlist("column"))
    order = [name for name in request.form.getlist("place") if name in ticked]
    columns = existing(before.record_type, [*order, *sorted(ticked.difference(order))])
    if not columns:
        raise _wrong("column", "choose at least one column")
    density = request.form.get("density", before.density)
    if density not in DENSITIES:
        raise _wrong("density", f"must be one of {', '.join(DENSITIES)}")
    return replace(before, columns=moved(columns, which, steps[do]), density=density)


def listing_behind(table: str) -> Listing:
    """The state of the table that a form stood on; raises `NotFoundError` for no table."""
    kind: RecordType | None = next((one for one in TABLES if one == table), None)
    if kind is None:
        raise NotFoundError("there is no such table")
    back = request.form.get("back", "")
    path = TABLES[kind].path
    ours = back == path or back.startswith(f"{path}?")
    return parse_address(back if ours else path, TABLES[kind])


def layout_densities() -> dict[str, str]:
    """How close together rows may stand, and what that is called."""
    return DENSITIES


HELPERS = (layout_densities,)


def _to(address: str) -> Response:
    return redirect(address, 303)


def _wrong(name: str, message: str) -> ValidationError:
    said = message if name == "column" else f"{name} {message}"
    return ValidationError(said, [FieldProblem(name, message)])
