"""Rows of the catalog table. A page has over a thousand cells, so they are made in two steps.

What a cell looks like is in `console/_cell.html`; that template is rendered once
for each variant (field, state, marks), with holes for what differs from row to
row, and a row's variants are kept together. An entry then fills the holes of its
row's variant. Every text that goes into a hole is escaped here.
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
# The other columns; None beside a flag, which needs no text.
TABLE_FIELDS = tuple((f.name, None if f.kind is Kind.FLAG else f) for f in ENTRY_FIELDS[1:])
State = Literal["on", "off", "unknown", "some", "none"]

_FLAG_STATES: dict[bool | None, State] = {True: "on", False: "off", None: "unknown"}
_HOLE = Markup("%({})s")
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
    holes: dict[str, Any] = {"id": entry.id, "name": escape(name)}
    states = []
    for field_name, field in TABLE_FIELDS:
        value = getattr(entry, field_name)
        if field is None:
            states.append(_FLAG_STATES[value])
        elif value is None:
            states.append("none")
        else:
            text = holes[field_name] = _text(field, value)
            states.append("some" if text else "none")
    variant = _row_variant(
        tuple(states), tuple(entry.manual_fields), tuple(entry.drift or ()), editable
    )
    return Markup(variant % holes)  # noqa: S704 - a template's text, and what fills it is escaped


def _text(field: Field, value: Any) -> str:
    if field.kind is Kind.TAGS:
        return "".join(_TAG.format(tag) for tag in value)
    return escape(shortened(field, value))


@lru_cache(maxsize=1024)
def _row_variant(
    states: tuple[State, ...], manual: tuple[str, ...], drift: tuple[str, ...], editable: bool
) -> str:
    return "".join(
        _cell_variant(name, state, name in manual, name in drift, editable)
        for (name, _), state in zip(TABLE_FIELDS, states, strict=True)
    )


@lru_cache(maxsize=4096)
def _cell_variant(name: str, state: State, manual: bool, drift: bool, editable: bool) -> str:
    html = render_template(
        "console/_cell.html",
        field=FIELDS["entry"][name],
        state=state,
        manual=manual,
        drift=drift,
        editable=editable,
        id=_HOLE.format("id"),
        name=_HOLE.format("name"),
        text=_HOLE.format(name) if state == "some" else "",
    )
    return " ".join(html.split())
