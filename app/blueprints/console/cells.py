"""Rows of the catalog table. A page has over a thousand cells, so they are made in two steps.

What a cell looks like is in `console/_cell.html`; that template is rendered once
for each variant (field, state, marks), with holes for what differs from row to
row. A row then fills the holes, which is fifty times quicker than rendering.
Every text that goes into a hole is escaped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from flask import render_template
from markupsafe import Markup, escape

from app.blueprints.console.display import entry_path, shortened
from app.core.fields import ENTRY_FIELDS, FIELDS, Field, Kind
from app.queries.entries import EntryRow

NAME = ENTRY_FIELDS[0]  # the display name: it shares the first column with the id
TABLE_FIELDS: tuple[Field, ...] = ENTRY_FIELDS[1:]
State = Literal["on", "off", "unknown", "some", "none"]

_FLAG_STATES: dict[bool | None, State] = {True: "on", False: "off", None: "unknown"}
_HOLES = {name: Markup(f"%({name})s") for name in ("id", "name", "text")}  # noqa: S704 - constants
_TAG = Markup("<i>{}</i>")


@dataclass(frozen=True, slots=True)
class Row:
    """One entry's row. `manual` and `drift` are those of the name; `cells` all the others."""

    id: int
    public_id: str
    path: str
    name: str
    manual: bool
    drift: bool
    marked: bool
    status: str
    whole: bool
    retired: bool
    cells: Markup


def state_of(field: Field, value: Any) -> State:
    """What a cell says at a glance: a flag's three states, or whether there is a value."""
    if field.kind is Kind.FLAG:
        return _FLAG_STATES[value]
    return "some" if value is not None and value not in ([], {}, "") else "none"


def table_row(entry: EntryRow, *, editable: bool) -> Row:
    """The row of one entry."""
    name = entry.model_display_name or entry.public_id
    manual, drift = NAME.name in entry.manual_fields, NAME.name in (entry.drift or ())
    return Row(
        id=entry.id,
        public_id=entry.public_id,
        path=entry_path(entry.public_id),
        name=name,
        manual=manual,
        drift=drift,
        marked=manual or drift,
        status=entry.status,
        whole=entry.protection == "entry",
        retired=entry.retired_at is not None,
        cells=_cells(entry, name, editable),
    )


def _cells(entry: EntryRow, name: str, editable: bool) -> Markup:
    manual, drift = entry.manual_fields, entry.drift or ()
    holes = {"id": entry.id, "name": escape(name)}
    made = []
    for field in TABLE_FIELDS:
        value = getattr(entry, field.name)
        state = state_of(field, value)
        holes["text"] = _text(field, value) if state == "some" else ""
        variant = _variant(field.name, state, field.name in manual, field.name in drift, editable)
        made.append(variant % holes)
    return Markup("".join(made))  # noqa: S704 - the variants come from a template, the holes escaped


def _text(field: Field, value: Any) -> str:
    if field.kind is Kind.TAGS:
        return "".join(_TAG.format(tag) for tag in value)
    return escape(shortened(field, value))


@lru_cache(maxsize=4096)
def _variant(name: str, state: State, manual: bool, drift: bool, editable: bool) -> str:
    html = render_template(
        "console/_cell.html",
        field=FIELDS["entry"][name],
        state=state,
        manual=manual,
        drift=drift,
        editable=editable,
        **_HOLES,
    )
    return " ".join(html.split())
