"""What whoever makes this request chose for a table: columns, density, the view it opens with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import request

from app.blueprints.console.columns import USUAL
from app.blueprints.console.layout import Layout, existing, layout_of
from app.blueprints.console.listing import Listing, Table, parse_listing
from app.core.fields import RecordType
from app.models import db
from app.services.preferences import change_preferences
from app.web.login import own_preferences
from app.web.permissions import current_actor

AREA = "tables"
SHOWN = "X-Columns"  # the columns of the table that a request comes from


def own_table(record_type: RecordType) -> Mapping[str, Any]:
    """What the person keeps for this table; {} for nothing."""
    kept = own_preferences(AREA).get(record_type)
    return kept if isinstance(kept, dict) else {}


def current_listing(args: Mapping[str, str], table: Table) -> Listing:
    """The state of the table that an address says."""
    has_view = isinstance(own_table(table.record_type).get("view"), str)
    return replace(parse_listing(args, table), bare="view=none" if has_view else "")


def current_layout(listing: Listing) -> Layout:
    """The look of the table at this address for this person."""
    return layout_of(listing, own_table(listing.table.record_type))


def shown_columns(record_type: RecordType, listing: Listing) -> tuple[str, ...]:
    """The columns of the table that is on the screen, so that a new row fits in among its others.

    The script says them: the person's choice may be another by now.
    """
    told = request.headers.get(SHOWN, "").split(",")
    return existing(record_type, told) or current_layout(listing).columns


def keep_layout(record_type: RecordType, layout: Layout | None) -> None:
    """Keep the look as the person's own; None for the usual one."""
    columns = list(layout.columns) if layout and layout.columns != USUAL[record_type] else None
    density = layout.density if layout and layout.density != "comfortable" else None
    keep_for_table(record_type, {"columns": columns, "density": density})


def keep_for_table(record_type: RecordType, values: Mapping[str, Any]) -> None:
    """Keep these settings of the table for the person; None drops one."""

    def change(area: dict[str, Any]) -> dict[str, Any]:
        before = area.get(record_type)
        after = {**(before if isinstance(before, dict) else {}), **values}
        area[record_type] = {name: value for name, value in after.items() if value is not None}
        return {name: value for name, value in area.items() if value}

    change_preferences(db.session(), current_actor(), AREA, change)
