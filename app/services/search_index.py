"""Keeps what finds records beside the records: search texts, words, and the tags of entries.

The write path calls these inside its transaction; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import TextClause, bindparam, delete, insert, select, text
from sqlalchemy.orm import Session

from app.core.finding import vocabulary_of
from app.models import CatalogEntry, EntryTag, Provider, ProviderModel, SearchWord
from app.queries.search import ENTRIES, PROVIDER_MODELS, SearchTable, joined, trigrams

Item = TypeVar("Item")
CHUNK = 1_000

_STORED = {
    "sqlite": "SELECT rowid AS id, text FROM {name} WHERE rowid IN :ids",
    "postgresql": "SELECT {key} AS id, text FROM {name} WHERE {key} IN :ids",
}
_WRITE = {
    "sqlite": "INSERT OR REPLACE INTO {name} (rowid, text) VALUES (:id, :text)",
    "postgresql": "INSERT INTO {name} ({key}, text, grams) VALUES (:id, :text, :grams)"
    " ON CONFLICT ({key}) DO UPDATE SET text = excluded.text, grams = excluded.grams",
}
# Two processes may learn a word at once.
_ADD_WORDS = text("INSERT INTO search_words (word) VALUES (:word) ON CONFLICT (word) DO NOTHING")
_SEARCHED = (
    select(
        ProviderModel.id,
        ProviderModel.model_display_name,
        ProviderModel.raw_id,
        CatalogEntry.public_id,
        Provider.name,
    )
    .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
    .join(Provider, Provider.id == ProviderModel.provider_id)
    .where(ProviderModel.id.in_(bindparam("ids", expanding=True)))
)


def search_text(values: Mapping[str, Any], public_id: str) -> str:
    """What a search looks through: id, display name, family, tags, description; folded.

    `values` are an entry's values by field name; a missing one is unknown.
    """
    named = (values.get("model_display_name"), values.get("family"))
    return joined([public_id, *named, *(values.get("tags") or ()), values.get("description")])


def index_entries(session: Session, rows: Sequence[tuple[int, str]]) -> None:
    """Store the search texts (of `search_text`) of these entries, by their pk; unchanged ones are
    not written. The entries must be in the database already.
    """
    _index(session, ENTRIES, rows)


def index_provider_models(session: Session, ids: Iterable[int]) -> None:
    """Make provider models (by row id) findable by what the database says of them now.

    That is their display name, the provider's own id of them, their entry's id and
    their provider's name: call it where one of those changes, after it is written.
    """
    for chunk in _chunks(sorted(ids)):
        rows = session.connection().execute(_SEARCHED, {"ids": list(chunk)})
        _index(session, PROVIDER_MODELS, [(pk, joined(parts)) for pk, *parts in rows])


def _index(session: Session, search: SearchTable, rows: Sequence[tuple[int, str]]) -> None:
    dialect = session.get_bind().dialect.name
    write = _statement(_WRITE[dialect], search)
    for chunk in _chunks(rows):
        stored = _stored(session, search, [pk for pk, _ in chunk])
        changed = [
            {"id": pk, "text": words} | _grams(dialect, words)
            for pk, words in chunk
            if stored.get(pk) != words
        ]
        if changed:
            session.execute(write, changed)
            _learn(session, _names_among(search, chunk) - _names_among(search, stored.items()))


def _names_among(search: SearchTable, rows: Iterable[tuple[int, str]]) -> set[str]:
    """The lines of these texts that are names or ids: of an entry's the first two.

    A description is full of words that nothing is called.
    """
    lines = 2 if search is ENTRIES else None
    return {line for _, text in rows for line in text.split("\n")[:lines]}


def _learn(session: Session, names: Iterable[str]) -> None:
    """Keep the words of new names as what a mistyped word may mean."""
    words = vocabulary_of(names)
    for some in _chunks(sorted(words)):
        known = session.scalars(select(SearchWord.word).where(SearchWord.word.in_(some)))
        new = sorted(words.intersection(some).difference(known))
        if new:
            session.execute(_ADD_WORDS, [{"word": word} for word in new])


def rewrite_tags(session: Session, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Make the tag rows of these entries, by their pk, exactly the given tags."""
    for chunk in _chunks(rows):
        session.execute(delete(EntryTag).where(EntryTag.entry_id.in_([pk for pk, _ in chunk])))
        tags = [{"entry_id": pk, "tag": tag} for pk, names in chunk for tag in dict.fromkeys(names)]
        if tags:
            session.execute(insert(EntryTag), tags)


def _stored(session: Session, search: SearchTable, ids: list[int]) -> dict[int, str]:
    statement = _statement(_STORED[session.get_bind().dialect.name], search)
    found = session.execute(statement.bindparams(bindparam("ids", ids, expanding=True)))
    return {row.id: row.text for row in found}


@cache
def _statement(words: str, search: SearchTable) -> TextClause:
    return text(words.format(name=search.name, key=search.key))


def _grams(dialect: str, words: str) -> dict[str, list[int]]:
    return {"grams": trigrams(words)} if dialect == "postgresql" else {}


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def forget_entries(session: Session, ids: Iterable[int]) -> None:
    """Take removed entries (by row id) out of the search."""
    _forget(session, ENTRIES, ids)


def forget_provider_models(session: Session, ids: Iterable[int]) -> None:
    """Take removed provider models (by row id) out of the search."""
    _forget(session, PROVIDER_MODELS, ids)


def _forget(session: Session, search: SearchTable, ids: Iterable[int]) -> None:
    key = "rowid" if session.get_bind().dialect.name == "sqlite" else search.key
    gone = f"DELETE FROM {search.name} WHERE {key} IN :ids"  # noqa: S608 - names of our own
    for some in _chunks(sorted(ids)):
        session.execute(text(gone).bindparams(bindparam("ids", list(some), expanding=True)))
