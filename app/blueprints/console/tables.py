"""A table as a page or as the piece that htmx replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request

from app.blueprints.console.cells import table_row
from app.blueprints.console.kinds import RecordKind
from app.blueprints.console.layout import Layout
from app.blueprints.console.listing import Listing, Pages
from app.blueprints.console.table_state import own_table
from app.models import db
from app.queries.views import list_views
from app.web.login import current_principal
from app.web.permissions import may
from app.web.render import is_fragment, render_page


def table_context(
    kind: RecordKind,
    listing: Listing,
    layout: Layout,
    rows: Sequence[Any],
    total: int,
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """What `console/_results.html` needs; ``names`` as in `Listing.chips`."""
    editable, principal = may(kind.edit), current_principal()
    return {
        "kind": kind,
        "rows": [table_row(kind, one, layout.columns, editable=editable) for one in rows],
        "pages": Pages(listing.page, total),
        "listing": listing,
        "layout": layout,
        "views": list_views(db.session(), principal.user_id, kind.record_type) if principal else [],
        "opens_with": own_table(kind.record_type).get("view"),
        "my_id": principal.user_id if principal else None,
        "chips": listing.chips(names),
        "here": listing.here(),
        "view": "table",
        "editable": editable,
        "orderable": listing.is_ordered,
    }


def render_table(
    template: str, context: dict[str, Any], filters: Callable[[], dict[str, Any]]
) -> Response:
    """The page with its filters, or the table alone, whose address the browser then shows."""
    if not is_fragment():
        return render_page(template, **context, **filters())
    response = render_page(template, "console/_results.html", **context)
    if shown_address() != context["here"]:
        response.headers["HX-Push-Url"] = context["here"]
    return response


def shown_address() -> str:
    """The address that the browser shows already, as after something changed elsewhere."""
    parts = urlsplit(request.headers.get("HX-Current-URL", ""))
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
