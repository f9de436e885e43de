"""Why what is in force is not what a feed says: every difference explained, or named.

What the feeds say is taken from their answers alone, not from the claims table: `Voices` hears
them file by file. For provider models it is the parsed record, for entries the records of the
provider models that belong to them, merged. `explain` then looks at every field of every record.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import RecordType, feed_fields
from app.core.hashing import canonical, content_hash, same
from app.core.merge import Member, merge_members
from app.models import Feed, Override, Provider, ProviderModel, SyncItem
from app.queries.states import TABLES, trusted_fields, trusted_model_fields
from app.upstreams import feed_kind
from app.upstreams.base import ParsedFeed

RecordKey = tuple[str, int]
ModelKey = tuple[int, str]  # provider's row id, raw id
NAME = "model_display_name"


@dataclass(slots=True)
class Word:
    """What a feed said last of a record, and in how many answers in a row it was absent since."""

    fields: Mapping[str, Any]
    about: Mapping[str, Any] = field(default_factory=dict)
    misses: int = 0
    is_noted: bool = False


class Problem(NamedTuple):
    """A value that nothing explains."""

    record_type: str
    record: str
    field: str
    in_force: Any
    feed: str
    said: Any


@dataclass(slots=True)
class Voice:
    """One feed: what it says of provider models, and, merged, of entries."""

    feed: str
    models: dict[ModelKey, Word] = field(default_factory=dict)
    entries: dict[int, Word] = field(default_factory=dict)
    # All that it ever said of a field of a record.
    ever: set[tuple[str, int, str, str]] = field(default_factory=set)
    # Some of its models are not in the catalog: what it says of entries changes once they are.
    is_partial: bool = False


class Voices:
    """All feeds, heard one answer after the other. Refused answers are not to be heard."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.of: dict[str, Voice] = {}

    def hear(self, feed_name: str, parsed: ParsedFeed) -> None:
        """Take in an answer once its sync is done (the links to entries are then there)."""
        feed = self.session.scalars(select(Feed).where(Feed.name == feed_name)).one()
        voice = self.of.setdefault(feed_name, Voice(feed_name))
        providers = dict(self.session.execute(select(Provider.feed_key, Provider.id)).all())
        own = feed.provider_id or providers.get(feed_kind(feed.kind).provider_kind)
        heard = {
            (providers.get(m.provider_key, -1) if m.provider_key else own or -1, m.raw_id): m
            for m in parsed.models
        }
        for key, word in voice.models.items():
            if key not in heard:
                word.misses = min(word.misses + 1, feed.miss_limit)
        for key, model in heard.items():
            voice.models[key] = Word(model.offer, model.entry)
        self.merge(voice, feed.miss_limit)

    def merge(self, voice: Voice, miss_limit: int) -> None:
        """What the feed says of entries: its living members, as they are linked now."""
        ids, linked, names = _known(self.session)
        members: dict[int, list[tuple[Member, int]]] = defaultdict(list)
        keys = _identity_keys(self.session)
        voice.is_partial = not voice.models.keys() <= ids.keys()
        for key, word in voice.models.items():
            if (record_id := ids.get(key)) is None:
                continue
            _remember(voice, "provider_model", record_id, word)
            if word.misses < miss_limit:
                member = Member(keys[key[0]], key[1], word.about)
                members[linked[record_id]].append((member, word.misses))
        for word in voice.entries.values():
            word.misses = miss_limit
        for entry_id, living in members.items():
            fields = merge_members(names[entry_id], [member for member, _ in living])
            misses = min(missed for _, missed in living)
            before = voice.entries.get(entry_id)
            if before is None or not same(before.fields, fields):
                voice.entries[entry_id] = Word(fields)
            voice.entries[entry_id].misses = misses
            _remember(voice, "entry", entry_id, voice.entries[entry_id])


def _remember(voice: Voice, record_type: RecordType, record_id: int, word: Word) -> None:
    """Note all that the feed says of the record now."""
    if not word.is_noted:
        said = ((f.name, word.fields.get(f.name)) for f in feed_fields(record_type))
        voice.ever |= {(record_type, record_id, name, canonical(value)) for name, value in said}
        word.is_noted = True


def _known(session: Session) -> tuple[dict[ModelKey, int], dict[int, int], dict[int, str]]:
    """Provider models by provider and raw id; their entries; the entries' public ids."""
    session.rollback()
    columns = (ProviderModel.id, ProviderModel.provider_id, ProviderModel.raw_id)
    ids: dict[ModelKey, int] = {}
    linked: dict[int, int] = {}
    for pk, provider_id, raw_id, entry_id in session.execute(
        select(*columns, ProviderModel.entry_id)
    ):
        ids[provider_id, raw_id] = pk
        linked[pk] = entry_id
    entries = TABLES["entry"].__table__.c
    names = dict(session.execute(select(entries.id, entries.public_id)).all())
    return ids, linked, names


def _identity_keys(session: Session) -> dict[int, str]:
    rows = session.execute(select(Provider.id, Provider.feed_key, Provider.vendor))
    return {pk: feed_key or vendor for pk, feed_key, vendor in rows}


class _Opinion(NamedTuple):
    """A feed's word on one record, and how much it weighs: the smallest rank speaks."""

    feed: str
    rank: tuple[bool, int, str]
    trusted: frozenset[str] | None
    fields: Mapping[str, Any]

    def trusts(self, name: str) -> bool:
        return self.trusted is None or name in self.trusted


class _Open(NamedTuple):
    """A value that waits or was rejected, and the former word that counts instead."""

    state: str
    new: Any
    said_old: Any


@dataclass(slots=True)
class Explained:
    """How many fields agree, how many differ and why, and what nothing explains."""

    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)

    def text(self) -> str:
        """The first problems, one a line."""
        return "\n".join(map(str, self.problems[:20]))


class _Scene:
    """Everything that may explain a difference."""

    def __init__(self, session: Session, voices: Voices) -> None:
        session.rollback()
        self.session, self.voices = session, voices
        self.feeds = {feed.name: feed for feed in session.scalars(select(Feed))}
        self.ids, self.linked, self.names = _known(session)
        overrides = (Override.record_type, Override.record_id, Override.field, Override.value)
        self.overrides: dict[tuple[Any, ...], Any] = {
            tuple(key): value for *key, value in session.execute(select(*overrides))
        }
        self.open: dict[tuple[str, str, int, str | None], _Open] = {}
        self.targets: dict[str, _Open] = {}
        open_items = (SyncItem.record_type, SyncItem.record_id, SyncItem.field, SyncItem.target)
        said = (SyncItem.state, SyncItem.new, SyncItem.said_old)
        for name, kind, pk, field_, target, *item in session.execute(
            select(Feed.name, *open_items, *said)
            .join(Feed, Feed.id == SyncItem.feed_id)
            .where(SyncItem.state.in_(("waiting", "rejected")))
        ):
            if pk is None:
                self.targets[f"{name}\n{target}"] = _Open(*item)
            else:
                key = (name, kind, pk, field_)
                assert key not in self.open, f"two open items about {key}"
                self.open[key] = _Open(*item)

    def opinions(self) -> dict[RecordKey, list[_Opinion]]:
        """All feeds' words by record."""
        found: dict[RecordKey, list[_Opinion]] = defaultdict(list)
        for name, voice in self.voices.of.items():
            feed = self.feeds[name]
            of_entries = trusted_fields(feed.kind, feed.trusted_fields)
            of_models = trusted_model_fields(feed.trusted_model_fields)
            for key, word in voice.models.items():
                if (pk := self.ids.get(key)) is not None:
                    found["provider_model", pk].append(self._weigh(feed, of_models, word))
            for pk, word in voice.entries.items():
                found["entry", pk].append(self._weigh(feed, of_entries, word))
        return found

    def held(self, one: _Opinion, key: tuple[str, int, str]) -> _Open | None:
        """The open item that is about exactly this word of a feed."""
        item = self.open.get((one.feed, *key))
        return item if item is not None and same(item.new, one.fields.get(key[2])) else None

    def _weigh(self, feed: Feed, trusted: frozenset[str] | None, word: Word) -> _Opinion:
        rank = (word.misses >= feed.miss_limit, feed.priority, feed.name)
        return _Opinion(feed.name, rank, trusted, word.fields)


def explain(session: Session, voices: Voices) -> Explained:
    """Compare every field of every record with what every feed says of it."""
    scene, result = _Scene(session, voices), Explained()
    opinions = scene.opinions()
    for record_type in TABLES:
        table = TABLES[record_type].__table__.c
        names = [f.name for f in feed_fields(record_type)]
        columns = [table[n] for n in (*names, "id", "public_id", "protection", "sources")]
        for found in session.execute(select(*columns).order_by(table.id)).mappings():
            row = dict(found)
            said = sorted(opinions.pop((record_type, row["id"]), []), key=lambda o: o.rank)
            for name in names:
                _explain_field(scene, result, record_type, row, name, said)
    _explain_absent(scene, result)
    result.problems += [
        Problem(kind, str(pk), "*", None, one.feed, "a record that is not there")
        for (kind, pk), said in opinions.items()
        for one in said
    ]
    return result


def _explain_field(
    scene: _Scene,
    result: Explained,
    record_type: RecordType,
    row: Mapping[str, Any],
    name: str,
    said: Sequence[_Opinion],
) -> None:
    key = (record_type, row["id"], name)
    words = [(one, one.fields.get(name), scene.held(one, key)) for one in said]
    for one, _, held in words:
        if held and (*key, canonical(held.said_old)) not in scene.voices.of[one.feed].ever:
            before = f"said before, it is claimed: {held.said_old!r}"
            result.problems.append(Problem(*_named(row), name, row[name], one.feed, before))
    counted = ((o, held.said_old if held else word) for o, word, held in words if o.trusts(name))
    speaker, expected = next(((o, w) for o, w in counted if w is not None), (None, None))
    decided = _decided(scene, row, key)
    if decided is None and not same(row[name], expected):
        feed = speaker.feed if speaker else "nobody"
        result.problems.append(Problem(*_named(row), name, row[name], feed, expected))
        return
    for one, word, held in words:
        result.reasons[_reason(row[name], one, word, held, decided, name)] += 1


def _reason(
    in_force: Any, one: _Opinion, word: Any, held: _Open | None, decided: str | None, name: str
) -> str:
    """Why a word is in force or not, where the value in force is what it ought to be."""
    if same(word, in_force):
        return "agrees"
    if decided is not None:
        return decided
    if not one.trusts(name):
        return "not trusted with it"
    if held is not None:
        return f"held back: {held.state}"
    if word is None:
        return "says nothing of it"
    return "gone from the feed" if one.rank[0] else "a stronger feed speaks"


def _named(row: Mapping[str, Any]) -> tuple[str, str]:
    return "provider_model" if row["public_id"].startswith("pmdl_") else "entry", row["public_id"]


def _decided(scene: _Scene, row: Mapping[str, Any], key: tuple[str, int, str]) -> str | None:
    """Whether a person decided that the value is this one."""
    record_type, pk, name = key
    if key in scene.overrides:
        return "override" if same(scene.overrides[key], row[name]) else None
    if row["protection"] == "entry":
        return "protected record"
    if record_type == "provider_model" and name == NAME and row["protection"] == "none":
        named = scene.overrides.get(("entry", scene.linked[pk], NAME))
        return "name of the entry" if named is not None and same(named, row[name]) else None
    return None


def _explain_absent(scene: _Scene, result: Explained) -> None:
    """Records that feeds list and the catalog does not have: they wait, or were rejected."""
    keys = _identity_keys(scene.session)
    for name, voice in scene.voices.of.items():
        for key, word in voice.models.items():
            if key in scene.ids or word.misses:
                continue
            held = scene.targets.get(f"{name}\n{keys.get(key[0], '')}\n{key[1]}")
            if held is not None and held.new == content_hash(word.fields, word.about):
                result.reasons[f"new record: {held.state}"] += 1
            else:
                result.problems.append(Problem("provider_model", key[1], "*", None, name, "new"))
