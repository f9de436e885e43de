"""The change log of users and tokens."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy.orm import Session

from app.core.permissions import Actor
from app.models import Change
from app.services.write import Action, insert_rows, open_batch


def log_account_change(
    session: Session,
    actor: Actor,
    kind: Literal["user", "token"],
    record_id: int,
    changes: dict[str, tuple[Any, Any]],
) -> None:
    """Add one batch with the old and new value of each field; never hand it a secret."""
    batch_id, _public_id = open_batch(session, Action(kind, actor))
    insert_rows(
        session,
        Change,
        [
            {
                "batch_id": batch_id,
                "record_type": kind,
                "record_id": record_id,
                "field": field,
                "old": old,
                "new": new,
                "old_manual": False,
                "new_manual": False,
            }
            for field, (old, new) in changes.items()
        ],
    )
