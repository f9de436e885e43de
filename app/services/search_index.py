"""Keeps what finds entries beside the entries: search texts and tag rows.

The write path calls these inside its transaction; nothing here commits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import bindparam, delete, insert, text
from sqlalchemy.orm import Session

from app.models import EntryTag
from app.queries.search import joined, trigrams

Item = TypeVar("Item")
CHUNK = 1_000

_DELETE = {
    "sqlite": text("DELETE FROM entry_search WHERE rowid IN :ids"),
    "postgresql": text("DELETE FROM entry_search WHERE entry_id IN :ids"),
}
_STORED = {
    "sqlite": text("SELECT rowid AS id, text FROM entry_search WHERE rowid IN :ids"),
    "postgresql": text("SELECT entry_id AS id, text FROM entry_search WHERE entry_id IN :ids"),
}
_WRITE = {
    "sqlite": text("INSERT OR REPLACE INTO entry_search (rowid, text) VALUES (:id, :text)"),
    "postgresql": text(
        "INSERT INTO entry_search (entry_id, text, grams) VALUES (:id, :text, :grams)"
        " ON CONFLICT (entry_id) DO UPDATE SET text = excluded.text, grams = excluded.grams"
    ),
}


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
    dialect = session.get_bind().dialect.name
    for chunk in _chunks(rows):
        stored = _stored(session, dialect, [pk for pk, _ in chunk])
        changed = [
            {"id": pk, "text": words} | _grams(dialect, words)
            for pk, words in chunk
            if stored.get(pk) != words
        ]
        if changed:
            session.execute(_WRITE[dialect], changed)


def remove_entries(session: Session, entry_ids: Sequence[int]) -> None:
    """Forget the search texts of entries that are deleted (SQLite's index has no foreign key)."""
    statement = _DELETE[session.get_bind().dialect.name]
    for chunk in _chunks(entry_ids):
        session.execute(statement.bindparams(bindparam("ids", chunk, expanding=True)))


def rewrite_tags(session: Session, rows: Sequence[tuple[int, list[str]]]) -> None:
    """Make the tag rows of these entries, by their pk, exactly the given tags."""
    for chunk in _chunks(rows):
        session.execute(delete(EntryTag).where(EntryTag.entry_id.in_([pk for pk, _ in chunk])))
        tags = [{"entry_id": pk, "tag": tag} for pk, names in chunk for tag in dict.fromkeys(names)]
        if tags:
            session.execute(insert(EntryTag), tags)


def _stored(session: Session, dialect: str, ids: list[int]) -> dict[int, str]:
    statement = _STORED[dialect].bindparams(bindparam("ids", ids, expanding=True))
    return {row.id: row.text for row in session.execute(statement)}


def _grams(dialect: str, words: str) -> dict[str, list[int]]:
    return {"grams": trigrams(words)} if dialect == "postgresql" else {}


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
