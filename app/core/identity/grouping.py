"""Which spellings of a whole catalog mean the same model."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.identity.canonical import canonical_id
from app.core.identity.spelling import Parsed, parse, parse_key
from app.core.identity.vendors import family_vendor, is_own_provider

_KINDS: Final = ("rev", "instruct", "size", "context", "preview", "tier", "date")


@dataclass(frozen=True, slots=True)
class Spelling:
    """One provider's name for a model, with what else its feed says about it."""

    provider: str
    raw_id: str
    name: str | None = None
    family: str | None = None


def group_spellings(records: Sequence[Spelling], known: Collection[str] = ()) -> list[str]:
    """Return one key per record; records with equal keys are one catalog entry."""
    parsed = [parse(r.provider, r.raw_id, r.name) for r in records]
    listed: dict[Parsed, set[str]] = defaultdict(set)
    for record, item in zip(records, parsed, strict=True):
        listed[item].add(record.provider)
    for key in known:
        listed[parse_key(key)].add("")
    final = _reduce(listed)
    known_keys = frozenset(known)
    clusters: dict[Parsed, list[str]] = defaultdict(list)
    for full, reduced in final.items():
        clusters[reduced].append(full.key)
    names = {reduced: _cluster_key(keys, known_keys) for reduced, keys in clusters.items()}
    out = []
    for item in parsed:
        out.append(item.key if item.key in known_keys else names[final[item]])
    return out


def _cluster_key(keys: list[str], known: frozenset[str]) -> str:
    candidates = [key for key in keys if key in known] or keys
    return min(candidates, key=lambda key: (";tier=" in key, -key.count(";"), key))


def _reduce(listed: dict[Parsed, set[str]]) -> dict[Parsed, Parsed]:
    current = {item: item for item in listed}
    providers = {item: set(p) for item, p in listed.items()}
    for kind in _KINDS:
        families: dict[Parsed, dict[str, list[Parsed]]] = defaultdict(lambda: defaultdict(list))
        for item in set(current.values()):
            value = next((v for k, v in item.marks if k == kind), "")
            rest = Parsed(item.core, tuple(m for m in item.marks if m[0] != kind))
            families[rest][value].append(item)
        mapping: dict[Parsed, Parsed] = {}
        newp: dict[Parsed, set[str]] = defaultdict(set)
        settled = _KINDS[: _KINDS.index(kind)]
        scopes: dict[Parsed, set[str]] = defaultdict(set)
        for rest, values in families.items():
            scopes[_scope(rest, settled)].update(value for value in values if value)
        for rest, values in families.items():
            several = len(scopes[_scope(rest, settled)]) > 1 and kind != "tier"
            sig = several or _significant(kind, rest, values, providers)
            for items in values.values():
                for item in items:
                    mapping[item] = item if sig else rest
                    newp[mapping[item]] |= providers[item]
        providers = dict(newp)
        current = {full: mapping[item] for full, item in current.items()}
    return current


def _maker(item: Parsed) -> str:
    words = item.core[0].split("-")
    return next((v for word in words if (v := family_vendor(word)) is not None), "")


def _scope(rest: Parsed, settled: tuple[str, ...]) -> Parsed:
    return Parsed(rest.core, tuple(mark for mark in rest.marks if mark[0] in settled))


def _significant(
    kind: str,
    rest: Parsed,
    values: Mapping[str, list[Parsed]],
    providers: Mapping[Parsed, set[str]],
) -> bool:
    marked = [v for v in values if v]
    if not marked:
        return False
    if kind == "tier":
        vendor = _maker(rest)
        plain = {p for i in values.get("", []) for p in providers[i]}
        tiered = {p for v in marked for i in values[v] for p in providers[i]}
        listed = any(is_own_provider(p, vendor) for p in tiered)
        return listed or not any(is_own_provider(p, vendor) for p in plain)
    if len(marked) > 1:
        return True
    bare = {p for i in values.get("", []) for p in providers[i]}
    full = {p for i in values[marked[0]] for p in providers[i]}
    return bool(bare & full)


def representative(spellings: Sequence[Spelling]) -> str:
    """Return the `vendor/model` under which the catalog lists these spellings."""
    ids = [(s, canonical_id(s.provider, s.raw_id)) for s in spellings]
    own = [i for s, i in ids if is_own_provider(s.provider, i.partition("/")[0])]
    counts = Counter(own or [i for _, i in ids])
    return min(counts, key=lambda i: (-counts[i], len(i), i))
