"""Which part of the change log a list shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from app.core.permissions import ACTOR_KINDS
from app.queries.list_args import PAGING, Reader, one_of, read_args, read_list, text

DAY = 86_400
MAX_MOMENT = 253_402_300_799  # the end of the year 9999
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """All conditions hold; None says nothing. ``since`` and ``until`` are Unix seconds, included.

    ``record`` is what a person calls a record (`app.queries.names.find_records`), ``batch`` a
    public id, ``actor`` an e-mail or another name in full, ``feed`` one whose sync it was,
    ``actor_kind`` one of `ACTOR_KINDS`.
    ``by_people`` leaves out what feeds and the system did; no address says that.
    """

    record: str | None = None
    field: str | None = None
    actor: str | None = None
    feed: str | None = None
    since: int | None = None
    until: int | None = None
    batch: str | None = None
    kind: str | None = None
    actor_kind: str | None = None
    by_people: bool = False


NAMES = tuple(field.name for field in fields(ChangeFilter) if field.name != "by_people")


def parse_change_filter(args: Mapping[str, str], also: Iterable[str] = ()) -> ChangeFilter:
    """Read the filter from an address; empty parameters say nothing, ``also`` others read.

    ``since`` and ``until`` are Unix seconds, a day (``2026-11-23``, all of it) or a moment
    (``2026-11-23T14:30``), in UTC. Raises `ValidationError` naming every parameter at fault.
    """
    given = {name: text for name, text in args.items() if text.strip() or name not in NAMES}
    return ChangeFilter(**read_args(_READERS, given, also))


def parse_change_list(args: Mapping[str, str]) -> tuple[ChangeFilter, int, int]:
    """The filter, limit and offset of the API, which takes nothing empty and nothing twice.

    Raises one `ValidationError` with all that is wrong.
    """
    return read_list(lambda given: ChangeFilter(**read_args(_READERS, given, PAGING)), args)


def _named(value: str) -> str:
    return text(text(value).strip())  # too long is too long with its spaces, too


def _reader(name: str) -> Reader:
    def read(value: str) -> int:
        moment = _moment(value.strip(), end=name == "until")
        if moment is None:
            raise ValueError(
                "must be a day, a moment or Unix seconds: 2026-11-23, 2026-11-23T14:30"
            )
        return moment

    return read if name in ("since", "until") else _named


_READERS: dict[str, Reader] = {
    **{name: _reader(name) for name in NAMES},
    "actor_kind": one_of(*ACTOR_KINDS),
}


def _moment(words: str, *, end: bool) -> int | None:
    if words.isascii() and words.isdigit() and len(words) <= 12:
        return int(words) if int(words) <= MAX_MOMENT else None
    try:
        read = datetime.fromisoformat(words)
        seconds = int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None
    if not 0 <= seconds <= MAX_MOMENT:
        return None
    return seconds + DAY - 1 if end and _DATE.fullmatch(words) else seconds
