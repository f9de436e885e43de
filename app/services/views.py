"""Views of tables that people keep under a name: saved, renamed, shared, deleted."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FieldProblem, NotFoundError, ValidationError
from app.core.fields import RecordType
from app.core.permissions import Actor, Role
from app.models import SavedView, now
from app.queries.view_query import checked_query
from app.services.preferences import own_user
from app.services.transaction import writing

MAX_NAME = 80
MAX_VIEWS = 200  # of one person and table


def save_view(
    session: Session, actor: Actor, table: RecordType, name: str, query: str, *, shared: bool
) -> str:
    """Keep a query string of the table under a name; returns the view's public id.

    Raises `ValidationError` for a name or a query that cannot be, `ConflictError` for a
    name that the person uses already.
    """
    actor.require("own:preferences:edit")
    name, query = _checked_name(name), checked_query(table, query)
    moment = now()
    with writing(session):
        user = own_user(session, actor)
        own = select(SavedView.name).where(SavedView.user_id == user.id, SavedView.table == table)
        names = set(session.scalars(own))
        _refuse_taken(name, names)
        if len(names) >= MAX_VIEWS:
            raise ConflictError(f"you keep {MAX_VIEWS} views of this table: delete one first")
        view = SavedView(
            public_id=f"view_{secrets.token_hex(8)}",
            user_id=user.id,
            table=table,
            name=name,
            query=query,
            shared=shared,
            created_at=moment,
            updated_at=moment,
        )
        session.add(view)
        session.flush()
        return view.public_id


def change_view(
    session: Session,
    actor: Actor,
    public_id: str,
    *,
    name: str | None = None,
    query: str | None = None,
    shared: bool | None = None,
) -> None:
    """Give a view another name or query, share it or no longer; None leaves as it is.

    The owner may, and an admin those that are shared. Raises as `save_view` does, and
    `NotFoundError`.
    """
    actor.require("own:preferences:edit")
    with writing(session):
        view = _to_change(session, actor, public_id)
        if name is not None:
            wanted = _checked_name(name)
            others = select(SavedView.name).where(
                SavedView.user_id == view.user_id,
                SavedView.table == view.table,
                SavedView.id != view.id,
            )
            _refuse_taken(wanted, set(session.scalars(others)))
            view.name = wanted
        if query is not None:
            view.query = checked_query(view.table, query)
        if shared is not None:
            view.shared = shared
        view.updated_at = now()


def delete_view(session: Session, actor: Actor, public_id: str) -> str:
    """Delete a view and return its name; as `change_view` for who may. Raises `NotFoundError`."""
    actor.require("own:preferences:edit")
    with writing(session):
        view = _to_change(session, actor, public_id)
        session.delete(view)
        return view.name


def _to_change(session: Session, actor: Actor, public_id: str) -> SavedView:
    user = own_user(session, actor)
    view = session.scalar(select(SavedView).where(SavedView.public_id == public_id))
    may = view is not None and (
        view.user_id == user.id or (view.shared and actor.role is Role.ADMIN)
    )
    if view is None or not may:
        raise NotFoundError("you have no such view")
    return view


def _checked_name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        problem = f"must have 1 to {MAX_NAME} characters"
        raise ValidationError(f"the name {problem}", [FieldProblem("name", problem)])
    return name


def _refuse_taken(name: str, names: set[str]) -> None:
    if name.casefold() in {taken.casefold() for taken in names}:
        raise ConflictError(
            f"you have a view {name!r} of this table already", [FieldProblem("name", "is taken")]
        )
