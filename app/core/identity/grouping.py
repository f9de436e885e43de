"""Which spellings of a whole catalog mean the same model.

A spelling alone shows a core and marks (see `spelling`). Whether a mark tells two models apart
only the catalog knows, so each kind of mark is settled once per core, in a fixed order:

- `-instruct`, a size, a context length, a revision, `-preview` or a date is left out where the
  catalog holds only one value of it and nobody lists the name both with and without it:
  `nemotron-3-super` is `nemotron-3-super-120b-a12b` while there is one size, and `llama-3.3-70b`
  is `llama-3.3-70b-instruct`; but `claude-haiku-4-5` and `claude-haiku-4-5-20251001` stay two
  entries, because providers offer both.
- a speed tier (`-fast`, `-highspeed`) is a model where the maker itself lists it. Where the maker
  lists only the plain name, the tier is a host's offer of the same weights.
- of two cores that differ by one version number and share a date, one leaves the version out:
  `mistral-large-2512` and `mistral-large-3-675b-instruct-2512`. What the maker's own provider
  calls a dated model (`Mistral Medium 3.1`) counts as a further spelling of it.

Only spellings with the same core, or cores linked by such a date, can influence each other:
records of other models never change a key. The key of an entry is its longest spelling's. Keys
given as `known` stay as they are, and win over longer spellings seen later, so that a later feed
meets the entries that exist. An operator's links are not decided here.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.identity.canonical import canonical_id
from app.core.identity.spelling import Parsed, parse, parse_key
from app.core.identity.vendors import family_vendor, is_own_provider

# Sizes settle before dates: whether one date stands alone is asked per size where sizes matter.
_KINDS: Final = ("rev", "instruct", "size", "context", "preview", "tier", "date")
_KNOWN: Final = ""  # stands for the catalog itself among the providers that list a spelling

_Holders = dict[Parsed, set[str]]


@dataclass(frozen=True, slots=True)
class Spelling:
    """One provider's name for a model, with what else its feed says about it."""

    provider: str
    raw_id: str
    name: str | None = None
    family: str | None = None


def group_spellings(records: Sequence[Spelling], known: Collection[str] = ()) -> list[str]:
    """Return one key per record; records with equal keys are one catalog entry.

    Independent of the order of the records. `known` are the keys of entries that exist already: a
    record that belongs to one of them gets exactly that key. Never raises.
    """
    parsed = [parse(item.provider, item.raw_id, item.name or item.family) for item in records]
    holders: _Holders = defaultdict(set)
    for record, item in zip(records, parsed, strict=True):
        holders[item].add(record.provider)
    for key in known:
        holders[parse_key(key)].add(_KNOWN)
    for item in _makers_names(zip(records, parsed, strict=True)):
        holders.setdefault(item, set())
    final = _settle(holders)
    _link_by_date(final)
    known_keys = frozenset(known)
    clusters: dict[Parsed, list[Parsed]] = defaultdict(list)
    for item, reduced in final.items():
        clusters[reduced].append(item)
    keys = {reduced: _key_of(items, known_keys) for reduced, items in clusters.items()}
    return [item.key if item.key in known_keys else keys[final[item]] for item in parsed]


def representative(spellings: Sequence[Spelling]) -> str:
    """Return the `vendor/model` under which the catalog lists these spellings of one model.

    The maker's own provider speaks, if it is among them; else the most frequent canonical id.
    Ties go to the shortest, then to the first in the alphabet. Raises ValueError for no spelling.
    """
    ids = [(item.provider, canonical_id(item.provider, item.raw_id)) for item in spellings]
    own = [name for provider, name in ids if is_own_provider(provider, name.partition("/")[0])]
    counts = Counter(own or (name for _, name in ids))
    return min(counts, key=lambda name: (-counts[name], len(name), name))


def _makers_names(pairs: Iterable[tuple[Spelling, Parsed]]) -> Iterable[Parsed]:
    """Yield a spelling for each dated model whose maker's display name adds just a version."""
    for record, item in pairs:
        if not record.name or "date" not in dict(item.marks):
            continue
        named = parse(record.provider, record.name)
        if _version_added(item.core, named.core) and is_own_provider(
            record.provider, _maker(item.core)
        ):
            yield Parsed(named.core, item.marks)


def _settle(holders: Mapping[Parsed, set[str]]) -> dict[Parsed, Parsed]:
    """Return for each spelling what is left of it when the marks that say nothing are gone."""
    final = {item: item for item in holders}
    held = dict(holders)
    for position, kind in enumerate(_KINDS):
        step = _settle_kind(kind, _KINDS[:position], held)
        final = {item: step.get(reduced, reduced) for item, reduced in final.items()}
        merged: _Holders = defaultdict(set)
        for item, providers in held.items():
            merged[step.get(item, item)] |= providers
        held = dict(merged)
    return final


def _settle_kind(
    kind: str, settled: Collection[str], held: Mapping[Parsed, set[str]]
) -> dict[Parsed, Parsed]:
    """Return the spellings that lose their mark of this kind, and what they become."""
    marked: dict[Parsed, dict[str, Parsed]] = defaultdict(dict)
    for item in held:
        value = next((value for mark, value in item.marks if mark == kind), None)
        if value is not None:
            others = tuple(mark for mark in item.marks if mark[0] != kind)
            marked[Parsed(item.core, others)][value] = item
    # How many values there are is asked of the core as a whole: `x-7b` and `x-24b-2506` are two.
    values: dict[Parsed, set[str]] = defaultdict(set)
    for rest, by_value in marked.items():
        values[_scope(rest, settled)].update(by_value)
    step: dict[Parsed, Parsed] = {}
    for rest, by_value in marked.items():
        several = len(values[_scope(rest, settled)]) > 1 and kind != "tier"
        if not several and not _tells_apart(kind, rest, by_value, held):
            step.update(dict.fromkeys(by_value.values(), rest))
    return step


def _scope(rest: Parsed, settled: Collection[str]) -> Parsed:
    return Parsed(rest.core, tuple(mark for mark in rest.marks if mark[0] in settled))


def _tells_apart(
    kind: str, rest: Parsed, by_value: Mapping[str, Parsed], held: Mapping[Parsed, set[str]]
) -> bool:
    """Whether the catalog shows that names with and without this mark are different models."""
    plain = held.get(rest, frozenset[str]())
    marked = frozenset[str]().union(*(held[item] for item in by_value.values()))
    if kind == "tier":
        maker = _maker(rest.core)
        return _lists(maker, marked) or not _lists(maker, plain)
    if kind == "size":
        return False
    both = plain & marked
    if kind == "instruct":
        # Resellers list one model under both names by oversight: one in many proves nothing.
        return len(both) > 1 or len(both) * 4 > len(marked) or _KNOWN in both
    return bool(both)


def _lists(maker: str, providers: Iterable[str]) -> bool:
    return any(is_own_provider(provider, maker) for provider in providers)


def _maker(core: str) -> str:
    words = core.split("-")
    return next((vendor for word in words if (vendor := family_vendor(word)) is not None), "")


def _link_by_date(final: dict[Parsed, Parsed]) -> None:
    """Join what differs only by one version number and shares a date, in place."""
    dated: dict[tuple[str, str], set[str]] = defaultdict(set)
    finals: dict[tuple[str, str], set[Parsed]] = defaultdict(set)
    for item, reduced in final.items():
        date = dict(item.marks).get("date")
        if date:
            words = item.core.split("-")
            letters = "-".join(word for word in words if not word.isdigit())
            dated[letters, date].add(item.core)
            finals[item.core, date].add(reduced)
    join: dict[Parsed, Parsed] = {}
    for (_, date), cores in dated.items():
        plain, *versioned = sorted(cores, key=lambda core: (core.count("-"), core))
        if len(versioned) == 1 and _version_added(plain, versioned[0]):
            join.update(_pair_by_size(finals[plain, date], finals[versioned[0], date]))
    for item, reduced in final.items():
        final[item] = join.get(reduced, reduced)


def _version_added(plain: str, versioned: str) -> bool:
    """Whether the second core is the first with one number more, and the first has none."""
    more = Counter(versioned.split("-")) - Counter(plain.split("-"))
    return (
        len(versioned) > len(plain)
        and len(more) == 1
        and next(iter(more)).isdigit()
        and not any(word.isdigit() for word in plain.split("-"))
        and not Counter(plain.split("-")) - Counter(versioned.split("-"))
    )


def _pair_by_size(plain: set[Parsed], versioned: set[Parsed]) -> dict[Parsed, Parsed]:
    """Return the spellings of one date that join, each to the one of the same size."""
    sizes: dict[str, set[Parsed]] = defaultdict(set)
    for item in versioned:
        sizes[dict(item.marks).get("size", "")].add(item)
    if len(plain) == len(versioned) == 1:
        return dict.fromkeys(versioned, next(iter(plain)))
    by_size = {dict(item.marks).get("size", ""): item for item in sorted(plain)}
    return {
        item: by_size[size] for size, items in sizes.items() if size in by_size for item in items
    }


def _key_of(items: Iterable[Parsed], known: Collection[str]) -> str:
    """Return the key of an entry: a known one, else that of the longest plain spelling."""
    candidates = list(items)
    existing = [item for item in candidates if item.key in known]
    return min(
        existing or candidates,
        key=lambda item: (
            any(kind == "tier" for kind, _ in item.marks),
            -len(item.marks),
            -item.core.count("-"),
            item,
        ),
    ).key
