"""`/catalog`: the table of entries."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from app.blueprints.console.cells import NAME, table_row
from app.blueprints.console.listing import (
    FLAG_FILTERS,
    PAGE_SIZE,
    YES_NO,
    Listing,
    Pages,
    parse_listing,
)
from app.core.fields import FIELDS
from app.models import db
from app.queries.entries import list_entries
from app.queries.entry_filter import parse_entry_filter
from app.queries.facets import choices_in_use
from app.web.permissions import may, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("catalog", __name__)

# Filters behind the button "More filters".
_MORE = (*FLAG_FILTERS, "retired", "tag", "requires_feature_flag")


@blueprint.get("/catalog")
@requires("admin:catalog:read")
def entries() -> Response:
    listing = parse_listing(request.args)
    context = _table(listing)
    if not is_fragment():
        context |= _filters(listing)
    response = render_page("console/catalog.html", "console/_results.html", **context)
    if is_fragment():
        response.headers["HX-Push-Url"] = listing.here()
    return response


def _table(listing: Listing) -> dict[str, Any]:
    editable = may("admin:catalog:edit")
    wanted = parse_entry_filter(listing.query_args())
    page = list_entries(db.session(), wanted, limit=PAGE_SIZE, offset=listing.offset)
    return {
        "rows": [table_row(entry, editable=editable) for entry in page.rows],
        "pages": Pages(listing.page, page.total),
        "listing": listing,
        "chips": listing.chips(),
        "here": listing.here(),
        "view": "table",
        "name_field": NAME,
        "editable": editable,
    }


def _filters(listing: Listing) -> dict[str, Any]:
    return {
        "args": listing.args,
        "choices": choices_in_use(db.session()),
        "yes_no": YES_NO,
        "flag_filters": [FIELDS["entry"][name] for name in FLAG_FILTERS],
        "more_active": sum(name in listing.args for name in _MORE),
    }
