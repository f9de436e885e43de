"""A lane of bars for each kind of actor: how many actions each day had, where they are listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlencode

from app.blueprints.console.changes import ACTOR_WORDS
from app.core.permissions import ACTOR_KINDS
from app.queries.activity import Day

WIDTH, LANE = 760, 58
LEFT, RIGHT = 132, 748  # the edges of the bars
HIGHEST, LEAST = 38.0, 3.0  # of a bar, in units of the picture
FOOT = 24  # for the dates


class Bar(NamedTuple):
    """One day of one kind of actor; ``x``, ``width`` are those of the whole day."""

    x: float
    width: float
    y: float
    height: float
    path: str
    said: str


class Lane(NamedTuple):
    """All days of one kind of actor; ``most`` is the number that the highest bar stands for."""

    kind: str
    words: str
    actions: int
    most: int
    base: float
    bars: list[Bar]


class ActivityPlot(NamedTuple):
    """The picture; ``dates`` are the places and texts below it."""

    lanes: list[Lane]
    dates: list[tuple[float, str]]
    height: int
    width: int = WIDTH
    left: int = LEFT
    right: int = RIGHT


def draw_activity(days: Sequence[Day]) -> ActivityPlot | None:
    """The picture of these days, or None where nothing happened.

    Each lane has its own scale: beside a hundred syncs a day three corrections would not show.
    """
    kinds = [kind for kind in ACTOR_KINDS if any(day.actions.get(kind) for day in days)]
    if not kinds:
        return None
    width = (RIGHT - LEFT) / len(days)
    lanes = [_lane(days, kind, (row + 1) * LANE, width) for row, kind in enumerate(kinds)]
    weeks = [(i, day) for i, day in enumerate(reversed(days)) if i % (7 * (len(days) // 30)) == 0]
    dates = [(round(RIGHT - (i + 0.5) * width, 1), day_of(day.start)) for i, day in weeks]
    return ActivityPlot(lanes, dates, len(lanes) * LANE + FOOT)


def _lane(days: Sequence[Day], kind: str, base: float, width: float) -> Lane:
    numbers = [day.actions.get(kind, 0) for day in days]
    most = max(numbers)
    bars = []
    for place, (day, number) in enumerate(zip(days, numbers, strict=True)):
        if not number:
            continue
        height = round(max(LEAST, HIGHEST * number / most), 1)
        said = f"{day_of(day.start)}: {number:,} {'action' if number == 1 else 'actions'}"
        x = round(LEFT + place * width, 1)
        top = round(base - height, 1)
        bars.append(Bar(x, round(width, 1), top, height, activity_path(kind, day.start), said))
    return Lane(kind, ACTOR_WORDS[kind], sum(numbers), most, base, bars)


def day_of(start: int) -> str:
    """A day as the change log's filter reads it."""
    return datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%d")


def activity_path(kind: str, start: int) -> str:
    """Where the change log lists what this kind of actor did on that day."""
    day = day_of(start)
    return "/changes?" + urlencode({"actor_kind": kind, "since": day, "until": day})
