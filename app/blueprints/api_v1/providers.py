"""`/v1/admin/providers`: create, read, change, delete and sync providers (contract section 4.3)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.conditional import if_match_version
from app.blueprints.api_v1.models import EditHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.provider_schemas import (
    NewProvider,
    Provider,
    ProviderList,
    ProviderPatch,
    ProviderQuery,
    SyncCounts,
    SyncOrder,
)
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.models import db
from app.queries.providers import (
    ProviderRow,
    get_provider,
    list_providers,
    parse_provider_filter,
    provider_json,
)
from app.services.provider_sync import sync_provider
from app.services.providers import create_provider, delete_provider, edit_provider
from app.services.secrets import Vault
from app.upstreams.base import Rejected
from app.web.permissions import current_actor, current_settings, requires

blueprint = Blueprint("api_v1_providers", __name__)
TAG = "Providers"
PATH = "/admin/providers"


@blueprint.get(PATH)
@describe(ProviderList, tag=TAG, query=ProviderQuery, errors=(400,))
@requires("admin:provider:read")
def list_all() -> Response:
    """List providers."""
    wanted = parse_provider_filter(request.args)
    return json_response([provider_json(row) for row in list_providers(db.session(), wanted)])


@blueprint.post(PATH)
@describe(Provider, status=201, tag=TAG, body=NewProvider, errors=(400, 409, 413, 415, 503))
@requires("admin:provider:manage")
def create() -> Response:
    """Add a provider."""
    values, reason = read_body(NewProvider).given(), read_reason()
    written = create_provider(db.session(), current_actor(), values, vault=_vault(), reason=reason)
    response = _answer(written.public_id)
    if written.batch:
        with_batch(response, written.batch)
    response.status_code = 201
    response.headers["Location"] = f"/v1{PATH}/{written.public_id}"
    return response


@blueprint.get(f"{PATH}/<provider_id>")
@describe(Provider, tag=TAG, errors=(404,), also=(304,))
@requires("admin:provider:read")
def read(provider_id: str) -> Response:
    """Read one provider."""
    response = _answer(checked_name(provider_id))
    response.make_conditional(request)
    return response


@blueprint.patch(f"{PATH}/<provider_id>")
@describe(
    Provider,
    tag=TAG,
    body=ProviderPatch,
    headers=EditHeaders,
    errors=(400, 404, 409, 412, 413, 415, 503),
)
@requires("admin:provider:manage")
def change(provider_id: str) -> Response:
    """Change fields of a provider."""
    name = checked_name(provider_id)
    values, reason = read_body(ProviderPatch).given(), read_reason()
    written = edit_provider(
        db.session(),
        current_actor(),
        name,
        values,
        vault=_vault(),
        reason=reason,
        if_match=_if_match(name),
    )
    response = _answer(name)
    return with_batch(response, written.batch) if written.batch else response


@blueprint.delete(f"{PATH}/<provider_id>")
@describe(None, status=204, tag=TAG, headers=EditHeaders, errors=(400, 404, 412, 503))
@requires("admin:provider:manage")
def delete(provider_id: str) -> Response:
    """Delete a provider; it and its models are hidden until that is undone."""
    name = checked_name(provider_id)
    deleted = delete_provider(
        db.session(), current_actor(), name, reason=read_reason(), if_match=_if_match(name)
    )
    response = Response(status=204)
    return with_batch(response, deleted.batch) if deleted.batch else response


@blueprint.post(f"{PATH}/<provider_id>/sync")
@describe(SyncCounts, tag=TAG, body=SyncOrder, errors=(400, 404, 409, 413, 415, 503))
@requires("admin:feed:sync")
def sync(provider_id: str) -> Response:
    """Read a provider's own list with its own key."""
    name = checked_name(provider_id)
    order = read_body(SyncOrder) if request.get_data() else SyncOrder()
    result = sync_provider(
        db.session(),
        current_actor(),
        name,
        vault=_vault(),
        dry_run=order.dry_run,
        allow_private=current_settings().fetch_allow_private,
    )
    details = {"rejected": _listed(result.rejected), "notes": _listed(result.notes)}
    return json_response({**result.as_dict(), **details, "error": None})


def _listed(records: Sequence[Rejected]) -> list[dict[str, str | None]]:
    return [{"position": r.position, "id": r.raw_id, "reason": r.reason} for r in records]


def _vault() -> Vault:
    return Vault(current_settings().encryption_keys)


def _if_match(public_id: str) -> int | None:
    session = db.session()
    return if_match_version(public_id, lambda: get_provider(session, public_id).version)


def _answer(public_id: str) -> Response:
    row = get_provider(db.session(), public_id)
    return json_response(provider_json(row), _etag(row))


def _etag(row: ProviderRow) -> str:
    """The version, then a digest of what a sync changes without making a new version."""
    noted = f"{row.last_synced_at} {row.models} {row.active_models}"
    return f"{row.version}.{zlib.crc32(noted.encode()):08x}"
