"""Feature flags: what entries may require."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.models import Change, FeatureFlag, now
from app.services.write import change_row


def ensure_flags(session: Session, batch_id: int, keys: Collection[str]) -> None:
    """Create the feature flags that an edit in this batch names first, and log them.

    The write path calls it inside its transaction.
    """
    if not keys:
        return
    known = set(session.scalars(select(FeatureFlag.key).where(FeatureFlag.key.in_(keys))))
    for key in sorted(set(keys) - known):
        flag = FeatureFlag(key=key, created_at=now(), updated_at=now())
        session.add(flag)
        session.flush()
        created = {"key": key, "name": None, "description": None}
        row = change_row(batch_id, "feature_flag", flag.id, "*", (None, False), (created, False))
        session.execute(insert(Change), [row])
