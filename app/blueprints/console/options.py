"""The options of a filter that offers hundreds of values in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from markupsafe import Markup, escape

_OPTION = Markup('<option value="{}">{} ({})</option>')
_KEPT = 16
# Choices are counted once per change of the catalog and handed out as the same object until
# then: it is kept here beside its options, so its identity stays its own.
_made: OrderedDict[int, tuple[Mapping[str, int], str]] = OrderedDict()


def options(
    counts: Mapping[str, int], chosen: str | None, names: Mapping[str, str] | None = None
) -> Markup:
    """An option for each value with how many have it; the chosen one is selected.

    ``names`` are the texts of values that people do not know; the same for the same counts.
    """
    html = _options(counts, names or {})
    if chosen in counts:
        start = f'<option value="{escape(chosen)}"'
        html = html.replace(start, f"{start} selected", 1)
    return Markup(html)  # noqa: S704 - made of escaped values


def _options(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    known = _made.get(id(counts))
    if known is not None and known[0] is counts:
        return known[1]
    html = "".join(
        _OPTION.format(value, names.get(value, value), f"{number:,}")
        for value, number in counts.items()
    )
    _made[id(counts)] = counts, html
    while len(_made) > _KEPT:
        _made.popitem(last=False)
    return html
