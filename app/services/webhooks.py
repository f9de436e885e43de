"""Telling webhooks of an event: rows written with what they tell of, sent by a job afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.core.events import EVENTS
from app.models import now
from app.models.webhook import Delivery, Webhook

# In `Session.info`: the open transaction has noted messages, so that they can be sent at once
# when it is committed.
NOTED = "messages noted"
# Built once: every batch of a person asks, as a rule for nothing.
_LISTENING = select(Webhook.id, Webhook.events).where(Webhook.active)
_INSERT = insert(Delivery.__table__)  # type: ignore[arg-type]


def emit(session: Session, event: str, data: Mapping[str, Any]) -> None:
    """Note a message for every active webhook that wants the event.

    Inside the caller's open transaction: rolled back, nobody is told. ``data`` is JSON data.
    Raises `KeyError` for an event that is not among `EVENTS`.
    """
    EVENTS[event]
    connection = session.connection()
    listening = [row.id for row in connection.execute(_LISTENING) if event in row.events]
    if listening:
        # A webhook that is being deleted just now must not make the caller's write fail.
        there = select(Webhook.id).where(Webhook.id.in_(listening)).order_by(Webhook.id)
        locked = connection.execute(there.with_for_update(read=True, key_share=True))
        note_messages(session, locked.scalars(), event, data)


def note_messages(
    session: Session, webhook_ids: Iterable[int], event: str, data: Mapping[str, Any]
) -> list[str]:
    """Add a pending message to each of the webhooks; return their public ids."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    payload = {"type": event, "timestamp": moment, "data": dict(data)}
    rows = [
        {
            "public_id": f"msg_{secrets.token_hex(12)}",
            "webhook_id": webhook_id,
            "event": event,
            "payload": payload,
            "state": "pending",
            "attempts": 0,
            "next_attempt_at": now(),
            "created_at": now(),
        }
        for webhook_id in webhook_ids
    ]
    if rows:
        session.connection().execute(_INSERT, rows)
        session.info[NOTED] = True
    return [str(row["public_id"]) for row in rows]
