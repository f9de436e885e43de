"""`/catalog/<id>`: everything that is known of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from app.blueprints.console.cells import State, state_of
from app.blueprints.console.display import entry_path
from app.core.fields import ENTRY_FIELDS, Field
from app.models import db, now
from app.queries.entries import EntryRow, get_entry
from app.queries.entry_detail import (
    ClaimRow,
    FieldOrigin,
    list_aliases,
    list_claims,
    list_history,
    list_offers,
    list_overrides,
    origin_of,
)
from app.web.permissions import may, requires
from app.web.render import render_page

blueprint = Blueprint("entry", __name__)


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field on the entry's page."""

    field: Field
    state: State
    manual: bool
    origin: FieldOrigin


@blueprint.get("/catalog/<path:public_id>")
@requires("admin:catalog:read")
def show_entry(public_id: str) -> Response:
    entry = get_entry(db.session(), public_id)
    if entry.public_id != public_id:
        return redirect(entry_path(entry.public_id), 302)
    return render_page("console/entry.html", "console/_entry.html", **entry_context(entry))


def entry_context(entry: EntryRow) -> dict[str, Any]:
    """What the entry's page shows."""
    session = db.session()
    overrides, claims = list_overrides(session, entry.id), list_claims(session, entry.id)
    lines = [_line(entry, f, origin_of(entry, f.name, overrides, claims)) for f in ENTRY_FIELDS]
    return {
        "entry": entry,
        "name": entry.model_display_name or entry.public_id,
        "lines": lines,
        "drifted": [line for line in lines if line.origin.has_drift],
        "claims": claims,
        "claimed": _claimed(claims),
        "aliases": list_aliases(session, entry.id),
        "offers": list_offers(session, entry.id),
        "history": list_history(session, entry.id),
        "now": now(),
        "here": entry_path(entry.public_id),
        "view": "entry",
        "editable": may("admin:catalog:edit"),
        "focus": request.args.get("field"),
    }


def _line(entry: EntryRow, field: Field, origin: FieldOrigin) -> FieldLine:
    state = state_of(field, getattr(entry, field.name))
    return FieldLine(field, state, field.name in entry.manual_fields, origin)


def _claimed(claims: list[ClaimRow]) -> list[Field]:
    """The fields that at least one feed says something about."""
    return [f for f in ENTRY_FIELDS if any(c.fields.get(f.name) is not None for c in claims)]
