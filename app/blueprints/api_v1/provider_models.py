"""`/v1/admin/models/provider-models`: list, read and edit them (contract section 4.2)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.conditional import etag_of, if_match_version
from app.blueprints.api_v1.models import EditHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.provider_model_models import (
    ProviderModelList,
    ProviderModelPatch,
    ProviderModelQuery,
    ProviderModelShown,
)
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.models import db
from app.queries.provider_model_filter import parse_provider_model_list
from app.queries.provider_models import (
    ProviderModelRow,
    get_provider_model,
    get_provider_model_by_pk,
    list_provider_models,
)
from app.queries.representation import provider_model_json
from app.services.records import edit_record
from app.web.permissions import current_actor, current_settings, requires

blueprint = Blueprint("api_v1_provider_models", __name__)
TAG = "Provider models"


@blueprint.get("/admin/models/provider-models")
@describe(ProviderModelList, tag=TAG, query=ProviderModelQuery, errors=(400,))
@requires("admin:provider-model:read")
def list_offers() -> Response:
    """List provider models."""
    wanted, limit, offset = parse_provider_model_list(request.args)
    page = list_provider_models(db.session(), wanted, limit=limit, offset=offset)
    data = [provider_model_json(row) for row in page.rows]
    return json_response({"data": data, "total": page.total, "limit": limit, "offset": offset})


@blueprint.get("/admin/models/provider-models/<provider_model_id>")
@describe(ProviderModelShown, tag=TAG, errors=(404,), also=(304,))
@requires("admin:provider-model:read")
def read_offer(provider_model_id: str) -> Response:
    """Read one provider model."""
    response = _answer(get_provider_model(db.session(), checked_name(provider_model_id)))
    response.make_conditional(request)
    return response


@blueprint.patch("/admin/models/provider-models/<provider_model_id>")
@describe(
    ProviderModelShown,
    tag=TAG,
    body=ProviderModelPatch,
    headers=EditHeaders,
    errors=(400, 404, 409, 412, 413, 415, 503),
)
@requires("admin:provider-model:edit")
def patch_offer(provider_model_id: str) -> Response:
    """Change fields of a provider model; from then on they are manual."""
    name, session = checked_name(provider_model_id), db.session()
    patch, reason = read_body(ProviderModelPatch, exact=True), read_reason()
    written = edit_record(
        session,
        current_actor(),
        "provider_model",
        name,
        patch.given(),
        default_protection=current_settings().sync_protection,
        reason=reason,
        if_match=if_match_version(name, lambda: get_provider_model(session, name).version),
    )
    return with_batch(_answer(get_provider_model_by_pk(session, written.id)), written.batch)


def _answer(row: ProviderModelRow) -> Response:
    elsewhere = (row.provider_vendor, row.provider_active, row.entry_id, row.entry_active)
    capabilities = (value for name, value in row._asdict().items() if name.startswith("supports_"))
    return json_response(
        provider_model_json(row), etag_of(row, *elsewhere, row.family, *capabilities)
    )
