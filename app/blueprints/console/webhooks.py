"""`/webhooks`: who is told of what, and what was sent to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.listing import address_of
from app.blueprints.console.messages import answer, undo_action
from app.core.errors import AlmanacError, ConflictError, PreconditionError, ValidationError
from app.core.events import EVENTS, TEST
from app.forms.field import read_reason
from app.forms.provider import problems_of
from app.forms.webhook import WebhookForm
from app.models import db, now
from app.queries.webhooks import (
    WebhookRow,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    parse_delivery_filter,
)
from app.services.deliveries import send_again, send_test
from app.services.secrets import Vault
from app.services.webhook_edits import (
    create_webhook,
    delete_webhook,
    edit_webhook,
    rotate_secret,
)
from app.web.addresses import local_path
from app.web.permissions import current_actor, current_settings, requires
from app.web.render import render_page

blueprint = Blueprint("webhooks", __name__)
PATH = "/webhooks"
_MANAGE = "admin:webhook:manage"
# A message that is due this soon is worth waiting for.
_SOON = 10
_CHANGED = (
    "Somebody changed this webhook since you opened it."
    " Save again to put your values in place of theirs."
)


@blueprint.get(PATH)
@requires(_MANAGE)
def webhooks() -> Response:
    rows = list_webhooks(db.session())
    template = ("console/webhooks/list.html", "console/webhooks/_list.html")
    return render_page(*template, rows=rows, events=EVENTS, here=PATH, now=now())


@blueprint.get(f"{PATH}/new")
@requires(_MANAGE)
def new_webhook() -> Response:
    return _form_page(WebhookForm(formdata=None, data={"active": True}), None)


@blueprint.post(f"{PATH}/new")
@requires(_MANAGE)
def add_webhook() -> Response:
    form = WebhookForm()
    try:
        written = create_webhook(
            db.session(), current_actor(), form.values(), vault=_vault(), reason=_reason()
        )
    except (ConflictError, ValidationError) as error:
        return _sent_again(form, None, error)
    return _with_secret(written.public_id, written.secret)


@blueprint.get(f"{PATH}/<webhook_id>")
@requires(_MANAGE)
def show_webhook(webhook_id: str) -> Response:
    return _page(webhook_id)


@blueprint.get(f"{PATH}/<webhook_id>/edit")
@requires(_MANAGE)
def open_webhook(webhook_id: str) -> Response:
    webhook = get_webhook(db.session(), webhook_id)
    return _form_page(WebhookForm(formdata=None, obj=webhook), webhook)


@blueprint.post(f"{PATH}/<webhook_id>/edit")
@requires(_MANAGE)
def save_webhook(webhook_id: str) -> Response:
    form, webhook = WebhookForm(), get_webhook(db.session(), webhook_id)
    try:
        batch = _save(webhook_id, form.values(), form.version.data)
    except (ConflictError, PreconditionError, ValidationError) as error:
        return _sent_again(form, webhook, error)
    page = _page_path(webhook_id)
    said = "The webhook is saved." if batch else "Nothing was changed."
    return answer(said, page, action=undo_action(batch, page))


@blueprint.post(f"{PATH}/<webhook_id>/active")
@requires(_MANAGE)
def switch_webhook(webhook_id: str) -> Response:
    if request.form.get("active") not in ("true", "false"):
        raise ValidationError("active must be true or false")
    active = request.form["active"] == "true"
    batch = _save(webhook_id, {"active": active}, None)
    back = local_path(request.form.get("back"), PATH)
    said = f"The webhook is {'on' if active else 'off'}."
    return answer(said, back, action=undo_action(batch, back), changed=True)


@blueprint.get(f"{PATH}/<webhook_id>/secret")
@requires(_MANAGE)
def confirm_rotation(webhook_id: str) -> Response:
    webhook = get_webhook(db.session(), webhook_id)
    return render_page("console/webhooks/rotate.html", webhook=webhook, page=_page_path(webhook_id))


@blueprint.post(f"{PATH}/<webhook_id>/secret")
@requires(_MANAGE)
def rotate(webhook_id: str) -> Response:
    session, actor = db.session(), current_actor()
    written = rotate_secret(session, actor, webhook_id, vault=_vault(), reason=_reason())
    return _with_secret(webhook_id, written.secret)


@blueprint.get(f"{PATH}/<webhook_id>/delete")
@requires(_MANAGE)
def confirm_delete(webhook_id: str) -> Response:
    webhook = get_webhook(db.session(), webhook_id)
    return render_page("console/webhooks/delete.html", webhook=webhook, page=_page_path(webhook_id))


@blueprint.post(f"{PATH}/<webhook_id>/delete")
@requires(_MANAGE)
def remove_webhook(webhook_id: str) -> Response:
    delete_webhook(db.session(), current_actor(), webhook_id, reason=_reason())
    return answer("The webhook is deleted.", PATH)


@blueprint.post(f"{PATH}/<webhook_id>/test")
@requires(_MANAGE)
def test(webhook_id: str) -> Response:
    page = _page_path(webhook_id)
    try:
        send_test(db.session(), current_actor(), webhook_id)
    except ConflictError as error:
        return _refused(error, page)
    return answer("A test message is on its way.", page, changed=True)


@blueprint.post(f"{PATH}/<webhook_id>/deliveries/<delivery_id>/send-again")
@requires(_MANAGE)
def again(webhook_id: str, delivery_id: str) -> Response:
    session = db.session()
    webhook = get_webhook(session, webhook_id)
    message = get_delivery(session, webhook.id, delivery_id)
    back = local_path(request.form.get("back"), _page_path(webhook_id))
    try:
        send_again(session, current_actor(), message.public_id)
    except ConflictError as error:
        return _refused(error, back)
    return answer("The message is sent again.", back, changed=True)


def _page(webhook_id: str, **more: Any) -> Response:
    session = db.session()
    webhook = get_webhook(session, webhook_id)
    wanted = parse_delivery_filter(request.args)
    rows, further = list_deliveries(session, webhook.id, wanted)
    page, moment = _page_path(webhook_id), now()
    due = any(row.state == "pending" and row.next_attempt_at <= moment + _SOON for row in rows)
    kept = {"state": wanted.state} if wanted.state else {}
    return render_page(
        "console/webhooks/page.html",
        "console/webhooks/_page.html",
        webhook=webhook,
        rows=rows,
        wanted=wanted,
        events=EVENTS,
        test_event=TEST,
        page=page,
        here=address_of(page, kept | ({"before": wanted.before} if wanted.before else {})),
        further=address_of(page, kept | {"before": further}) if further else None,
        polls=due and wanted.before is None,
        pretty=_pretty,
        now=moment,
        **more,
    )


def _pretty(payload: Mapping[str, Any]) -> str:
    """The message as a person reads it, in the order of the Standard Webhooks."""
    ordered = {name: payload[name] for name in ("type", "timestamp", "data") if name in payload}
    return json.dumps(ordered, ensure_ascii=False, indent=2)


def _with_secret(webhook_id: str, secret: str | None) -> Response:
    """Shown in this answer only: after a redirect it would have to be kept somewhere."""
    response = _page(webhook_id, secret=secret)
    response.headers["Cache-Control"] = "no-store"
    return response


def _form_page(form: WebhookForm, webhook: WebhookRow | None, **more: Any) -> Response:
    return render_page(
        "console/webhooks/form.html",
        form=form,
        webhook=webhook,
        events=EVENTS,
        back=_page_path(webhook.public_id) if webhook else PATH,
        **{"problems": {}, **more},
    )


def _sent_again(form: WebhookForm, webhook: WebhookRow | None, error: AlmanacError) -> Response:
    """The form as it was sent, with what is wrong."""
    problems, status = problems_of(error), 422
    if isinstance(error, PreconditionError) and webhook is not None:
        problems, form.version.data = {"": _CHANGED}, webhook.version
    if isinstance(error, PreconditionError | ConflictError):
        status = 409
    return _form_page(form, webhook, status=status, problems=problems)


def _save(webhook_id: str, values: dict[str, Any], version: int | None) -> str | None:
    session, actor = db.session(), current_actor()
    return edit_webhook(
        session, actor, webhook_id, values, reason=_reason(), if_match=version
    ).batch


def _refused(error: AlmanacError, page: str) -> Response:
    said = f"{error.message[:1].upper()}{error.message[1:]}."
    return answer(said, page, category="error", status=409)


def _reason() -> str | None:
    return read_reason(request.form)


def _vault() -> Vault:
    return Vault(current_settings().encryption_keys)


def _page_path(webhook_id: str) -> str:
    return f"{PATH}/{webhook_id}"
