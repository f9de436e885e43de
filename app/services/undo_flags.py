"""The inverse of logged changes of feature flags."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.queries.flags import flag_keys
from app.services.flags import RECORD, undo_flag_change
from app.services.undo_records import ChangeLine, Refused


def undo_flag_changes(
    session: Session, batch_id: int, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take these changes of feature flags back; returns how many, and those that were not."""
    undone, refused = 0, []
    # Of one flag the last change first: a batch may have made it and named it.
    for line in sorted(lines, key=lambda line: -line.id):
        why = undo_flag_change(session, batch_id, line.record_id, line.field, line.old, line.new)
        if isinstance(why, str):
            key = flag_keys(session, [line.record_id])[line.record_id]
            refused.append(Refused(RECORD, line.record_id, key, line.field, why))
        undone += why is True
    return undone, refused
