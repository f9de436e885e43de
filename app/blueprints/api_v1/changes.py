"""`/v1/admin/changes`, `/v1/admin/batches/{id}`: the change log (contract section 4.4)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response
from app.blueprints.api_v1.change_schemas import ChangeList, ChangeQuery, LoggedBatch
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name
from app.models import db
from app.queries.change_filter import parse_change_list
from app.queries.change_json import batch_json, change_json
from app.queries.change_list import count_changes, list_changes
from app.queries.changes import get_batch
from app.web.permissions import requires

blueprint = Blueprint("api_v1_changes", __name__)
TAG = "Changes"


@blueprint.get("/admin/changes")
@describe(ChangeList, tag=TAG, query=ChangeQuery, errors=(400,))
@requires("admin:change:read")
def list_log() -> Response:
    """List changes, newest first."""
    wanted, limit, offset = parse_change_list(request.args)
    data = [change_json(c) for c in list_changes(db.session(), wanted, limit=limit, offset=offset)]
    total, is_capped = count_changes(db.session(), wanted)
    seen = offset + len(data) if data else 0
    body = {"data": data, "total": max(total, seen), "limit": limit, "offset": offset}
    return json_response(body | ({"total_is_capped": True} if is_capped else {}))


@blueprint.get("/admin/batches/<batch_id>")
@describe(LoggedBatch, tag=TAG, errors=(404,))
@requires("admin:change:read")
def read_batch(batch_id: str) -> Response:
    """Read one action: who, when, why, and how much it changed."""
    return json_response(batch_json(get_batch(db.session(), checked_name(batch_id))))
