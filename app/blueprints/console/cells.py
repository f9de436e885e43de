"""Rows of the tables. A page has over a thousand cells, so they are made in two steps.

What a cell looks like is in `console/_cell.html`; that template is rendered once
for each variant (field, state, marks), with holes for what differs from row to
row, and a row's variants are kept together. A record then fills the holes of its
row's variant. Every text that goes into a hole is escaped beforehand (columns.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from zlib import crc32

from flask import render_template
from markupsafe import Markup, escape

from app.blueprints.console.columns import BY_NAME, NAME
from app.blueprints.console.kinds import RecordKind
from app.core.fields import Field, Kind, RecordType

State = Literal["on", "off", "unknown", "some", "none"]

_FLAG_STATES: dict[bool | None, State] = {True: "on", False: "off", None: "unknown"}
_HOLE = Markup("%({})s")


@dataclass(frozen=True, slots=True)
class Row:
    """One record's row. `manual` and `drift` are those of the name; `cells` all the others.

    ``spoken`` names it in the labels of its controls, which may be read without their row.
    ``mark`` names exactly what the row says, whoever looks: where it says another thing,
    the mark is another one.
    """

    id: int
    public_id: str
    path: str
    name: str
    spoken: str
    below: str
    manual: bool
    drift: bool
    marked: bool
    retired: bool
    off: bool
    cells: Markup
    mark: str


def state_of(field: Field, value: Any) -> State:
    """What a cell says at a glance: a flag's three states, or whether there is a value."""
    if field.kind is Kind.FLAG:
        return _FLAG_STATES[value]
    return "some" if value is not None and value not in ([], {}, "") else "none"


def table_row(kind: RecordKind, record: Any, columns: tuple[str, ...], *, editable: bool) -> Row:
    """The row of one record, with the cells of these columns in their order."""
    name, spoken = kind.name_of(record), kind.spoken_name_of(record)
    manual, drift = NAME in record.manual_fields, NAME in (record.drift or ())
    cells, said = _cells(kind.record_type, record, spoken, columns, editable)
    below, off = getattr(record, kind.unnamed), not record.active
    looks = (record.public_id, below, record.retired_at is not None, off, said)
    return Row(
        id=record.id,
        public_id=record.public_id,
        path=kind.path_of(record),
        name=name,
        spoken=spoken,
        below=below,
        manual=manual,
        drift=drift,
        marked=manual or drift,
        retired=record.retired_at is not None,
        off=off,
        cells=cells,
        mark=f"{crc32(repr(looks).encode()):08x}",
    )


def _cells(
    record_type: RecordType, record: Any, spoken: str, columns: tuple[str, ...], editable: bool
) -> tuple[Markup, str]:
    """The cells, and what they say apart from how they are made."""
    holes: dict[str, Any] = {"id": record.id, "name": escape(spoken)}
    states: list[State] = []
    known = BY_NAME[record_type]
    for column in (known[one] for one in columns):
        if column.text is None:
            states.append(_FLAG_STATES[getattr(record, column.name)])
            continue
        text = column.text(record)
        states.append("some" if text else "none")
        if text:
            holes[column.name] = text
    marks = tuple(record.manual_fields), tuple(record.drift or ())
    variant = _row_variant(record_type, columns, tuple(states), *marks, editable)
    # A template's text, and what fills it is escaped.
    return Markup(variant % holes), repr((states, marks, holes))  # noqa: S704


@lru_cache(maxsize=2048)
def _row_variant(
    record_type: RecordType,
    columns: tuple[str, ...],
    states: tuple[State, ...],
    manual: tuple[str, ...],
    drift: tuple[str, ...],
    editable: bool,
) -> str:
    return "".join(
        _cell_variant(record_type, name, state, name in manual, name in drift, editable)
        for name, state in zip(columns, states, strict=True)
    )


@lru_cache(maxsize=4096)
def _cell_variant(
    record_type: RecordType, name: str, state: State, manual: bool, drift: bool, editable: bool
) -> str:
    column = BY_NAME[record_type][name]
    html = render_template(
        "console/_cell.html",
        column=column,
        field=column.field,
        state=state,
        manual=manual,
        drift=drift,
        editable=editable,
        id=_HOLE.format("id"),
        name=_HOLE.format("name"),
        text=_HOLE.format(name) if state == "some" else "",
    )
    return " ".join(html.split())
