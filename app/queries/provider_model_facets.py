"""The facets of provider models: own ones, their entry's, their provider's."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, or_, select, true

from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.bits import Bits, bits_of
from app.queries.entry_facets import statuses
from app.queries.facet_sets import (
    FacetSets,
    Reading,
    sets_by_value,
    yes_or_no,
)
from app.queries.list_args import FLAG_NAMES

_STATES = (ProviderModel.status, ProviderModel.drift, ProviderModel.retired_at)


def read_provider_model_facets(reading: Reading) -> FacetSets:
    """The sets of all facets; models of deleted providers are left out."""
    _, highest = reading.everything(ProviderModel)
    providers = _by_provider(reading, highest)
    seen = sum(bits for bits, _ in providers.values())  # each model has one provider
    categories = reading.by_value(ProviderModel.category, ProviderModel.id)
    switched = reading.where(ProviderModel.id, ProviderModel.active == true())
    own, entrys = bits_of(switched, highest), _Entrys(reading, highest, seen)
    available = own & sum(bits for bits, on in providers.values() if on)
    available &= entrys.having(CatalogEntry.active == true())
    return FacetSets(
        seen,
        highest,
        {
            "provider_id": {name: bits for name, (bits, _) in providers.items()},
            "category": sets_by_value(categories, highest, seen),
            "family": entrys.by_family(),
            "active": yes_or_no(seen, own),
            "available": yes_or_no(seen, available),
            **{
                name: yes_or_no(seen, entrys.having(getattr(CatalogEntry, name) == true()))
                for name in FLAG_NAMES
            },
            **_states(reading, highest, seen),
        },
    )


def _by_provider(reading: Reading, highest: int) -> dict[str, tuple[Bits, bool]]:
    """The models of each provider that is not deleted, and whether it is switched on."""
    columns = (Provider.id, Provider.public_id, Provider.active)
    there = select(*columns).where(Provider.deleted_at.is_(None))
    known = reading.session.execute(there).all()
    offered = reading.by_value(ProviderModel.provider_id, ProviderModel.id, most=None)
    return {
        public_id: (bits_of(offered.get(pk, ()), highest), active)
        for pk, public_id, active in known
    }


def _states(reading: Reading, highest: int, seen: Bits) -> dict[str, dict[str, Bits]]:
    """What there is no index for: few models are anything but filled."""
    status, drift, retired_at = _STATES
    unusual = or_(status != "filled", drift.is_not(None), retired_at.is_not(None))
    columns = (ProviderModel.id, status, drift.is_not(None), retired_at.is_not(None))
    some = select(*columns).where(unusual, *reading.among(ProviderModel.id))
    rows = reading.session.connection().execute(some).all()

    def those(ids: Iterable[int]) -> Bits:
        return bits_of(list(ids), highest)

    updated, init = (those(r[0] for r in rows if r[1] == word) for word in ("updated", "init"))
    return {
        "status": statuses(seen, updated, init),
        "manual": yes_or_no(seen, updated),
        "drift": yes_or_no(seen, those(r[0] for r in rows if r[2])),
        "retired": yes_or_no(seen, those(r[0] for r in rows if r[3])),
    }


class _Entrys:
    """From sets of entries to the models of those: each model is looked at once for each set."""

    def __init__(self, reading: Reading, highest: int, seen: Bits) -> None:
        self.highest, self.seen = highest, seen
        models = reading.by_value(ProviderModel.entry_id, ProviderModel.id, most=None)
        self.reading = Reading(reading.session, None if reading.only is None else models.keys())
        self.pairs = [(entry, model) for entry, some in models.items() for model in some]

    def having(self, condition: ColumnElement[bool]) -> Bits:
        """The models whose entry is such."""
        entries = set(self.reading.where(CatalogEntry.id, condition))
        return bits_of([model for entry, model in self.pairs if entry in entries], self.highest)

    def by_family(self) -> dict[str, Bits]:
        named = self.reading.by_value(CatalogEntry.family, CatalogEntry.id, most=None)
        families = {entry: str(family) for family, some in named.items() for entry in some}
        groups: dict[str, list[int]] = {}
        for entry, model in self.pairs:
            if entry in families:
                groups.setdefault(families[entry], []).append(model)
        return sets_by_value(groups, self.highest, self.seen)
