"""Finds entries and provider models by what somebody typed, with typing errors, the best first.

Two steps. The index of letters in threes names a hundred records that may be meant,
from the strictest way to read the words to the loosest, and stops when it has enough.
Then each of them is judged by its names (`app.core.finding`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.finding import Candidate, Wanted, score_of
from app.models import CatalogEntry, Provider, ProviderModel
from app.queries.lookup import find_entry_id
from app.queries.search import ENTRIES, GRAM, PROVIDER_MODELS, SearchTable, trigrams

ENOUGH = 100
# What no index knows, one letter, is looked for in so many of the newest.
SEARCHED = 3_000
# What may stand before a name or the last part of an id, and before any word.
_BEGINS = "\n/"
_PARTS = "\n/-:._@ "
Reading = Select[int]


class FoundEntry(NamedTuple):
    """An entry that may be meant."""

    id: int
    public_id: str
    name: str | None
    family: str | None
    active: bool
    retired_at: int | None
    updated_at: int

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.public_id

    def candidate(self, *, exact: bool) -> Candidate:
        """What it is judged by."""
        return Candidate(
            self.title,
            self.public_id,
            self.family or "",
            described=True,
            active=self.active,
            retired=self.retired_at is not None,
            exact=exact,
        )


class FoundModel(NamedTuple):
    """A provider model that may be meant."""

    id: int
    public_id: str
    name: str | None
    raw_id: str
    provider: str
    active: bool
    retired_at: int | None
    updated_at: int

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name or self.raw_id

    def candidate(self, *, exact: bool) -> Candidate:
        """What it is judged by."""
        return Candidate(
            self.title,
            self.raw_id,
            owner=self.provider,
            described=True,
            active=self.active,
            retired=self.retired_at is not None,
            exact=exact,
        )


Row = TypeVar("Row", FoundEntry, FoundModel)


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """A record, and how well it answers."""

    score: float
    row: Row


_ENTRIES = select(
    CatalogEntry.id,
    CatalogEntry.public_id,
    CatalogEntry.model_display_name,
    CatalogEntry.family,
    CatalogEntry.active,
    CatalogEntry.retired_at,
    CatalogEntry.updated_at,
).where(
    CatalogEntry.merged_into_id.is_(None), CatalogEntry.id.in_(bindparam("ids", expanding=True))
)
_MODELS = (
    select(
        ProviderModel.id,
        ProviderModel.public_id,
        ProviderModel.model_display_name,
        ProviderModel.raw_id,
        Provider.name,
        and_(ProviderModel.active, CatalogEntry.active, Provider.active),
        ProviderModel.retired_at,
        ProviderModel.updated_at,
    )
    .join(Provider, Provider.id == ProviderModel.provider_id)
    .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
    .where(Provider.deleted_at.is_(None), ProviderModel.id.in_(bindparam("ids", expanding=True)))
)


def find_entries(session: Session, wanted: Wanted, limit: int) -> list[Found[FoundEntry]]:
    """The entries that answer best."""
    exact = _exact_entry(session, wanted)
    ids = _candidates(session, ENTRIES, wanted, exact)
    rows = session.connection().execute(_ENTRIES, {"ids": list(ids)})
    return _best(wanted, map(FoundEntry._make, rows), exact, limit)


def find_models(session: Session, wanted: Wanted, limit: int) -> list[Found[FoundModel]]:
    """The provider models that answer best; those of deleted providers are not there."""
    exact = set(session.scalars(_exact_models(wanted).limit(ENOUGH)))
    ids = _candidates(session, PROVIDER_MODELS, wanted, exact)
    rows = session.connection().execute(_MODELS, {"ids": list(ids)})
    return _best(wanted, map(FoundModel._make, rows), exact, limit)


def _best(wanted: Wanted, rows: Iterable[Row], exact: set[int], limit: int) -> list[Found[Row]]:
    """What was changed last comes first among equals."""
    scored = ((score_of(wanted, row.candidate(exact=row.id in exact)), row) for row in rows)
    found = [Found(score, row) for score, row in scored if score is not None]
    found.sort(key=lambda one: (-one.score, -one.row.updated_at, one.row.id))
    return found[:limit]


def _exact_entry(session: Session, wanted: Wanted) -> set[int]:
    """The entry whose id, or another spelling of it, is what was typed."""
    try:
        return {find_entry_id(session, wanted.text)}
    except NotFoundError:
        return set()


def _exact_models(wanted: Wanted) -> CompoundSelect[int]:
    return union_all(
        select(ProviderModel.id).where(ProviderModel.public_id == wanted.text),
        select(ProviderModel.id).where(ProviderModel.raw_id == wanted.text),
    )


def _candidates(session: Session, search: SearchTable, wanted: Wanted, exact: set[int]) -> set[int]:
    """The row ids of records that may be meant."""
    found = set(exact)
    for reading in _readings(session.get_bind().dialect.name, search, wanted):
        if len(found) >= ENOUGH:
            break
        found.update(session.scalars(reading.limit(ENOUGH)))
    return found


def _readings(dialect: str, search: SearchTable, wanted: Wanted) -> Iterator[Reading]:
    """Ways to read what was typed, the strictest first.

    A mistyped word stands in no name, so that nothing is asked but what it may mean. A
    single letter beside other words is left to the judge.
    """
    words = [[one.word for one in meant] for meant in wanted.words]
    if len(wanted.text) < GRAM and (len(wanted.text) == 1 or not wanted.text.isascii()):
        yield _among_newest(dialect, search, wanted.text)
        return
    named = _Sqlite(search) if dialect == "sqlite" else _Postgres(search)
    if not wanted.has_typos:
        yield named.holding([[f"{before}{wanted.text}\n" for before in _BEGINS]])
        yield named.holding([[before + wanted.text for before in _BEGINS]])
    words = [meant for meant in words if len(meant[0]) > 1]
    if words:
        yield named.starting(words)
    if any(len(meant[0]) >= GRAM for meant in words):
        yield named.holding([meant for meant in words if len(meant[0]) >= GRAM])


def _among_newest(dialect: str, search: SearchTable, text: str) -> Reading:
    stored, pk = search.on(dialect)
    newest = select(pk.label("pk"), stored.c.text).order_by(pk.desc()).limit(SEARCHED).subquery()
    position = func.instr if dialect == "sqlite" else func.strpos
    befores = _PARTS if text.isascii() else ("",)
    held = (position(newest.c.text, before + text) > literal(0) for before in befores)
    return select(newest.c.pk).where(or_(*held))


class _Sqlite:
    """Readings in the words of FTS5, which gives the newest first and stops early."""

    def __init__(self, search: SearchTable) -> None:
        self._stored, self._pk = search.on("sqlite")
        self._row = self._stored.c[search.name]

    def holding(self, groups: list[list[str]]) -> Reading:
        """Texts that hold one member of every group."""
        parts = (" OR ".join(map(self._phrase, group)) for group in groups)
        match = " AND ".join(f"({part})" for part in parts)
        return select(self._pk).where(self._row.match(match)).order_by(self._pk.desc())

    def starting(self, groups: list[list[str]]) -> Reading:
        """Texts in which one member of every group begins a word."""
        return self.holding(
            [[before + word for word in group for before in _PARTS] for group in groups]
        )

    def _phrase(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"'


class _Postgres:
    """Readings in letters in threes, which may say more than the text holds: the judge decides."""

    def __init__(self, search: SearchTable) -> None:
        stored, self._pk = search.on("postgresql")
        self._text, self._grams = stored.c.text, stored.c.grams

    def holding(self, groups: list[list[str]]) -> Reading:
        """Texts that hold one member of every group."""
        return select(self._pk).where(*(or_(*map(self._holds, group)) for group in groups))

    def _holds(self, text: str) -> ColumnElement[bool]:
        return and_(
            self._grams.contains(trigrams(text)), func.strpos(self._text, text) > literal(0)
        )

    def starting(self, groups: list[list[str]]) -> Reading:
        """Texts that hold one member of every group, and a word that begins like it."""
        return select(self._pk).where(*(or_(*map(self._starts, group)) for group in groups))

    def _starts(self, word: str) -> ColumnElement[bool]:
        begun = sorted({gram for before in _PARTS for gram in trigrams(before + word[:2])})
        beginning: ColumnElement[bool] = self._grams.overlap(begun)
        if len(word) < GRAM:
            return beginning
        return and_(self._grams.contains(trigrams(word)), beginning)
