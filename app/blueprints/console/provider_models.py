"""`/provider-models`: their table, the page of each, their order, and what one may refer to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.console.editors import back_to
from app.blueprints.console.filters import filter_context
from app.blueprints.console.kinds import PROVIDER_MODEL
from app.blueprints.console.layout import Layout
from app.blueprints.console.listing import (
    PAGE_SIZE,
    PROVIDER_MODELS,
    Listing,
)
from app.blueprints.console.messages import answer, undo_action
from app.blueprints.console.ordering import Move, move_model
from app.blueprints.console.record_pages import record_context
from app.blueprints.console.table_state import current_layout, current_listing
from app.blueprints.console.tables import render_table, table_context
from app.blueprints.console.views import default_address
from app.core.errors import NotFoundError
from app.core.fields import CAPABILITIES
from app.models import db
from app.queries.facet_counts import count_provider_model_facets
from app.queries.facets import provider_names
from app.queries.model_order import list_ordered_ids, list_suggestions
from app.queries.provider_model_filter import ProviderModelFilter, parse_provider_model_filter
from app.queries.provider_model_pages import page_of_ids
from app.queries.provider_models import (
    ProviderModelRow,
    get_provider_model,
    get_provider_model_by_pk,
    list_provider_model_parts,
)
from app.web.addresses import read_row_id
from app.web.permissions import requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("provider_models", __name__)

_FIRST = ("provider_id", "category", "family", "available", "active")
_MORE = (*(f.name for f in CAPABILITIES), "status", "manual", "drift", "retired")
MAX_WORDS = 255


@blueprint.get("/provider-models")
@requires("admin:provider-model:read")
def models() -> BaseResponse:
    opens_with = None if request.args else default_address(PROVIDER_MODEL.record_type)
    if opens_with and not is_fragment():
        return redirect(opens_with, 302)
    listing = current_listing(request.args, PROVIDER_MODELS)
    wanted = parse_provider_model_filter(listing.query_args())
    facets = count_provider_model_facets(db.session(), wanted)
    names = {"provider_id": provider_names(db.session())}
    context = model_table(listing, current_layout(listing), names) | {"facets": facets}
    if listing.is_ordered:
        context["order_scope"] = listing.args.get("provider_id", "")
    return render_table(
        "console/provider_models.html",
        context,
        lambda: filter_context(listing, _FIRST, _MORE, facets, names),
    )


def model_table(
    listing: Listing, layout: Layout, names: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    """The table of provider models in this state; raises `ValidationError`.

    ``names`` are those that the chips of the filters give, as in `Listing.chips`.
    """
    wanted = parse_provider_model_filter(listing.query_args())
    rows, total = _rows(listing, wanted, layout.reads)
    return table_context(PROVIDER_MODEL, listing, layout, rows, total, names)


@blueprint.get("/provider-models/<public_id>")
@requires("admin:provider-model:read")
def show_model(public_id: str) -> Response:
    context = record_context(PROVIDER_MODEL, get_provider_model(db.session(), public_id))
    return render_page("console/entry.html", "console/_entry.html", **context)


@blueprint.get("/provider-models/options")
@requires("admin:provider-model:read")
def options() -> Response:
    """The models that another may refer to, as the options of a listbox."""
    model = _model(request.args.get("for", ""))
    words = request.args.get("q", "").replace("\x00", "").strip()[:MAX_WORDS]
    found = list_suggestions(db.session(), model, words)
    return Response(render_template("console/editors/_options.html", options=found))


@blueprint.post("/provider-models/order")
@requires("admin:provider-model:edit")
def order() -> BaseResponse:
    form = request.form
    model = _model(form.get("id", ""))
    move = Move(_other(form.get("before")), _other(form.get("after")), form.get("step", ""))
    alone = form.get("provider_id", "") == model.provider_id
    place, batch = move_model(db.session(), model, move, within_provider=alone)
    back = back_to(PROVIDER_MODEL, form.get("back"), model)
    what = PROVIDER_MODEL.name_of(model)
    message = f"{what} is number {place.position:,} of {place.total:,} in {model.category}."
    action = undo_action(batch, back)
    return answer(message, back, action=action, changed=True)


def _rows(
    listing: Listing, wanted: ProviderModelFilter, reads: tuple[str, ...]
) -> tuple[list[Any], int]:
    session = db.session()
    ids, total = page_of_ids(session, wanted, limit=PAGE_SIZE, offset=listing.offset)
    if listing.is_ordered:
        # As people number things: what has no number yet comes last.
        ids = list_ordered_ids(session, wanted, limit=PAGE_SIZE, offset=listing.offset)
    return list_provider_model_parts(session, ids, reads), total


def _model(text: str) -> ProviderModelRow:
    pk = _other(text)
    if pk is None:
        raise NotFoundError("there is no such provider model")
    return get_provider_model_by_pk(db.session(), pk)


def _other(text: str | None) -> int | None:
    if not text:
        return None
    pk = read_row_id(text)
    if pk is None:
        raise NotFoundError("there is no such provider model")
    return pk
