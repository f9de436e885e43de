"""Which columns a table shows, in which order, how close together: the address, or the person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.blueprints.console.columns import BY_NAME, COLUMNS, USUAL, Column, columns_read
from app.blueprints.console.listing import Listing
from app.core.errors import FieldProblem, ValidationError
from app.core.fields import RecordType

DENSITIES = {"comfortable": "Comfortable", "compact": "Compact"}


@dataclass(frozen=True, slots=True)
class Layout:
    """The look of a table.

    ``sent``: the address says so, not the person's own choice. ``unknown`` are
    columns that the address names and that do not exist (any more).
    """

    record_type: RecordType
    columns: tuple[str, ...]
    density: str
    sent: bool = False
    unknown: tuple[str, ...] = ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The columns of the records that the table is made of."""
        return columns_read(self.record_type, self.columns)

    @property
    def is_usual(self) -> bool:
        return self.columns == USUAL[self.record_type] and self.density == "comfortable"

    def args(self) -> dict[str, str]:
        """The parameters that show exactly this, whoever looks."""
        return {"columns": ",".join(self.columns), "density": self.density}

    def offered(self) -> list[tuple[Column, bool]]:
        """All columns, those that are shown first and in their order."""
        known = BY_NAME[self.record_type]
        rest = (c for c in COLUMNS[self.record_type] if c.name not in self.columns)
        return [*((known[name], True) for name in self.columns), *((c, False) for c in rest)]


def layout_of(listing: Listing, own: Mapping[str, Any]) -> Layout:
    """The look that the address asks for; what it does not say is ``own``, the person's choice.

    Raises `ValidationError` for an unknown density.
    """
    record_type = listing.table.record_type
    named = [name.strip() for name in listing.args.get("columns", "").split(",") if name.strip()]
    chosen = existing(record_type, named)
    density = listing.args.get("density")
    if density is not None and density not in DENSITIES:
        accepted = f"must be one of {', '.join(DENSITIES)}"
        raise ValidationError(f"density {accepted}", [FieldProblem("density", accepted)])
    kept = own.get("density")
    return Layout(
        record_type,
        chosen or own_columns(record_type, own),
        density or (kept if kept in DENSITIES else "comfortable"),
        sent=bool(chosen) or density is not None,
        unknown=tuple(name for name in named if name not in BY_NAME[record_type]),
    )


def own_columns(record_type: RecordType, own: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that a person chose, without those that are gone; else the usual ones."""
    kept = own.get("columns")
    names = kept if isinstance(kept, list) else []
    return existing(record_type, names) or USUAL[record_type]


def existing(record_type: RecordType, names: Iterable[Any]) -> tuple[str, ...]:
    """Those of the columns that there are, each once."""
    known = BY_NAME[record_type]
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and n in known))


def moved(columns: tuple[str, ...], name: str, step: int) -> tuple[str, ...]:
    """The columns with one of them moved up (-1) or down (1); as they are where it cannot."""
    if name not in columns:
        return columns
    at = columns.index(name)
    to = at + step
    if not 0 <= to < len(columns):
        return columns
    order = list(columns)
    order[at], order[to] = order[to], order[at]
    return tuple(order)
