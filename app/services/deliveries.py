"""Delivering messages to webhooks: each row is claimed by a lease, sent, and its end noted.

At least once, and never by two at a time: a sender that was killed holds its lease
until it runs out, then another one sends the same message, under the same id.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, NotFoundError
from app.core.events import TEST
from app.core.permissions import SYSTEM, Actor
from app.core.webhooks import wait_seconds
from app.models import Delivery, Webhook, now
from app.models.webhook import PENDING
from app.services.outgoing import Resolver, resolve
from app.services.secrets import UnreadableSecretError, Vault
from app.services.transaction import AnySession, plain, writing
from app.services.webhook_edits import PERMISSION, lock_webhooks, switch_off
from app.services.webhook_sending import Outcome, send
from app.services.webhooks import NOTED, note_messages

# Longer than any attempt, the wait for the database included.
LEASE_SECONDS = 60
AT_ONCE = 8
LIMIT = 100
KEEP_DELIVERED = 30 * 86_400
KEEP_FAILED = 90 * 86_400
_PRUNED_AT_ONCE = 5_000
_GONE = 410
_OFF = "the webhook is switched off"


class _Claimed(NamedTuple):
    """A message that this process alone may send now."""

    id: int
    public_id: str
    attempts: int
    payload: dict[str, Any]
    holder: str
    webhook_id: int
    url: str
    secret: str
    active: bool


def deliver_due(
    session: AnySession,
    vault: Vault,
    *,
    allow_private: bool,
    holder: str,
    limit: int = LIMIT,
    resolver: Resolver = resolve,
) -> int:
    """Send the messages that are due, in at most ``limit`` attempts; return how many there were.

    ``holder`` is what this process is called. No transaction is open while something is
    sent. A webhook that fails is left alone until the next call, so that it does not keep
    the others waiting.
    """
    made, failing = 0, set[int]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while made < limit:
            claimed = _claim(session, holder, min(AT_ONCE, limit - made), failing)
            if not claimed:
                break
            futures = {
                pool.submit(_attempt, one, vault, allow_private, resolver): one for one in claimed
            }
            for future in as_completed(futures):
                one, outcome = futures[future], future.result()
                _note(session, one, outcome)
                if outcome.error is not None and one.active:
                    failing.add(one.webhook_id)
            made += len(claimed)
    return made


def _claim(session: AnySession, holder: str, count: int, not_to: Collection[int]) -> list[_Claimed]:
    """Take messages that are due; a lease that ran out is a message that is due again."""
    with writing(session) as db:
        moment = now()
        due: tuple[Any, ...] = (PENDING, Delivery.next_attempt_at <= moment)
        wanted = select(Delivery.id).where(*due, Delivery.webhook_id.not_in(not_to))
        ordered = wanted.order_by(Delivery.next_attempt_at, Delivery.id).limit(count)
        ids = db.scalars(ordered.with_for_update(skip_locked=True)).all()
        if not ids:
            return []
        mine = f"{holder[:100]}#{secrets.token_hex(6)}"
        until = moment + LEASE_SECONDS
        taken = update(Delivery).where(Delivery.id.in_(ids), *due)
        db.execute(
            taken.values(
                holder=mine,
                lease_until=until,
                next_attempt_at=until,
                attempts=Delivery.attempts + 1,
            ).execution_options(synchronize_session=False)
        )
        return list(_claimed(db, mine))


def _claimed(session: Session, mine: str) -> Iterator[_Claimed]:
    columns = (
        *(Delivery.id, Delivery.public_id, Delivery.attempts, Delivery.payload, Delivery.holder),
        *(Webhook.id, Webhook.url, Webhook.secret_encrypted, Webhook.active),
    )
    statement = select(*columns).join(Webhook, Webhook.id == Delivery.webhook_id)
    for row in session.execute(statement.where(PENDING, Delivery.holder == mine)):
        yield _Claimed._make(row)


def _attempt(one: _Claimed, vault: Vault, allow_private: bool, resolver: Resolver) -> Outcome:
    if not one.active:
        return Outcome(_OFF)
    try:
        secret = vault.decrypt(one.secret, of="the webhook")
        return send(
            one.url,
            secret,
            one.public_id,
            one.payload,
            allow_private=allow_private,
            resolver=resolver,
        )
    except UnreadableSecretError:
        return Outcome("the signing secret cannot be decrypted: rotate it")
    except Exception as exc:  # noqa: BLE001 - one message must not stop all the others
        return Outcome(f"the message could not be sent ({type(exc).__name__})")


def _note(session: AnySession, one: _Claimed, outcome: Outcome) -> None:
    """Write down what came of an attempt, unless somebody else holds the message by now."""
    gone = outcome.status == _GONE
    with writing(session) as db:
        if gone:
            lock_webhooks(db)
        own = update(Delivery).where(
            Delivery.id == one.id, Delivery.holder == one.holder, Delivery.state == "pending"
        )
        values = _result(one, outcome) | {"holder": None, "lease_until": None}
        noted = db.execute(own.values(values).execution_options(synchronize_session=False))
        if gone and noted.rowcount:  # type: ignore[attr-defined]
            switch_off(db, SYSTEM, one.webhook_id, "its address answered 410 Gone")


def _result(one: _Claimed, outcome: Outcome) -> dict[str, Any]:
    moment = now()
    said = {
        "last_status": outcome.status,
        "last_error": outcome.error,
        "response": outcome.response,
    }
    if outcome.error is None:
        return said | {"state": "delivered", "delivered_at": moment}
    if not one.active:
        return said | {"state": "failed", "attempts": one.attempts - 1}
    spread = random.random()
    wait = None
    if outcome.status != _GONE:
        wait = wait_seconds(one.attempts, outcome.retry_after, spread)
    if wait is None:
        return said | {"state": "failed"}
    return said | {"next_attempt_at": moment + wait}


def next_due(session: AnySession) -> int | None:
    """When the next message is due (Unix seconds, maybe past); None where none is pending."""
    earliest = select(func.min(Delivery.next_attempt_at)).where(PENDING)
    return plain(session).scalar(earliest)


def send_again(session: AnySession, actor: Actor, delivery_public_id: str) -> None:
    """Let a message be sent again now, under the same id, with all its retries.

    Raises `NotFoundError`, `ForbiddenError`, and `ConflictError` where it is being sent
    just now or its webhook is switched off.
    """
    actor.require(PERMISSION)
    with writing(session) as db:
        found = select(Delivery.id, Webhook.active).join(Webhook, Webhook.id == Delivery.webhook_id)
        row = db.execute(found.where(Delivery.public_id == delivery_public_id)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no message {delivery_public_id[:64]!r}")
        if not row.active:
            raise ConflictError(f"{_OFF}: switch it on first")
        moment = now()
        free = (Delivery.lease_until.is_(None)) | (Delivery.lease_until <= moment)
        again = update(Delivery).where(Delivery.id == row.id, free)
        values = {
            "state": "pending",
            "attempts": 0,
            "next_attempt_at": moment,
            "holder": None,
            "lease_until": None,
            "delivered_at": None,
        }
        done = db.execute(again.values(values).execution_options(synchronize_session=False))
        if not done.rowcount:  # type: ignore[attr-defined]
            raise ConflictError("the message is being sent just now")
        db.info[NOTED] = True


def send_test(session: AnySession, actor: Actor, webhook_public_id: str) -> str:
    """Note a test message for one webhook; return its public id.

    Raises `NotFoundError`, `ForbiddenError`, `ConflictError` where it is switched off.
    """
    actor.require(PERMISSION)
    with writing(session) as db:
        named = select(Webhook.id, Webhook.active).where(Webhook.public_id == webhook_public_id)
        row = db.execute(named.with_for_update(read=True, key_share=True)).one_or_none()
        if row is None:
            raise NotFoundError(f"there is no webhook {webhook_public_id[:64]!r}")
        if not row.active:
            raise ConflictError(f"{_OFF}: switch it on first")
        data = {"webhook_id": webhook_public_id, "message": "A test of this webhook."}
        return note_messages(db, [row.id], TEST, data)[0]


def prune_deliveries(session: AnySession) -> int:
    """Remove what was delivered a month, or failed three months, ago; return how many rows."""
    moment, removed = now(), 0
    old = ((Delivery.state == "delivered") & (Delivery.delivered_at < moment - KEEP_DELIVERED)) | (
        (Delivery.state == "failed") & (Delivery.created_at < moment - KEEP_FAILED)
    )
    while True:
        with writing(session) as db:
            some = select(Delivery.id).where(old).order_by(Delivery.id).limit(_PRUNED_AT_ONCE)
            ids = db.scalars(some).all()
            if ids:
                gone = delete(Delivery).where(Delivery.id.in_(ids), old)
                db.execute(gone.execution_options(synchronize_session=False))
        removed += len(ids)
        if len(ids) < _PRUNED_AT_ONCE:
            return removed
