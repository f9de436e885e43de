"""What one feed says of a model that several of its providers list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.hashing import canonical
from app.core.identity import canonical_id, is_own_provider


@dataclass(frozen=True, slots=True)
class Member:
    """One provider's record of the model: ``about`` is what it says of the model as such."""

    provider: str
    raw_id: str
    about: Mapping[str, Any]


def merge_members(public_id: str, members: Sequence[Member]) -> dict[str, Any]:
    """One claim from many: field by field, the vendor's own provider speaks.

    Where it is silent or not there, the most frequent value among the providers
    counts; of equally frequent ones the first in canonical order. The order of
    ``members`` does not matter.
    """
    vendor = public_id.partition("/")[0]
    own = sorted(
        (m for m in members if is_own_provider(m.provider, vendor)),
        key=lambda m: _distance(public_id, m),
    )
    fields = {name for member in members for name in member.about}
    out = {}
    for name in sorted(fields):
        said = next((m.about[name] for m in own if name in m.about), None)
        out[name] = said if said is not None else most_frequent(_values(members, name))
    return out


def _distance(public_id: str, member: Member) -> tuple[bool, int, str, str]:
    """Of several storefronts and spellings of a vendor, the one named as the entry comes first."""
    other = canonical_id(member.provider, member.raw_id) != public_id
    return other, len(member.provider) + len(member.raw_id), member.provider, member.raw_id


def _values(members: Iterable[Member], name: str) -> list[Any]:
    return [m.about[name] for m in members if name in m.about]


def most_frequent(values: Sequence[Any]) -> Any:
    """The value that occurs most often; ties go to the first by canonical text."""
    if len(values) == 1:
        return values[0]
    texts = [canonical(value) for value in values]
    counts = Counter(texts)
    winner = min(counts, key=lambda text: (-counts[text], text))
    return values[texts.index(winner)]
