"""Saved views as a person sees them: the own ones, and those that others share."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import SavedView, User

LIMIT = 500


class ViewRow(NamedTuple):
    """One view; `owner` is the e-mail of who keeps it."""

    public_id: str
    table: str
    name: str
    query: str
    shared: bool
    user_id: int
    owner: str


def list_views(session: Session, user_id: int, table: str) -> list[ViewRow]:
    """What the person may open for a table, the own views first, by name."""
    found = session.execute(_seen_by(user_id).where(SavedView.table == table).limit(LIMIT))
    rows = [ViewRow._make(row) for row in found]
    return sorted(rows, key=lambda view: (view.user_id != user_id, view.name.casefold()))


def get_view(session: Session, user_id: int, public_id: str) -> ViewRow:
    """One view that the person may open; raises `NotFoundError`."""
    row = session.execute(_seen_by(user_id).where(SavedView.public_id == public_id)).first()
    if row is None:
        raise NotFoundError("there is no such view")
    return ViewRow._make(row)


def _seen_by(user_id: int) -> Select[str, str, str, str, bool, int, str]:
    return (
        select(
            SavedView.public_id,
            SavedView.table,
            SavedView.name,
            SavedView.query,
            SavedView.shared,
            SavedView.user_id,
            User.email,
        )
        .join(User, User.id == SavedView.user_id)
        .where(or_(SavedView.user_id == user_id, SavedView.shared.is_(True)))
    )
