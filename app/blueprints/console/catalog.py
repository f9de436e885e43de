"""`/catalog`: the table of entries."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.filters import filter_context
from app.blueprints.console.kinds import ENTRY
from app.blueprints.console.listing import CATALOG, FLAG_FILTERS, PAGE_SIZE
from app.blueprints.console.table_state import current_layout, current_listing
from app.blueprints.console.tables import render_table, table_context
from app.blueprints.console.views import default_address
from app.models import db
from app.queries.entries import list_entry_parts
from app.queries.entry_filter import parse_entry_filter
from app.queries.facet_counts import count_entry_facets
from app.web.permissions import requires
from app.web.render import is_fragment

blueprint = Blueprint("catalog", __name__)

_FIRST = ("status", "family", "active", "manual", "drift")
_MORE = (*FLAG_FILTERS, "retired", "tag", "requires_feature_flag")


@blueprint.get("/catalog")
@requires("admin:catalog:read")
def entries() -> Response:
    opens_with = None if request.args else default_address(ENTRY.record_type)
    if opens_with and not is_fragment():
        return redirect(opens_with, 302)
    session = db.session()
    listing = current_listing(request.args, CATALOG)
    wanted = parse_entry_filter(listing.query_args())
    layout = current_layout(listing)
    page = list_entry_parts(session, wanted, layout.reads, limit=PAGE_SIZE, offset=listing.offset)
    facets = count_entry_facets(session, wanted)
    context = table_context(ENTRY, listing, layout, page.rows, page.total) | {"facets": facets}
    return render_table(
        "console/catalog.html",
        context,
        lambda: filter_context(listing, _FIRST, _MORE, facets),
    )
