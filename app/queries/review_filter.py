"""Which part of the review queue a list shows, or a decision reaches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from app.core.errors import FieldProblem, ValidationError
from app.core.fields import FIELDS
from app.core.guards import REASONS
from app.queries.list_args import Reader, nearest, one_of, text, words
from app.queries.sync_items import KINDS, RECORD_TYPES, WHOLE

REVIEW_STATES = ("waiting", "rejected")
SORTS = ("newest", "oldest", "size")
REVIEW_FIELDS = (WHOLE, *dict.fromkeys(name for known in FIELDS.values() for name in known))


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """All conditions hold; None says nothing.

    ``feed`` is a name, ``run`` and ``record`` (an entry or a provider model) are public ids,
    ``q`` a part of what records are called, ``field`` a registry name or ``*`` for what is about
    a record as a whole. ``size_min``: changed at least so many times.
    """

    state: str = "waiting"
    feed: str | None = None
    reason: str | None = None
    field: str | None = None
    kind: str | None = None
    record_type: str | None = None
    q: str | None = None
    size_min: float | None = None
    run: str | None = None
    record: str | None = None

    def to_args(self) -> dict[str, str]:
        """The query string that is read as this filter."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        args = {n: f"{v:.12g}" if isinstance(v, float) else v for n, v in given.items() if v}
        if self.state == "waiting":
            del args["state"]
        return args

    def is_everything(self) -> bool:
        """Whether nothing restricts it but the state."""
        return not {*self.to_args()} - {"state"}


def _size(value: str) -> float:
    try:
        number = float(value) if len(value) <= 20 else math.nan
    except ValueError:
        number = math.nan
    if not 1 <= number <= 1e12:
        raise ValueError("must be a number from 1 on: how many times a value changed")
    return number


READERS: dict[str, Reader] = {
    "state": one_of(*REVIEW_STATES),
    "feed": text,
    "reason": one_of(*REASONS),
    "field": one_of(*REVIEW_FIELDS),
    "kind": one_of(*KINDS),
    "record_type": one_of(*RECORD_TYPES),
    "q": words,
    "size_min": _size,
    "run": text,
    "record": text,
}
FILTERS = tuple(READERS)


def parse_review_filter(args: Mapping[str, str], also: Iterable[str] = ()) -> ReviewFilter:
    """Read the filter from a query string.

    ``also`` are the names that somebody else reads. Raises `ValidationError` that
    lists every unknown, repeated or malformed parameter.
    """
    return ReviewFilter(**read_args(READERS, args, also))


def read_args(
    readers: Mapping[str, Callable[[str], Any]], args: Mapping[str, str], also: Iterable[str] = ()
) -> dict[str, Any]:
    """The parameters that are given, each read by its reader; raises `ValidationError`."""
    known = (*readers, *also)
    problems = [
        FieldProblem(name[:255], f"is not a parameter here{nearest(name, known)}")
        for name in args
        if name not in known
    ]
    found: dict[str, Any] = {}
    for name in readers:
        try:
            if (given := _given(args, name)) is not None:
                found[name] = readers[name](given)
        except ValueError as exc:
            problems.append(FieldProblem(name, str(exc)))
    if problems:
        message = "; ".join(f"{problem.field} {problem.message}" for problem in problems[:5])
        raise ValidationError(message, problems)
    return found


def _given(args: Mapping[str, str], name: str) -> str | None:
    getlist = getattr(args, "getlist", None)
    if getlist is not None and len(getlist(name)) > 1:
        raise ValueError("is given more than once")
    return args.get(name)
