"""What a person chose for the own console, kept in `users.preferences` by area."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import ForbiddenError
from app.core.permissions import Actor
from app.models import User
from app.services.transaction import writing

Area = dict[str, Any]


def change_preferences(
    session: Session, actor: Actor, area: str, change: Callable[[Area], Mapping[str, Any]]
) -> None:
    """Replace one area of the actor's preferences by what ``change`` makes of it.

    ``change`` gets {} where nothing is kept yet. Raises `ForbiddenError` for whoever
    is no person.
    """
    actor.require("own:preferences:edit")
    with writing(session):
        user = own_user(session, actor)
        kept = dict(user.preferences or {})
        area_before = kept.get(area)
        kept[area] = dict(change(dict(area_before) if isinstance(area_before, dict) else {}))
        user.preferences = {name: value for name, value in kept.items() if value}


def own_user(session: Session, actor: Actor) -> User:
    """The actor's own row, locked; within a transaction. Raises `ForbiddenError`."""
    query = select(User).where(User.email == actor.name).with_for_update()
    user = session.scalar(query) if actor.kind == "user" else None
    if user is None:
        raise ForbiddenError("only a person has preferences and views")
    return user
