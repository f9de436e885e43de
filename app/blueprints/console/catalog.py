"""`/catalog`: the table of entries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.blueprints.console.filters import filter_context
from app.blueprints.console.kinds import ENTRY
from app.blueprints.console.listing import (
    CATALOG,
    FLAG_FILTERS,
    PAGE_SIZE,
    Listing,
    parse_listing,
)
from app.blueprints.console.table_state import current_layout
from app.blueprints.console.tables import render_table, table_context
from app.models import db
from app.queries.entries import list_entry_parts
from app.queries.entry_filter import parse_entry_filter
from app.queries.facets import choices_in_use
from app.web.permissions import requires

blueprint = Blueprint("catalog", __name__)

_FIRST = ("status", "family", "active", "manual", "drift")
_MORE = (*FLAG_FILTERS, "retired", "tag", "requires_feature_flag")


@blueprint.get("/catalog")
@requires("admin:catalog:read")
def entries() -> Response:
    listing = parse_listing(request.args, CATALOG)
    wanted = parse_entry_filter(listing.query_args())
    layout = current_layout(listing)
    page = list_entry_parts(
        db.session(), wanted, layout.reads, limit=PAGE_SIZE, offset=listing.offset
    )
    context = table_context(ENTRY, listing, layout, page.rows, page.total)
    return render_table("console/catalog.html", context, lambda: _filters(listing))


def _filters(listing: Listing) -> dict[str, Any]:
    choices = choices_in_use(db.session())
    counted = {
        "status": choices.statuses,
        "family": choices.families,
        "tag": choices.tags,
        "requires_feature_flag": choices.feature_flags,
    }
    return filter_context(listing, _FIRST, _MORE, counted)
