"""Changes and batches as programs see them (contract section 4.4)."""

from __future__ import annotations

from typing import Any

from app.queries.change_list import LoggedChange
from app.queries.changes import BatchRow
from app.queries.representation import pricing_json


def change_json(change: LoggedChange) -> dict[str, Any]:
    """All keys, always, in one order. Amounts of money are decimals; null is unknown."""
    batch, record = change.batch, change.record
    return {
        "id": change.id,
        "batch_id": batch.public_id,
        "kind": batch.kind,
        "actor": batch.actor,
        "actor_kind": batch.actor_kind,
        "reason": batch.reason,
        "request_id": batch.request_id,
        "created_at": batch.created_at,
        "record_type": change.record_type,
        "record_id": record.public_id if record else None,
        "record_name": record.name if record else None,
        "field": change.field,
        "old": _value(change.field, change.old),
        "new": _value(change.field, change.new),
        "old_manual": change.old_manual,
        "new_manual": change.new_manual,
        "feed": batch.feed,
        "run_id": batch.run_id,
    }


def batch_json(batch: BatchRow) -> dict[str, Any]:
    """All keys, always, in one order; ``changes`` are counted in full."""
    return {
        "id": batch.public_id,
        "kind": batch.kind,
        "actor": batch.actor,
        "actor_kind": batch.actor_kind,
        "reason": batch.reason,
        "request_id": batch.request_id,
        "created_at": batch.created_at,
        "summary": dict(batch.summary),
        "changes": batch.changes,
        "undoes": batch.undoes,
        "undone_by": batch.undone_by,
        "redone": batch.redone,
        "feed": batch.feed,
        "run_id": batch.run_id,
    }


def _value(field: str, value: Any) -> Any:
    return pricing_json(value) if field == "pricing" and isinstance(value, dict) else value
