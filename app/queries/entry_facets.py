"""The facets of the catalog, read from the indexes that tables are sorted by."""

from __future__ import annotations

from typing import Any

from sqlalchemy import false, true
from sqlalchemy.orm import InstrumentedAttribute

from app.models import CatalogEntry, EntryTag
from app.queries.bits import Bits, bits_of
from app.queries.facet_sets import (
    LIMIT,
    FacetSets,
    Reading,
    alphabetical,
    sets_by_value,
    yes_or_no,
)
from app.queries.flags import list_flag_keys
from app.queries.list_args import FLAG_NAMES

_ON_OR_OFF = ("active", "experimental", *FLAG_NAMES)


def read_entry_facets(reading: Reading) -> FacetSets:
    """The sets of all facets; entries that were merged into others are left out."""
    seen, highest = reading.everything(CatalogEntry)
    merged = reading.where(CatalogEntry.id, CatalogEntry.merged_into_id.is_not(None))
    seen &= ~bits_of(merged, highest)

    def having(*conditions: Any) -> Bits:
        return bits_of(reading.where(CatalogEntry.id, *conditions), highest)

    def by_value(column: InstrumentedAttribute[Any]) -> dict[str, Bits]:
        return sets_by_value(reading.by_value(column, CatalogEntry.id), highest, seen)

    updated, init = (having(CatalogEntry.status == word) for word in ("updated", "init"))
    moderated = CatalogEntry.is_moderated
    tagged = reading.by_value(EntryTag.tag, EntryTag.entry_id)
    flags = by_value(CatalogEntry.requires_feature_flag)
    return FacetSets(
        seen,
        highest,
        {
            "status": statuses(seen, updated, init),
            "family": by_value(CatalogEntry.family),
            "tag": sets_by_value(tagged, highest, seen),
            # Also those that no entry requires yet.
            "requires_feature_flag": alphabetical(
                (dict.fromkeys(list_flag_keys(reading.session, LIMIT), 0) | flags).items()
            ),
            **{
                name: yes_or_no(seen, having(getattr(CatalogEntry, name) == true()))
                for name in _ON_OR_OFF
            },
            "is_moderated": {
                "true": seen & having(moderated == true()),
                "false": seen & having(moderated == false()),
            },
            "manual": yes_or_no(seen, updated),
            "drift": yes_or_no(seen, having(CatalogEntry.drift.is_not(None))),
            "retired": yes_or_no(seen, having(CatalogEntry.retired_at.is_not(None))),
        },
    )


def statuses(seen: Bits, updated: Bits, init: Bits) -> dict[str, Bits]:
    """The sets by status: the usual one is what is left."""
    found = {"filled": seen & ~updated & ~init, "init": seen & init, "updated": seen & updated}
    return {name: bits for name, bits in found.items() if bits}
