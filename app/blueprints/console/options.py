"""The options of a filter that offers hundreds of values in use."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping

from markupsafe import Markup, escape

_OPTION = Markup('<option value="{}">{}{} ({})</option>')
_KEPT = 64
# Counts are made once per state of the catalog and filter, and handed out as the same object until
# then: it is kept here beside its options, so its identity stays its own.
_made: OrderedDict[tuple[int, str], tuple[Mapping[str, int], str]] = OrderedDict()


def options(
    counts: Mapping[str, int],
    chosen: str | None,
    names: Mapping[str, str] | None = None,
    before: str = "",
) -> Markup:
    """An option for each value with how many have it; the chosen one is selected.

    ``names`` are the texts of values that people do not know; the same for the same counts.
    ``before`` stands before each of them.
    """
    html = _options(counts, names or {}, before)
    if chosen in counts:
        start = f'<option value="{escape(chosen)}"'
        html = html.replace(start, f"{start} selected", 1)
    return Markup(html)  # noqa: S704 - made of escaped values


def facet_json(facets: Mapping[str, Mapping[str, int]]) -> Markup:
    """The counts for the script that writes them into the choosers; what is not named is 0."""
    some = {name: {v: n for v, n in values.items() if n} for name, values in facets.items()}
    text = json.dumps(some, ensure_ascii=False, separators=(",", ":"))
    # Within a script element nothing is escaped but by JSON itself.
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))  # noqa: S704 - escaped above


def _options(counts: Mapping[str, int], names: Mapping[str, str], before: str) -> str:
    key = id(counts), before
    known = _made.get(key)
    if known is not None and known[0] is counts:
        return known[1]
    html = "".join(
        _OPTION.format(value, before, names.get(value, value), f"{number:,}")
        for value, number in counts.items()
    )
    _made[key] = counts, html
    while len(_made) > _KEPT:
        _made.popitem(last=False)
    return html
