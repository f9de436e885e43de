"""Which part of the change log a list shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from app.core.errors import FieldProblem, ValidationError

DAY = 86_400
MAX_MOMENT = 253_402_300_799  # the end of the year 9999
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """All conditions hold; None says nothing. ``since`` and ``until`` are Unix seconds, included.

    ``record`` is what a person calls a record (`app.queries.names.find_records`), ``batch`` a
    public id, ``actor`` an e-mail or another name in full.
    """

    record: str | None = None
    field: str | None = None
    actor: str | None = None
    since: int | None = None
    until: int | None = None
    batch: str | None = None
    kind: str | None = None


NAMES = tuple(field.name for field in fields(ChangeFilter))


def parse_change_filter(args: Mapping[str, str], also: tuple[str, ...] = ("page",)) -> ChangeFilter:
    """Read the filter from an address; empty parameters say nothing.

    ``since`` and ``until`` are Unix seconds, a day (``2026-11-23``, all of it) or a moment
    (``2026-11-23T14:30``), in UTC. Raises `ValidationError` naming every parameter at fault.
    """
    problems = [
        FieldProblem(name, f"is unknown; there are {', '.join(NAMES)}")
        for name in args
        if name not in NAMES and name not in also
    ]
    given = {n: v for n in NAMES if (v := args.get(n, "").strip())}
    wanted: dict[str, str | int] = {}
    for name, text in given.items():
        problem = None
        if name in ("since", "until"):
            moment = _moment(text, end=name == "until")
            if moment is None:
                problem = "must be a day, a moment or Unix seconds: 2026-11-23, 2026-11-23T14:30"
            else:
                wanted[name] = moment
        elif len(text) > 255 or "\x00" in text:
            problem = "must have at most 255 characters"
        else:
            wanted[name] = text
        if problem:
            problems.append(FieldProblem(name, problem))
    if problems:
        said = "; ".join(f"{one.field} {one.message}" for one in problems)
        raise ValidationError(said, problems)
    return ChangeFilter(**wanted)  # type: ignore[arg-type]


def _moment(text: str, *, end: bool) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= 12:
        return min(int(text), MAX_MOMENT)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    seconds = int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    if not 0 <= seconds <= MAX_MOMENT:
        return None
    return seconds + DAY - 1 if end and _DATE.fullmatch(text) else seconds
