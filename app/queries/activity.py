"""How many actions of each kind of actor the change log has for each day."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Batch
from app.queries.change_filter import DAY


class Day(NamedTuple):
    """One day in UTC: its first second, and how many actions by kind of actor, none left out."""

    start: int
    actions: dict[str, int]


def count_activity(session: Session, days: int, now: int) -> list[Day]:
    """The last ``days`` days, today's last, also those on which nothing happened.

    An action is what the change log shows as one line: a batch.
    """
    today = now // DAY
    day = (Batch.created_at // DAY).label("day")
    counted = (
        select(day, Batch.actor_kind, func.count())
        .where(Batch.created_at >= (today - days + 1) * DAY, Batch.created_at < (today + 1) * DAY)
        .group_by(day, Batch.actor_kind)
    )
    found: dict[int, dict[str, int]] = {}
    for number, kind, actions in session.execute(counted):
        found.setdefault(number, {})[kind] = actions
    return [Day(n * DAY, found.get(n, {})) for n in range(today - days + 1, today + 1)]
