"""What one answer of a feed means for what is known: pure, from data to data.

`plan_feed` links the answer's models to known provider models and entries,
finds the claims that are new, changed, missing or back, and checks the guards.
What comes into force follows from the claims by `app.core.resolve`.

Records are referred to by row id (int) where they exist and by text where the
plan creates them: a provider by its feed key, an entry by its identity key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

from app.core.errors import FewerModelsError, GuardError
from app.core.hashing import content_hash
from app.core.identity import Spelling, canonical_id, group_spellings, representative
from app.core.merge import Member, merge_members

Ref = int | str
MAX_ID = 255


@dataclass(frozen=True, slots=True)
class Offered:
    """A model in the answer, its provider settled. ``provider`` is the key identity goes by.

    ``home`` is the entry it had before it was taken away: its identity key and public id.
    """

    provider_ref: Ref
    provider: str
    raw_id: str
    fields: Mapping[str, Any]
    about: Mapping[str, Any]
    home: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A provider model in the database, and this feed's claim on it (hash None: no claim yet)."""

    id: int
    provider_id: int
    provider: str
    raw_id: str
    entry_id: int
    retired: bool
    content_hash: str | None = None
    misses: int = 0


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """An entry in the database, and this feed's claim on it (hash None: no claim yet)."""

    id: int
    public_id: str
    identity_key: str | None
    content_hash: str | None = None
    misses: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """A feed's settings: misses until a record retires, least share of known models in per cent.

    ``seen`` is how many models the answer holds where some of them are not to be planned.
    """

    miss_limit: int = 2
    minimum_share: int = 80
    seen: int | None = None


@dataclass(slots=True)
class NewEntry:
    """An entry to create."""

    identity_key: str
    public_id: str


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """This feed's claim on a record as it will be. ``is_new``: there was none before."""

    ref: Ref | tuple[Ref, str]
    fields: Mapping[str, Any]
    about: Mapping[str, Any] | None
    content_hash: str
    is_new: bool
    misses: int = 0


@dataclass(slots=True)
class FeedPlan:
    """What a sync will do. Claims on new provider models are referred to as (provider, raw id).

    ``missing`` and ``entry_misses`` are the misses of known records after this answer.
    """

    new_models: list[tuple[Offered, Ref]] = field(default_factory=list)
    new_entries: list[NewEntry] = field(default_factory=list)
    aliases: dict[str, Ref] = field(default_factory=dict)
    model_claims: list[ClaimChange] = field(default_factory=list)
    entry_claims: list[ClaimChange] = field(default_factory=list)
    missing: dict[int, int] = field(default_factory=dict)
    entry_misses: dict[int, int] = field(default_factory=dict)
    seen: int = 0

    def is_empty(self) -> bool:
        """Whether there is nothing to write at all."""
        return not (
            self.new_models
            or self.model_claims
            or self.entry_claims
            or self.missing
            or self.entry_misses
            or self.aliases
        )


def check_guards(offered: int, known: int, limits: Limits) -> None:
    """Refuse an answer that cannot be believed as a whole.

    ``known`` counts the models that this feed listed the last time; none: the
    first import, which is exempt from the comparison. Raises `GuardError`, and
    `FewerModelsError` where a person may believe it all the same.
    """
    if offered == 0:
        raise GuardError("the answer holds no model at all: refused, nothing was changed")
    if known and offered * 100 < known * limits.minimum_share:
        raise FewerModelsError(
            f"the answer holds {offered} models, {known} were known: fewer than"
            f" {limits.minimum_share} % of them. Refused, nothing was changed"
        )


def plan_feed(
    offered: Sequence[Offered],
    models: Sequence[KnownModel],
    entries: Sequence[KnownEntry],
    taken: Mapping[str, int],
    missing_about: Mapping[int, Mapping[str, Any]],
    limits: Limits,
    *,
    complete: bool = True,
    unreadable: Collection[tuple[str | None, str | None]] = (),
) -> FeedPlan:
    """Compare an answer with what is known.

    ``models`` are the provider models of the providers concerned, ``entries``
    all entries, ``taken`` all aliases with the entry they mean, ``missing_about``
    what the claims on absent provider models last said of the model.
    An answer that is not ``complete`` (it has pages that were not read) proves
    no absence, nor is a record absent that is among the ``unreadable``: pairs of
    provider key and raw id, None for any.
    Raises `GuardError` where the answer as a whole is refused.
    """
    known: dict[tuple[Ref, str], KnownModel] = {(m.provider_id, m.raw_id): m for m in models}
    mine = [m for m in models if m.content_hash is not None]
    seen = len(offered) if limits.seen is None else limits.seen
    check_guards(seen, sum(not m.misses for m in mine) if complete else 0, limits)
    plan = FeedPlan(seen=seen)
    by_id = {entry.id: entry for entry in entries}
    links = _link(offered, known, entries, taken, plan)
    touched = _plan_models(offered, known, links, plan)
    present = {(o.provider_ref, o.raw_id) for o in offered}
    absent = [m for m in mine if (m.provider_id, m.raw_id) not in present]
    gone = [m for m in absent if complete and not _is_unreadable(m, unreadable)]
    plan.missing = {m.id: m.misses + 1 for m in gone if m.misses < limits.miss_limit}
    touched |= {m.entry_id for m in gone if m.misses < limits.miss_limit}
    after = {m.id: m.misses for m in absent} | {m.id: m.misses + 1 for m in gone}
    living = [(m, after[m.id]) for m in absent if after[m.id] < limits.miss_limit]
    members = _members(offered, links, living, missing_about, touched)
    _plan_entries(members, touched, by_id, plan, limits)
    return plan


def _is_unreadable(
    model: KnownModel, unreadable: Collection[tuple[str | None, str | None]]
) -> bool:
    pairs = ((model.provider, model.raw_id), (model.provider, None), (None, model.raw_id))
    return any(pair in unreadable for pair in pairs)


def _link(
    offered: Sequence[Offered],
    known: Mapping[tuple[Ref, str], KnownModel],
    entries: Sequence[KnownEntry],
    taken: Mapping[str, int],
    plan: FeedPlan,
) -> list[Ref]:
    """The entry of each model: its own where it has one, else the one that its spelling means."""
    links: list[Ref | None] = [
        m.entry_id if (m := known.get((o.provider_ref, o.raw_id))) else None for o in offered
    ]
    if None not in links:
        return [link for link in links if link is not None]
    by_key: dict[str, Ref] = {e.identity_key: e.id for e in entries if e.identity_key is not None}
    by_public_id = {e.public_id: e.id for e in entries}
    names = set(by_public_id)
    for i, model in enumerate(offered):
        if links[i] is None and model.home is not None:
            links[i] = _go_home(model.home, by_key, by_public_id, names, plan)
    spellings = [_spelling(o) for o in offered]
    keys = group_spellings(spellings, known=by_key.keys())
    groups: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    for key, indexes in sorted(groups.items()):
        if all(links[i] is not None for i in indexes):
            continue
        members = [spellings[i] for i in indexes]
        ref = (
            by_key.get(key) or _by_name(members, by_public_id) or _create(key, members, names, plan)
        )
        for i in indexes:
            if links[i] is None:
                links[i] = ref
    settled = [link for link in links if link is not None]
    _name_spellings(spellings, settled, names, taken, plan)
    return settled


def _go_home(
    home: tuple[str, str],
    by_key: dict[str, Ref],
    by_public_id: Mapping[str, int],
    names: set[str],
    plan: FeedPlan,
) -> Ref:
    """The entry of that id or identity; where there is none any more, it is made again."""
    key, public_id = home
    known = by_public_id.get(public_id) or by_key.get(key)
    if known is not None:
        return known
    names.add(public_id)
    plan.new_entries.append(NewEntry(key, public_id))
    by_key[key] = key
    return key


def _spelling(offered: Offered) -> Spelling:
    name = offered.fields.get("model_display_name") or offered.about.get("model_display_name")
    return Spelling(offered.provider, offered.raw_id, name, offered.about.get("family"))


def _by_name(members: Sequence[Spelling], by_public_id: Mapping[str, int]) -> int | None:
    return by_public_id.get(representative(members))


def _create(key: str, members: Sequence[Spelling], names: set[str], plan: FeedPlan) -> str:
    """A new entry under its spellings' best id that is still free."""
    best = representative(members)
    others = sorted({canonical_id(m.provider, m.raw_id) for m in members})
    numbered = (f"{best[: MAX_ID - 8]}-{number}" for number in count(2))
    public_id = next(i for i in chain((best,), others, numbered) if i and i not in names)
    names.add(public_id)
    plan.new_entries.append(NewEntry(key, public_id))
    return key


def _name_spellings(
    spellings: Sequence[Spelling],
    links: Sequence[Ref],
    names: set[str],
    taken: Mapping[str, int],
    plan: FeedPlan,
) -> None:
    """Aliases: every spelling that means one entry only and is not an id or alias already."""
    meant: dict[str, set[Ref]] = defaultdict(set)
    for spelling, link in zip(spellings, links, strict=True):
        for text in (canonical_id(spelling.provider, spelling.raw_id), spelling.raw_id.lower()):
            meant[text].add(link)
    for text, refs in meant.items():
        if len(refs) == 1 and text not in names and text not in taken and len(text) <= MAX_ID:
            plan.aliases[text] = next(iter(refs))


def _plan_models(
    offered: Sequence[Offered],
    known: Mapping[tuple[Ref, str], KnownModel],
    links: Sequence[Ref],
    plan: FeedPlan,
) -> set[Ref]:
    """The claims on provider models that are new, changed or back; returns their entries."""
    touched: set[Ref] = set()
    for model, link in zip(offered, links, strict=True):
        at = known.get((model.provider_ref, model.raw_id))
        digest = content_hash(model.fields, model.about)
        if at is not None and at.content_hash == digest and not at.misses:
            if not at.retired:
                continue
        elif at is None:
            plan.new_models.append((model, link))
        ref: Ref | tuple[Ref, str] = at.id if at else (model.provider_ref, model.raw_id)
        is_new = at is None or at.content_hash is None
        plan.model_claims.append(ClaimChange(ref, model.fields, model.about, digest, is_new))
        touched.add(link)
    return touched


def _members(
    offered: Sequence[Offered],
    links: Sequence[Ref],
    living: Sequence[tuple[KnownModel, int]],
    missing_about: Mapping[int, Mapping[str, Any]],
    touched: set[Ref],
) -> dict[Ref, list[tuple[Member, int]]]:
    """The living records of each entry concerned, each with its misses after this answer."""
    members: dict[Ref, list[tuple[Member, int]]] = defaultdict(list)
    for model, link in zip(offered, links, strict=True):
        if link in touched:
            members[link].append((Member(model.provider, model.raw_id, model.about), 0))
    for gone, misses in living:
        if gone.entry_id in touched:
            member = Member(gone.provider, gone.raw_id, missing_about.get(gone.id, {}))
            members[gone.entry_id].append((member, misses))
    return members


def _plan_entries(
    members: Mapping[Ref, Sequence[tuple[Member, int]]],
    touched: Iterable[Ref],
    by_id: Mapping[int, KnownEntry],
    plan: FeedPlan,
    limits: Limits,
) -> None:
    """The claims on entries, merged from their provider models' records."""
    public_ids: dict[Ref, str] = {e.identity_key: e.public_id for e in plan.new_entries}
    for ref in sorted(touched, key=str):
        known = by_id.get(ref) if isinstance(ref, int) else None
        living = members.get(ref, ())
        if not living:
            if known is not None and known.content_hash is not None:
                plan.entry_misses[known.id] = limits.miss_limit
            continue
        public_id = known.public_id if known else public_ids[ref]
        fields = merge_members(public_id, [member for member, _ in living])
        digest = content_hash(fields)
        misses = min(missed for _, missed in living)
        if known is None or known.content_hash != digest:
            is_new = known is None or known.content_hash is None
            plan.entry_claims.append(ClaimChange(ref, fields, None, digest, is_new, misses))
        elif known.misses != misses:
            plan.entry_misses[known.id] = misses
