"""The choosers above a table: what each filter offers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from app.blueprints.console.listing import YES_NO, Listing


class Chooser(NamedTuple):
    """One filter. ``choices`` are texts by value, or with ``counted`` how many have each value;
    ``names`` are then the texts of values that people do not know by themselves.
    """

    name: str
    label: str
    choices: Mapping[str, Any]
    counted: bool = False
    names: Mapping[str, str] | None = None


def filter_context(
    listing: Listing,
    first: Iterable[str],
    more: Iterable[str],
    counted: Mapping[str, Mapping[str, int]],
    names: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """What `console/_filters.html` needs: the choosers in sight and those behind the button.

    A filter with values in use is in ``counted``; every other one is yes or no.
    """

    def chooser(name: str) -> Chooser:
        label = listing.table.label_of(name)
        if name in counted:
            return Chooser(name, label, counted[name], counted=True, names=(names or {}).get(name))
        return Chooser(name, label, YES_NO)

    behind = list(more)
    ends = [end for one in listing.table.ranges for end in one.ends]
    return {
        "args": listing.args,
        "table": listing.table,
        "choosers": [chooser(name) for name in first],
        "ranges": listing.table.ranges,
        "more_choosers": [chooser(name) for name in behind],
        "more_active": sum(name in listing.args for name in (*behind, *ends)),
    }
