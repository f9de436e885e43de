"""Rows of the catalog table, prepared for a template that has no time to think.

A page has over a thousand cells. Each becomes one flat tuple here; the
template only puts the parts in place (and escapes them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from markupsafe import Markup, escape

from app.blueprints.console.display import entry_path, shortened
from app.core.fields import ENTRY_FIELDS, Field, Kind
from app.queries.entries import EntryRow

NAME = ENTRY_FIELDS[0]  # the display name: it shares the first column with the id
TABLE_FIELDS: tuple[Field, ...] = ENTRY_FIELDS[1:]
FlagState = Literal["on", "off", "unknown"]

_STATES: dict[bool | None, FlagState] = {True: "on", False: "off", None: "unknown"}
_CLASSES = {
    Kind.INTEGER: "v num",
    Kind.LONG_TEXT: "v long",
    Kind.JSON: "v long mono",
    Kind.ARCHITECTURE: "v mid",
    Kind.PARAMETERS: "v mid",
}


class Cell(NamedTuple):
    """One cell. `kind` is flag, tags or value; `text` is a flag's state, a value's text."""

    kind: str
    field: str
    mark: Markup
    text: Any
    label: str
    described: Markup
    style: str


@dataclass(frozen=True, slots=True)
class Row:
    """One entry's row."""

    id: int
    public_id: str
    path: str
    name: str
    name_mark: Markup
    name_described: Markup
    for_name: Markup
    status: str
    whole: bool
    retired: bool
    cells: list[Cell]


_MARKS = {
    (False, False): Markup(' data-manual="false"'),
    (True, False): Markup(' data-manual="true"'),
    (False, True): Markup(' data-manual="false" data-drift="true"'),
    (True, True): Markup(' data-manual="true" data-drift="true"'),
}


def _describe(*, unknown: bool, manual: bool, drift: bool) -> Markup:
    """Names the hidden texts (at the end of the page) that say what the marks mean."""
    states = {"is-unknown": unknown, "is-manual": manual, "is-drift": drift}
    names = " ".join(name for name, holds in states.items() if holds)
    return Markup(' aria-describedby="{}"').format(names) if names else Markup("")


_DESCRIBED = {
    (unknown, manual, drift): _describe(unknown=unknown, manual=manual, drift=drift)
    for unknown in (False, True)
    for manual in (False, True)
    for drift in (False, True)
}


def cell_of(field: Field, value: Any, manual: bool, drift: bool) -> Cell:
    """One value, ready to be shown."""
    mark = _MARKS[manual, drift]
    if field.kind is Kind.FLAG:
        described = _DESCRIBED[value is None, manual, drift]
        style = "t" if field.name == "active" else "f"
        return Cell("flag", field.name, mark, _STATES[value], field.label, described, style)
    described = _DESCRIBED[False, manual, drift]
    if field.kind is Kind.TAGS and value:
        return Cell("tags", field.name, mark, value, field.label, described, "v tags")
    text = shortened(field, value) if value is not None else ""
    style = _CLASSES.get(field.kind, "v")
    return Cell("value", field.name, mark, text, field.label, described, style)


def table_row(entry: EntryRow, fields: Iterable[Field] = TABLE_FIELDS) -> Row:
    """The row of one entry."""
    manual = entry.manual_fields
    drift = entry.drift or ()
    name = getattr(entry, NAME.name) or entry.public_id
    state = NAME.name in manual, NAME.name in drift
    return Row(
        id=entry.id,
        public_id=entry.public_id,
        path=entry_path(entry.public_id),
        name=name,
        name_mark=_MARKS[state],
        name_described=_DESCRIBED[(False, *state)],
        for_name=escape(" for " + name),
        status=entry.status,
        whole=entry.protection == "entry",
        retired=entry.retired_at is not None,
        cells=[
            cell_of(f, getattr(entry, f.name), f.name in manual, f.name in drift) for f in fields
        ],
    )
