"""Which entries a list shows, in which order: read from a query string, checked, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from app.queries.list_args import (
    FLAG_NAMES,
    PAGING,
    STATUSES,
    Reader,
    RecordFilter,
    check_ranges,
    one_of,
    read_filter,
    read_list,
    switch,
    text,
    whole,
    words,
)

SWITCHES = ("active", "is_moderated", "experimental", "manual", "drift", "retired")
TEXTS = ("requires_feature_flag", "family", "tag")
RANGES = ("context",)
WHOLES = ("context_min", "context_max")

# What a list can be sorted by: every scalar key of the representation. `id` is the public id.
SORTS = (
    *("id", "public_id", "model_display_name", "description", "family", "notes", "active"),
    *("experimental", "is_moderated", "requires_feature_flag", "context_length", *FLAG_NAMES),
    *("status", "last_synced_at", "created_at", "updated_at", "version", "protection"),
    "retired_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter(RecordFilter):
    """A selection of entries and its order; None does not restrict."""

    SEARCH: ClassVar[str] = "q"

    q: str | None = None
    is_moderated: bool | None = None
    experimental: bool | None = None
    requires_feature_flag: str | None = None
    family: str | None = None
    tag: str | None = None
    context_min: int | None = None
    context_max: int | None = None


_READERS: dict[str, Reader] = {
    "q": words,
    "status": one_of(*STATUSES),
    **dict.fromkeys((*SWITCHES[:3], *FLAG_NAMES, *SWITCHES[3:]), switch),
    **dict.fromkeys(TEXTS, text),
    **dict.fromkeys(WHOLES, whole),
    "sort": one_of(*SORTS),
    "order": one_of("asc", "desc"),
}


def parse_entry_filter(args: Mapping[str, str], *, also: Iterable[str] = PAGING) -> EntryFilter:
    """Read the list parameters of a query string (a mapping or a werkzeug MultiDict).

    ``also`` are the names that somebody else reads. Raises `ValidationError` that
    lists every unknown, repeated or malformed parameter.
    """
    wanted = read_filter(EntryFilter, _READERS, args, also)
    check_ranges(wanted, RANGES)
    return wanted


def parse_list(args: Mapping[str, str]) -> tuple[EntryFilter, int, int]:
    """Filter, limit and offset together; raises one `ValidationError` with all that is wrong."""
    return read_list(parse_entry_filter, args)
