"""`/catalog/<id>`: everything that is known of one entry."""

from __future__ import annotations

from flask import Blueprint, redirect
from werkzeug.wrappers import Response

from app.blueprints.console.display import entry_path
from app.blueprints.console.kinds import ENTRY
from app.blueprints.console.record_pages import record_context
from app.models import db
from app.queries.entries import get_entry
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("entry", __name__)


@blueprint.get("/catalog/<path:public_id>")
@requires("admin:catalog:read")
def show_entry(public_id: str) -> Response:
    entry = get_entry(db.session(), public_id)
    if entry.public_id != public_id:
        return redirect(entry_path(entry.public_id), 302)
    context = record_context(ENTRY, entry)
    return render_page("console/entry.html", "console/_entry.html", **context)
