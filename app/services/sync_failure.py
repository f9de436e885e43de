"""Notes that a feed could not be read or believed: on its run, and on the feed."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.core.errors import AlmanacError, BusyError
from app.models import Feed, SyncRun, now
from app.services.runs import finish
from app.services.sync_news import tell_refused
from app.services.transaction import writing


def note_error(session: Session, run_id: int, holder: str, error: Exception) -> None:
    """End a run that is held with what went wrong; raises `LostLeaseError`.

    Where the database is away or busy the run stays as it is: its lease runs out, and
    whoever takes it over tries again.
    """
    try:
        _note(session, run_id, holder, error)
    except (SQLAlchemyError, BusyError) as away:
        error.add_note(f"that could not be noted: {away}")


def _note(session: Session, run_id: int, holder: str, error: Exception) -> None:
    said = error.message if isinstance(error, AlmanacError) else f"failed: {error!r}"
    code = error.code if isinstance(error, AlmanacError) else "internal_error"
    session.rollback()
    run = session.get_one(SyncRun, run_id)
    if run.status == "held":
        return  # a person decides; it is noted already
    with writing(session) as db:
        finish(db, run_id, holder, "failed", error_code=code, error=said[:500])
        if not run.dry_run:
            name = db.scalar(select(Feed.name).where(Feed.id == run.feed_id)) or ""
            note_failure(db, name, said[:500])
            tell_refused(db, "sync.failed", name, run_id, said[:500])


def note_failure(session: Session, feed_name: str, message: str) -> None:
    """Say at the feed what went wrong the last time."""
    session.execute(
        update(Feed)
        .where(Feed.name == feed_name, Feed.removed_at.is_(None))
        .values(last_error=message, last_error_at=now())
    )
