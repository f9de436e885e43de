"""`/catalog`: the table of entries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.filters import filter_context
from app.blueprints.console.kinds import ENTRY
from app.blueprints.console.layout import Layout
from app.blueprints.console.listing import CATALOG, FLAG_FILTERS, PAGE_SIZE, Listing
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
    listing = current_listing(request.args, CATALOG)
    facets = count_entry_facets(db.session(), parse_entry_filter(listing.query_args()))
    context = entry_table(listing, current_layout(listing)) | {"facets": facets}
    return render_table(
        "console/catalog.html",
        context,
        lambda: filter_context(listing, _FIRST, _MORE, facets),
    )


def entry_table(listing: Listing, layout: Layout) -> dict[str, Any]:
    """The table of entries in this state; raises `ValidationError`."""
    wanted = parse_entry_filter(listing.query_args())
    page = list_entry_parts(
        db.session(), wanted, layout.reads, limit=PAGE_SIZE, offset=listing.offset
    )
    return table_context(ENTRY, listing, layout, page.rows, page.total)
