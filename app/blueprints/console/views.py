"""Saved views: `/views/<id>` opens one; ordinary forms save, change, share and delete them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.layouts import listing_behind
from app.blueprints.console.listing import TABLES, Listing
from app.blueprints.console.messages import tell
from app.blueprints.console.table_state import current_layout, keep_for_table, own_table
from app.core.errors import ConflictError, NotFoundError, UnauthenticatedError, ValidationError
from app.core.fields import RecordType
from app.models import db
from app.queries.view_query import opened_query
from app.queries.views import ViewRow, get_view
from app.services.views import change_view, delete_view, save_view
from app.web.login import current_principal
from app.web.permissions import current_actor, requires
from app.web.render import render_page

blueprint = Blueprint("views", __name__)


@blueprint.get("/views/<public_id>")
@requires("own:preferences:edit")
def open_view(public_id: str) -> Response:
    view = get_view(db.session(), me(), public_id)
    address, gone = address_of(view)
    if gone:
        tell(f"Left out of {view.name}, for it does not exist any more: {', '.join(gone)}.", "info")
    return redirect(address, 302)


@blueprint.post("/tables/<table>/views")
@requires("own:preferences:edit")
def save(table: str) -> Response:
    listing = listing_behind(table)
    name, shared = request.form.get("name", ""), request.form.get("shared") == "true"
    kind = listing.table.record_type

    def act() -> Response:
        saved = save_view(
            db.session(), current_actor(), kind, name, query_of(listing), shared=shared
        )
        tell(f"{name.strip()} is saved{' and shared' if shared else ''}.")
        return redirect(f"/views/{saved}", 303)

    return _or_ask_again(act, listing, f"/tables/{table}/views")


@blueprint.post("/views/<public_id>")
@requires("own:preferences:edit")
def change(public_id: str) -> Response:
    view = get_view(db.session(), me(), public_id)
    listing = listing_behind(view.table)
    do = request.form.get("do", "rename")
    if do not in _ACTS:
        raise ValidationError(f"do must be one of {', '.join(_ACTS)}")
    return _or_ask_again(lambda: _ACTS[do](view, listing), listing, f"/views/{public_id}")


def _rename(view: ViewRow, listing: Listing) -> Response:
    name, shared = request.form.get("name", view.name), request.form.get("shared") == "true"
    change_view(db.session(), current_actor(), view.public_id, name=name, shared=shared)
    tell(f"{name.strip()} is {'shared' if shared else 'yours alone'}.")
    return redirect(listing.here(), 303)


def _update(view: ViewRow, listing: Listing) -> Response:
    change_view(db.session(), current_actor(), view.public_id, query=query_of(listing))
    tell(f"{view.name} is now what this table shows.")
    return redirect(f"/views/{view.public_id}", 303)


def _delete(view: ViewRow, listing: Listing) -> Response:
    delete_view(db.session(), current_actor(), view.public_id)
    if own_table(listing.table.record_type).get("view") == view.public_id:
        keep_for_table(listing.table.record_type, {"view": None})
    tell(f"{view.name} is deleted.")
    return redirect(listing.with_layout({"view": None}), 303)


def _default(view: ViewRow, listing: Listing) -> Response:
    keep_for_table(listing.table.record_type, {"view": view.public_id})
    tell(f"{listing.table.title} opens with {view.name} from now on.")
    return redirect(listing.here(), 303)


def _no_default(_view: ViewRow, listing: Listing) -> Response:
    keep_for_table(listing.table.record_type, {"view": None})
    tell(f"{listing.table.title} opens with everything from now on.")
    return redirect(listing.here(), 303)


_ACTS: dict[str, Callable[[ViewRow, Listing], Response]] = {
    "rename": _rename,
    "update": _update,
    "delete": _delete,
    "default": _default,
    "no-default": _no_default,
}


def _or_ask_again(act: Callable[[], Response], listing: Listing, url: str) -> Response:
    try:
        return act()
    except (ValidationError, ConflictError) as problem:
        return render_page(
            "console/table/view_problem.html",
            status=422,
            problem=problem.message,
            url=url,
            name=request.form.get("name", ""),
            shared=request.form.get("shared") == "true",
            do=request.form.get("do", ""),
            back=listing.here(),
            title=listing.table.title,
        )


def me() -> int:
    """The row id of whoever makes this request."""
    principal = current_principal()
    if principal is None:
        raise UnauthenticatedError("log in first")
    return principal.user_id


def query_of(listing: Listing) -> str:
    """What a view keeps of a table: filters, order, and columns that are not the usual ones."""
    layout = current_layout(listing)
    looks = {} if layout.is_usual and not layout.sent else layout.args()
    args = {**listing.args, **looks}
    return urlencode({name: value for name, value in args.items() if name != "view"})


def address_of(view: ViewRow) -> tuple[str, list[str]]:
    """Where a view leads to, and which of its parameters mean nothing any more."""
    kind: RecordType = "entry" if view.table == "entry" else "provider_model"
    args, gone = opened_query(kind, view.query)
    return f"{TABLES[kind].path}?{urlencode({**args, 'view': view.public_id})}", gone


def default_address(record_type: RecordType) -> str | None:
    """Where the table's bare address leads to; None where the person chose no view for it."""
    chosen = own_table(record_type).get("view")
    if not isinstance(chosen, str):
        return None
    try:
        view = get_view(db.session(), me(), chosen)
    except NotFoundError:
        return None
    return address_of(view)[0] if view.table == record_type else None
