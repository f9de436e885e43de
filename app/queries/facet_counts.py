"""How many records each choice of each filter would leave, given all the other filters.

For each value of each facet the ids that have it are kept as bits (`bits`), made
once per state of the catalog from narrow indexes. A count is then an intersection:
a filter change costs a few milliseconds at 100,000 records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic

from sqlalchemy.orm import Session

from app.queries.bits import Bits, bits_of, ids_in
from app.queries.cache import State, StateCache, catalog_state
from app.queries.edited import Edited, edited_entries, edited_models, edited_since
from app.queries.entry_facets import read_entry_facets
from app.queries.entry_filter import EntryFilter
from app.queries.entry_pages import LISTED as ENTRIES
from app.queries.facet_sets import LIMIT, FacetSets, Reading, read_ids, renewed
from app.queries.list_args import Filter
from app.queries.provider_model_facets import read_provider_model_facets
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_model_pages import LISTED as PROVIDER_MODELS
from app.queries.record_pages import FEW, Finder, Listed, keep_found

Counts = Mapping[str, Mapping[str, int]]
SETS = StateCache(4)
FOUND = StateCache(64)
COUNTED = StateCache(64)


@dataclass(frozen=True, slots=True)
class _Faceted(Generic[Filter]):
    """One kind of record: how its sets are read, and how the ids that a filter finds."""

    name: str
    read: Callable[[Reading], FacetSets]
    touched: Callable[[Session, Edited], Collection[int]]
    listed: Listed[Filter]


_ENTRIES = _Faceted("entries", read_entry_facets, edited_entries, ENTRIES)
_MODELS = _Faceted("models", read_provider_model_facets, edited_models, PROVIDER_MODELS)


def count_entry_facets(session: Session, wanted: EntryFilter) -> Counts:
    """By filter and value, how many entries there would be; values in alphabetical order."""
    return _counted(session, _ENTRIES, wanted)


def count_provider_model_facets(session: Session, wanted: ProviderModelFilter) -> Counts:
    """By filter and value, how many provider models there would be, in alphabetical order."""
    return _counted(session, _MODELS, wanted)


def forget() -> None:
    """Forget all that is remembered, as after a start; for measurements."""
    for cache in (SETS, FOUND, COUNTED):
        cache.clear()


def _counted(session: Session, of: _Faceted[Filter], wanted: Filter) -> Counts:
    state = catalog_state(session)
    key = of.name, wanted.key()

    def make() -> Counts:
        sets: FacetSets = SETS.get_or_make(state, of.name, lambda: _sets(session, of, state))
        chosen = _chosen(sets, wanted)
        nothing: dict[str, Any] = {name: None for name in chosen if hasattr(wanted, name)}
        rest = replace(wanted, flags={}, **nothing)
        everything = sets.everything
        if rest.restrictions():
            everything &= FOUND.get_or_make(
                state, (of.name, rest.key()), lambda: _ids(session, of, rest, sets)
            )
        found = _all_of(everything, chosen.values())
        total = found.bit_count()
        few = ids_in(found) if total <= FEW else None
        keep_found(state, of.listed, wanted, total, few)
        return _counts(sets, everything, chosen, found)

    return COUNTED.get_or_make(state, key, make)


def _sets(session: Session, of: _Faceted[Filter], state: State | None) -> FacetSets:
    """The sets, made from the last ones where only a few records were edited since."""
    last: tuple[State, FacetSets] | None = SETS.newest(of.name)
    found = None if last is None or state is None else _renewed(session, of, last, state)
    return of.read(Reading(session)) if found is None else found


def _renewed(
    session: Session, of: _Faceted[Filter], last: tuple[State, FacetSets], state: State
) -> FacetSets | None:
    before, sets = last
    edited = edited_since(session, before, state)
    if edited is None:
        return None
    touched = of.touched(session, edited)
    return renewed(sets, touched, of.read(Reading(session, touched))) if touched else sets


def _chosen(sets: FacetSets, wanted: Filter) -> dict[str, Bits]:
    """The sets of the facets that the filter restricts, as far as they are kept."""
    found = {}
    for name, value in wanted.restrictions().items():
        values, word = sets.values.get(name), _word(value)
        if values is not None and (word in values or len(values) < LIMIT):
            found[name] = values.get(word, 0)
    return found


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ids(session: Session, of: _Faceted[Filter], rest: Filter, sets: FacetSets) -> Bits:
    """What the filters that are no facets find: searches and ranges."""
    return bits_of(read_ids(session, Finder(session, of.listed, rest).found()), sets.highest)


def _counts(sets: FacetSets, everything: Bits, chosen: Mapping[str, Bits], found: Bits) -> Counts:
    counts: dict[str, dict[str, int]] = {}
    for name, values in sets.values.items():
        base = found
        if name in chosen:
            base = _all_of(everything, (bits for n, bits in chosen.items() if n != name))
        counts[name] = {value: (base & bits).bit_count() for value, bits in values.items()}
    return counts


def _all_of(bits: Bits, more: Iterable[Bits]) -> Bits:
    for one in more:
        bits &= one
    return bits
