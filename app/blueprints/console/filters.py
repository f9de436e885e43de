"""The choosers above a table: what each filter offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from app.blueprints.console.listing import YES_NO, Listing


class Chooser(NamedTuple):
    """One filter. ``choices`` are how many records each value would leave; ``names`` are the texts
    of values that people do not know by themselves. ``is_switch``: yes or no.
    """

    name: str
    label: str
    meaning: str
    choices: Mapping[str, int]
    names: Mapping[str, str] | None
    is_switch: bool


def filter_context(
    listing: Listing,
    first: Iterable[str],
    more: Iterable[str],
    facets: Mapping[str, Mapping[str, int]],
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """What `console/_filters.html` needs: the choosers in sight and those behind the button.

    ``facets`` say how many records each value of a filter would leave.
    """
    table = listing.table

    def chooser(name: str) -> Chooser:
        is_switch = name in table.yes_no
        texts = YES_NO if is_switch else (names or {}).get(name)
        choices = facets.get(name, {})
        if name in (names or {}):
            choices = {value: choices.get(value, 0) for value in texts or ()}
        label, meaning = table.label_of(name), table.meaning_of(name)
        return Chooser(name, label, meaning, choices, texts, is_switch)

    behind = list(more)
    ends = [end for one in table.ranges for end in one.ends]
    return {
        "args": listing.args,
        "table": table,
        "choosers": [chooser(name) for name in first],
        "ranges": table.ranges,
        "more_choosers": [chooser(name) for name in behind],
        "more_active": sum(name in listing.args for name in (*behind, *ends)),
    }
