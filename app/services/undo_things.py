"""The inverse of logged changes of what is no record: providers, feature flags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.services.undo_flags import undo_flag_changes
from app.services.undo_providers import undo_provider_changes
from app.services.undo_records import ChangeLine, Refused

Undo = Callable[[Session, int, Sequence[ChangeLine]], tuple[int, list[Refused]]]


@dataclass(frozen=True, slots=True)
class Thing:
    """How changes of one record type are undone, and who may."""

    permission: str
    undo: Undo


THINGS: dict[str, Thing] = {
    "feature_flag": Thing("admin:flag:manage", undo_flag_changes),
    "provider": Thing("admin:provider:manage", undo_provider_changes),
}


def undo_thing(
    session: Session, batch_id: int, record_type: str, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take these changes back; returns how many, and those that were not."""
    return THINGS[record_type].undo(session, batch_id, lines)
