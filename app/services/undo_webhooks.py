"""The inverse of logged changes of webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.core.hashing import same
from app.models import Webhook
from app.services.undo_records import ChangeLine, Refused
from app.services.webhook_edits import RECORD, assign, lock_webhooks, remove

# The log does not hold what these would have to return to.
_NOT_KEPT = {
    "secret": "cannot be put back: a former secret is not kept",
    "url": "cannot be put back: the log holds only its host",
}
_DELETED = "was deleted, and its secret with it: add it anew"


def undo_webhook_changes(
    session: Session, batch_id: int, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take these changes of webhooks back; returns how many, and those that were not.

    What is undone of a creation is the webhook itself. Inside the caller's transaction.
    """
    lock_webhooks(session)
    session.expire_all()
    undone, refused = 0, []
    for line in sorted(lines, key=lambda line: -line.id):
        webhook = session.get(Webhook, line.record_id)
        name = (webhook.description or webhook.public_id) if webhook else ""
        why = _undo(session, batch_id, webhook, line)
        if why is None:
            undone += 1
        else:
            refused.append(Refused(RECORD, line.record_id, name, line.field, why))
    return undone, refused


def _undo(session: Session, batch_id: int, webhook: Webhook | None, line: ChangeLine) -> str | None:
    """Take one change back, or say why not."""
    if webhook is None or (line.field == "*" and line.new is None):
        return _DELETED
    if line.field == "*":
        remove(session, batch_id, webhook)
        return None
    if line.field in _NOT_KEPT:
        return _NOT_KEPT[line.field]
    if not same(getattr(webhook, line.field), line.new):
        return "was changed since"
    assign(session, batch_id, webhook, {line.field: line.old})
    return None
