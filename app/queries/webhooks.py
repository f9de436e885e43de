"""Reads of webhooks and of what was sent to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.models import Delivery, Webhook
from app.queries.list_args import MAX_LIMIT, nearest

MESSAGE_ID = "msg_[0-9a-f]{1,60}"
STATES = ("pending", "delivered", "failed")
DELIVERY_PARAMETERS = ("state", "before", "limit")


class WebhookRow(NamedTuple):
    """A webhook, and what became of the last message to it."""

    id: int
    public_id: str
    url: str
    description: str | None
    events: list[str]
    active: bool
    secret_hint: str
    version: int
    created_at: int
    updated_at: int
    last_state: str | None
    last_at: int | None
    last_error: str | None
    last_attempts: int | None


class DeliveryRow(NamedTuple):
    """A message as a list shows it. ``sending``: somebody is at it."""

    id: int
    public_id: str
    event: str
    state: str
    attempts: int
    next_attempt_at: int
    last_status: int | None
    last_error: str | None
    created_at: int
    delivered_at: int | None
    lease_until: int | None
    payload: Mapping[str, Any]
    response: str | None


class DeliveryFilter(NamedTuple):
    """Which messages of one webhook: of a state, older than one, so many."""

    state: str | None = None
    before: str | None = None
    limit: int = 20


def list_webhooks(session: Session) -> list[WebhookRow]:
    """All webhooks, the oldest first; there are never many."""
    rows = session.execute(_webhooks().order_by(Webhook.id))
    return [WebhookRow._make(row) for row in rows]


def get_webhook(session: Session, public_id: str) -> WebhookRow:
    """One webhook; raises `NotFoundError`."""
    row = session.execute(_webhooks().where(Webhook.public_id == public_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no webhook {public_id[:64]!r}")
    return WebhookRow._make(row)


def parse_delivery_filter(args: Mapping[str, str]) -> DeliveryFilter:
    """Read `state`, `before`, `limit`; raises `ValidationError` for anything else."""
    problems = [
        FieldProblem(name, f"is not a parameter here{nearest(name, DELIVERY_PARAMETERS)}")
        for name in args
        if name not in DELIVERY_PARAMETERS
    ]
    state, before, limit = args.get("state"), args.get("before"), args.get("limit", "20")
    if state is not None and state not in STATES:
        problems.append(FieldProblem("state", f"must be one of {', '.join(STATES)}"))
    short = limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MAX_LIMIT))
    if not (short and 1 <= int(limit) <= MAX_LIMIT):
        problems.append(FieldProblem("limit", f"must be a whole number from 1 to {MAX_LIMIT}"))
    if before is not None and not re.fullmatch(MESSAGE_ID, before):
        problems.append(FieldProblem("before", "must be the id of a message"))
    several: Any = getattr(args, "getlist", lambda name: [name])
    problems += [
        FieldProblem(n, "is there twice") for n in DELIVERY_PARAMETERS if len(several(n)) > 1
    ]
    if problems:
        raise ValidationError("; ".join(f"{p.field} {p.message}" for p in problems[:5]), problems)
    return DeliveryFilter(state, before, int(limit))


def list_deliveries(
    session: Session, webhook_id: int, wanted: DeliveryFilter
) -> tuple[list[DeliveryRow], str | None]:
    """Messages to one webhook, the newest first, and the id to go on `before`; None at the end.

    Raises `NotFoundError` where ``before`` is no message of this webhook.
    """
    statement = _deliveries().where(Delivery.webhook_id == webhook_id)
    if wanted.state is not None:
        statement = statement.where(Delivery.state == wanted.state)
    if wanted.before is not None:
        statement = statement.where(Delivery.id < _at(session, webhook_id, wanted.before))
    page = statement.order_by(Delivery.id.desc()).limit(wanted.limit + 1)
    rows = [DeliveryRow._make(row) for row in session.execute(page)]
    further = len(rows) > wanted.limit
    return rows[: wanted.limit], rows[wanted.limit - 1].public_id if further else None


def get_delivery(session: Session, webhook_id: int, public_id: str) -> DeliveryRow:
    """One message to a webhook; raises `NotFoundError`."""
    mine = (Delivery.webhook_id == webhook_id, Delivery.public_id == public_id)
    row = session.execute(_deliveries().where(*mine)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no message {public_id[:64]!r} to this webhook")
    return DeliveryRow._make(row)


def webhook_json(row: WebhookRow) -> dict[str, Any]:
    """A webhook as programs see it."""
    last = None
    if row.last_state is not None:
        last = {"state": row.last_state, "created_at": row.last_at, "error": row.last_error}
    return {
        "id": row.public_id,
        "url": row.url,
        "description": row.description,
        "events": list(row.events),
        "active": row.active,
        "secret_hint": row.secret_hint,
        "last_delivery": last,
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def delivery_json(row: DeliveryRow) -> dict[str, Any]:
    """A message as programs see it."""
    return {
        "id": row.public_id,
        "event": row.event,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": row.next_attempt_at if row.state == "pending" else None,
        "last_status": row.last_status,
        "last_error": row.last_error,
        "payload": dict(row.payload),
        "response": row.response,
        "created_at": row.created_at,
        "delivered_at": row.delivered_at,
    }


def _webhooks() -> Select[Any]:
    newest = select(Delivery.id).where(Delivery.webhook_id == Webhook.id)
    last = newest.order_by(Delivery.id.desc()).limit(1).correlate(Webhook).scalar_subquery()
    columns: list[Any] = [
        *(Webhook.id, Webhook.public_id, Webhook.url, Webhook.description, Webhook.events),
        *(Webhook.active, Webhook.secret_hint, Webhook.version),
        *(Webhook.created_at, Webhook.updated_at),
        *(Delivery.state, Delivery.created_at, Delivery.last_error, Delivery.attempts),
    ]
    return select(*columns).outerjoin(Delivery, Delivery.id == last)


def _deliveries() -> Select[Any]:
    return select(*(getattr(Delivery, name) for name in DeliveryRow._fields))


def _at(session: Session, webhook_id: int, public_id: str) -> int:
    mine = (Delivery.webhook_id == webhook_id, Delivery.public_id == public_id)
    found = session.scalar(select(Delivery.id).where(*mine))
    if found is None:
        raise NotFoundError(f"there is no message {public_id!r} to this webhook")
    return found
