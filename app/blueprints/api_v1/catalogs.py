"""`/v1/admin/models/catalogs`: list, read and edit catalog entries (contract section 4.1)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.conditional import etag_of, if_match_version
from app.blueprints.api_v1.models import EditHeaders, Entry, EntryList, EntryPatch, EntryQuery
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.models import db
from app.queries.entries import EntryRow, get_entry, get_entry_by_pk, list_entries
from app.queries.entry_filter import parse_list
from app.queries.representation import entry_json
from app.services.records import edit_record
from app.web.permissions import current_actor, current_settings, requires

blueprint = Blueprint("api_v1_catalogs", __name__)
TAG = "Catalog entries"


@blueprint.get("/admin/models/catalogs")
@describe(EntryList, tag=TAG, query=EntryQuery, errors=(400,))
@requires("admin:catalog:read")
def list_catalog() -> Response:
    """List catalog entries."""
    wanted, limit, offset = parse_list(request.args)
    page = list_entries(db.session(), wanted, limit=limit, offset=offset)
    data = [entry_json(row) for row in page.rows]
    return json_response({"data": data, "total": page.total, "limit": limit, "offset": offset})


@blueprint.get("/admin/models/catalogs/<public_id:model_public_id>", merge_slashes=False)
@describe(Entry, tag=TAG, errors=(404,), also=(304,))
@requires("admin:catalog:read")
def read_entry(model_public_id: str) -> Response:
    """Read one catalog entry."""
    row = get_entry(db.session(), checked_name(model_public_id))
    response = _answer(row)
    response.make_conditional(request)
    return response


@blueprint.patch("/admin/models/catalogs/<public_id:model_public_id>", merge_slashes=False)
@describe(
    Entry, tag=TAG, body=EntryPatch, headers=EditHeaders, errors=(400, 404, 409, 412, 413, 415, 503)
)
@requires("admin:catalog:edit")
def patch_entry(model_public_id: str) -> Response:
    """Change fields of a catalog entry; from then on they are manual."""
    name, session = checked_name(model_public_id), db.session()
    patch, reason = read_body(EntryPatch), read_reason()
    written = edit_record(
        session,
        current_actor(),
        "entry",
        name,
        patch.given(),
        default_protection=current_settings().sync_protection,
        reason=reason,
        if_match=if_match_version(name, lambda: get_entry(session, name).version),
    )
    return with_batch(_answer(get_entry_by_pk(session, written.id)), written.batch)


def _answer(row: EntryRow) -> Response:
    return json_response(entry_json(row), etag_of(row))
