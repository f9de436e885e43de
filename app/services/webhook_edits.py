"""Creating, changing and deleting webhooks.

Their secrets are encrypted before they reach the database and shown once; the log
holds neither them nor more of the URL than its host: many a URL is a password.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple

import httpx
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    FieldProblem,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.hashing import same
from app.core.permissions import Actor
from app.core.providers import hint_of
from app.core.webhooks import FIELDS, check_webhook, place_of
from app.models import Change, Webhook, now
from app.services.secrets import Vault
from app.services.transaction import AnySession, writing
from app.services.write import Action, change_row, insert_rows, open_batch

PERMISSION = "admin:webhook:manage"
RECORD = "webhook"
# Every write of a person asks all of them.
MAX_WEBHOOKS = 100
_BLANK: dict[str, Any] = {"description": None, "active": True}


class WebhookWritten(NamedTuple):
    """A webhook's public id, the batch that an undo names (None: nothing changed), and the

    secret where it is a new one, which is not to be had again.
    """

    public_id: str
    batch: str | None
    secret: str | None = None


def create_webhook(
    session: AnySession,
    actor: Actor,
    values: Mapping[str, Any],
    *,
    vault: Vault,
    reason: str | None = None,
) -> WebhookWritten:
    """Add a webhook (`url`, `events`; `description`, `active`) with a new secret.

    Raises `ValidationError` with every field at fault in its details, `ConflictError` where
    there are too many already, `ForbiddenError`.
    """
    actor.require(PERMISSION)
    given = _BLANK | _checked(values)
    missing = [FieldProblem(name, "is needed") for name in ("url", "events") if name not in given]
    if missing:
        raise ValidationError("; ".join(f"{p.field} {p.message}" for p in missing), missing)
    with writing(session) as db:
        lock_webhooks(db)
        if db.scalar(select(func.count(Webhook.id))) == MAX_WEBHOOKS:
            raise ConflictError(
                f"there are {MAX_WEBHOOKS} webhooks, which is the most there can be"
            )
        moment = now()
        webhook = Webhook(
            public_id=f"hook_{secrets.token_hex(10)}",
            created_at=moment,
            updated_at=moment,
            version=1,
            **given,
        )
        secret = _new_secret(webhook, vault)
        db.add(webhook)
        db.flush()
        batch_id, batch = open_batch(db, Action("webhook", actor, reason))
        _log(db, batch_id, webhook.id, {"*": (None, _told(given))})
        return WebhookWritten(webhook.public_id, batch, secret)


def edit_webhook(
    session: AnySession,
    actor: Actor,
    public_id: str,
    values: Mapping[str, Any],
    *,
    reason: str | None = None,
    if_match: int | None = None,
) -> WebhookWritten:
    """Give some fields of a webhook new values; what is the same already writes nothing.

    Raises `NotFoundError`, `PreconditionError`, and as `create_webhook` does.
    """
    actor.require(PERMISSION)
    given = _checked(values)
    with writing(session) as db:
        webhook = _locked(db, public_id, if_match)
        changed = {n: v for n, v in given.items() if not same(getattr(webhook, n), v)}
        if not changed:
            return WebhookWritten(public_id, None)
        batch_id, batch = open_batch(db, Action("webhook", actor, reason))
        assign(db, batch_id, webhook, changed)
        return WebhookWritten(public_id, batch)


def rotate_secret(
    session: AnySession,
    actor: Actor,
    public_id: str,
    *,
    vault: Vault,
    reason: str | None = None,
    if_match: int | None = None,
) -> WebhookWritten:
    """Give a webhook a new secret, with which everything is signed from now on.

    Raises `NotFoundError`, `PreconditionError`, `ForbiddenError`.
    """
    actor.require(PERMISSION)
    with writing(session) as db:
        webhook = _locked(db, public_id, if_match)
        secret = _new_secret(webhook, vault)
        _touch(webhook)
        batch_id, batch = open_batch(db, Action("webhook", actor, reason))
        _log(db, batch_id, webhook.id, {"secret": ("set", "replaced")})
        return WebhookWritten(public_id, batch, secret)


def delete_webhook(
    session: AnySession,
    actor: Actor,
    public_id: str,
    *,
    reason: str | None = None,
    if_match: int | None = None,
) -> WebhookWritten:
    """Remove a webhook with its secret and its deliveries; that cannot be undone.

    Raises `NotFoundError`, `PreconditionError`, `ForbiddenError`.
    """
    actor.require(PERMISSION)
    with writing(session) as db:
        webhook = _locked(db, public_id, if_match)
        batch_id, batch = open_batch(db, Action("webhook", actor, reason))
        remove(db, batch_id, webhook)
        return WebhookWritten(public_id, batch)


def switch_off(session: Session, actor: Actor, webhook_id: int, reason: str) -> None:
    """Tell a webhook nothing more; inside the caller's transaction, after `lock_webhooks`."""
    webhook = session.get(Webhook, webhook_id, populate_existing=True)
    if webhook is not None and webhook.active:
        batch_id, _ = open_batch(session, Action("webhook", actor, reason))
        assign(session, batch_id, webhook, {"active": False})


def lock_webhooks(session: Session) -> None:
    """Webhooks are written one at a time, and locked before anything else of the transaction.

    Whoever only notes a message for one of them does not wait.
    """
    session.execute(select(Webhook.id).order_by(Webhook.id).with_for_update(key_share=True))


def assign(session: Session, batch_id: int, webhook: Webhook, changed: Mapping[str, Any]) -> None:
    """Write and log changed fields, inside the caller's transaction."""
    before = {name: getattr(webhook, name) for name in changed}
    old, new = _told(before), _told(changed)
    _log(session, batch_id, webhook.id, {name: (old[name], new[name]) for name in changed})
    for name, value in changed.items():
        setattr(webhook, name, value)
    _touch(webhook)
    session.flush()


def remove(session: Session, batch_id: int, webhook: Webhook) -> None:
    """Delete and log, inside the caller's transaction."""
    old = _told({name: getattr(webhook, name) for name in FIELDS})
    _log(session, batch_id, webhook.id, {"*": (old, None)})
    session.delete(webhook)
    session.flush()


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    given = check_webhook(values)
    try:
        httpx.URL(given.get("url", ""))
    except httpx.InvalidURL:
        raise ValidationError("url is not a URL", [FieldProblem("url", "is not a URL")]) from None
    return given


def _new_secret(webhook: Webhook, vault: Vault) -> str:
    secret = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    webhook.secret_encrypted = vault.encrypt(secret)
    webhook.secret_hint = hint_of(secret)
    return secret


def _locked(session: Session, public_id: str, if_match: int | None) -> Webhook:
    lock_webhooks(session)
    session.expire_all()
    webhook = session.scalar(select(Webhook).where(Webhook.public_id == public_id))
    if webhook is None:
        raise NotFoundError(f"there is no webhook {public_id[:64]!r}")
    if if_match is not None and if_match != webhook.version:
        there = f"{public_id} has version {webhook.version} now"
        raise PreconditionError(f"{there}, not {if_match}")
    return webhook


def _touch(webhook: Webhook) -> None:
    webhook.version += 1
    webhook.updated_at = now()


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as the log may hold them."""
    return {n: place_of(v) if n == "url" else v for n, v in values.items()}


def _log(
    session: Session, batch_id: int, webhook_id: int, changes: Mapping[str, tuple[Any, Any]]
) -> None:
    rows = [
        change_row(batch_id, RECORD, webhook_id, name, (old, False), (new, False))
        for name, (old, new) in changes.items()
    ]
    insert_rows(session, Change, rows)
