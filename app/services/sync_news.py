"""Tells webhooks what became of a sync, in the transaction in which it happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import SyncRun
from app.services.sync_run import Run
from app.services.webhooks import emit

# A message names so many records; the run has all of them.
NAMED = 200


def tell_applied(session: Session, run: Run, counts: Mapping[str, int], batch: str | None) -> None:
    """A feed's word was put in force; a run that brought nothing new is no news."""
    if batch is None or run.run_id is None:
        return
    about = _about(session, run.feed.name, run.run_id)
    emit(session, "sync.applied", about | {"batch_id": batch, "counts": dict(counts)})
    if counts.get("quarantined"):
        emit(session, "review.waiting", about | {"items": counts["quarantined"]})
    for event, records in (("model.retired", run.gone), ("model.reactivated", run.back)):
        if records:
            emit(session, event, about | _named(records))


def tell_refused(session: Session, event: str, feed: str, run_id: int, message: str) -> None:
    """A feed could not be read or believed (``sync.failed``, ``sync.held``)."""
    emit(session, event, _about(session, feed, run_id) | {"message": message})


def _about(session: Session, feed: str, run_id: int) -> dict[str, object]:
    public_id = session.scalar(select(SyncRun.public_id).where(SyncRun.id == run_id))
    return {"feed": feed, "run_id": public_id}


def _named(records: Sequence[Mapping[str, str]]) -> dict[str, object]:
    return {"count": len(records), "records": list(records[:NAMED])}
