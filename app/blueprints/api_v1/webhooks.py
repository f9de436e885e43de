"""`/v1/admin/webhooks`: webhooks, and what was sent to them."""

from __future__ import annotations

import zlib

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.conditional import if_match_version
from app.blueprints.api_v1.models import EditHeaders, ReasonHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.blueprints.api_v1.webhook_schemas import (
    Delivery,
    DeliveryList,
    DeliveryQuery,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookPatch,
    WebhookWithSecret,
)
from app.models import db
from app.queries.webhooks import (
    WebhookRow,
    delivery_json,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    parse_delivery_filter,
    webhook_json,
)
from app.services.deliveries import send_again
from app.services.secrets import Vault
from app.services.webhook_edits import (
    WebhookWritten,
    create_webhook,
    delete_webhook,
    edit_webhook,
    rotate_secret,
)
from app.web.permissions import current_actor, current_settings, requires

blueprint = Blueprint("api_v1_webhooks", __name__)
TAG = "Webhooks"
PATH = "/admin/webhooks"
ONE = f"{PATH}/<webhook_id>"
_MANAGE = "admin:webhook:manage"


@blueprint.get(PATH)
@describe(WebhookList, tag=TAG)
@requires(_MANAGE)
def list_all() -> Response:
    """List webhooks."""
    return json_response([webhook_json(row) for row in list_webhooks(db.session())])


@blueprint.post(PATH)
@describe(
    WebhookWithSecret,
    status=201,
    tag=TAG,
    body=NewWebhook,
    headers=ReasonHeaders,
    errors=(400, 409, 413, 415, 503),
)
@requires(_MANAGE)
def create() -> Response:
    """Add a webhook; the answer alone holds its secret."""
    values, reason = read_body(NewWebhook).given(), read_reason()
    written = create_webhook(db.session(), current_actor(), values, vault=_vault(), reason=reason)
    response = _with_secret(written)
    response.status_code = 201
    response.headers["Location"] = f"/v1{PATH}/{written.public_id}"
    return response


@blueprint.get(ONE)
@describe(Webhook, tag=TAG, errors=(404,), also=(304,))
@requires(_MANAGE)
def read(webhook_id: str) -> Response:
    """Read one webhook."""
    response = _answer(checked_name(webhook_id))
    response.make_conditional(request)
    return response


@blueprint.patch(ONE)
@describe(
    Webhook,
    tag=TAG,
    body=WebhookPatch,
    headers=EditHeaders,
    errors=(400, 404, 409, 412, 413, 415, 503),
)
@requires(_MANAGE)
def change(webhook_id: str) -> Response:
    """Change fields of a webhook."""
    name = checked_name(webhook_id)
    values, reason = read_body(WebhookPatch).given(), read_reason()
    match = _if_match(name)
    written = edit_webhook(
        db.session(), current_actor(), name, values, reason=reason, if_match=match
    )
    response = _answer(name)
    return with_batch(response, written.batch) if written.batch else response


@blueprint.delete(ONE)
@describe(None, status=204, tag=TAG, headers=EditHeaders, errors=(400, 404, 412, 503))
@requires(_MANAGE)
def delete(webhook_id: str) -> Response:
    """Delete a webhook with its secret and its messages; that cannot be undone."""
    name = checked_name(webhook_id)
    reason, match = read_reason(), _if_match(name)
    delete_webhook(db.session(), current_actor(), name, reason=reason, if_match=match)
    return Response(status=204)


@blueprint.post(f"{ONE}/rotate-secret")
@describe(WebhookWithSecret, tag=TAG, headers=EditHeaders, errors=(400, 404, 412, 503))
@requires(_MANAGE)
def rotate(webhook_id: str) -> Response:
    """Give a webhook a new secret; every message is signed with it from now on."""
    name = checked_name(webhook_id)
    reason, match = read_reason(), _if_match(name)
    return _with_secret(
        rotate_secret(
            db.session(), current_actor(), name, vault=_vault(), reason=reason, if_match=match
        )
    )


@blueprint.get(f"{ONE}/deliveries")
@describe(DeliveryList, tag=TAG, query=DeliveryQuery, errors=(400, 404))
@requires(_MANAGE)
def deliveries(webhook_id: str) -> Response:
    """List the messages to a webhook."""
    session = db.session()
    webhook = get_webhook(session, checked_name(webhook_id))
    rows, further = list_deliveries(session, webhook.id, parse_delivery_filter(request.args))
    return json_response({"data": [delivery_json(row) for row in rows], "next": further})


@blueprint.post(f"{ONE}/deliveries/<delivery_id>/send-again")
@describe(Delivery, tag=TAG, errors=(404, 409, 503))
@requires(_MANAGE)
def again(webhook_id: str, delivery_id: str) -> Response:
    """Send a message again, under the same id."""
    session = db.session()
    webhook = get_webhook(session, checked_name(webhook_id))
    message = get_delivery(session, webhook.id, checked_name(delivery_id)).public_id
    send_again(session, current_actor(), message)
    return json_response(delivery_json(get_delivery(session, webhook.id, message)))


def _answer(public_id: str) -> Response:
    row = get_webhook(db.session(), public_id)
    return json_response(webhook_json(row), _etag(row))


def _with_secret(written: WebhookWritten) -> Response:
    row = get_webhook(db.session(), written.public_id)
    response = json_response(webhook_json(row) | {"secret": written.secret}, _etag(row))
    response.headers["Cache-Control"] = "no-store"
    return with_batch(response, written.batch) if written.batch else response


def _vault() -> Vault:
    return Vault(current_settings().encryption_keys)


def _if_match(public_id: str) -> int | None:
    session = db.session()
    return if_match_version(public_id, lambda: get_webhook(session, public_id).version)


def _etag(row: WebhookRow) -> str:
    """The version, then a digest of what sending changes without making a new version."""
    noted = f"{row.last_at} {row.last_state} {row.last_error}"
    return f"{row.version}.{zlib.crc32(noted.encode()):08x}"
