"""Substring search over the catalog: what is stored for it, and the conditions that find it.

`entry_search` holds one text per entry. Which entries hold three given letters
in a row is known from an index (FTS5 on SQLite, GIN on PostgreSQL); the text
itself then decides, so that both engines give the same, exact answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause, column, func, literal, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import Integer, Text

from app.models import CatalogEntry

GRAM = 3

# Outside Base.metadata: the table differs between the engines and is migrated by hand.
_SQLITE = table(
    "entry_search",
    column("rowid", Integer),
    column("text", Text),
    column("entry_search", Text),  # FTS5's name for the whole row, the left side of MATCH
)
_POSTGRES = table(
    "entry_search",
    column("entry_id", Integer),
    column("text", Text),
    column("grams", postgresql.ARRAY(Integer)),
)


def fold(words: str) -> str:
    """The spelling in which case does not matter.

    `casefold`, not `lower`: it looks at each character alone, so that a part of a
    text folds to the same letters as it does within the text (the Greek final
    sigma would not), and a substring stays one.
    """
    return words.casefold()


def trigrams(folded: str) -> list[int]:
    """The distinct trigrams of a folded text as 31-bit numbers, sorted.

    Numbers are compared faster than strings of some collation; two trigrams that
    share one cost a look at the text, never a wrong answer.
    """
    grams = {folded[i : i + GRAM] for i in range(len(folded) - GRAM + 1)}
    return sorted({zlib.crc32(gram.encode()) & 0x7FFFFFFF for gram in grams})


def joined(parts: Iterable[str | None]) -> str:
    """The folded text of an entry: its searchable parts, one below the other."""
    return fold("\n".join(part for part in parts if part))


def is_indexable(folded: str) -> bool:
    """Whether the index can find it: one or two letters are no trigram."""
    return len(folded) >= GRAM


def matching(dialect: str, folded: str) -> Select[int]:
    """The pks of the entries whose text holds `folded`, by the index where it can help."""
    search, pk = _search(dialect)
    found = select(pk)
    if is_indexable(folded):
        found = found.where(_indexed(dialect, folded))
        if dialect == "sqlite" and folded.isascii():
            return found  # a phrase of trigrams is exactly the substring: no look at the text
    return found.where(_contains(dialect, search.c.text, folded))


def walked(dialect: str, folded: str) -> ColumnElement[bool]:
    """A condition on `CatalogEntry`, decided row by row from the text alone.

    A scalar subquery, because no planner turns that one into a join: who asks for
    it walks the entries in their order and stops early.
    """
    search, pk = _search(dialect)
    words = select(search.c.text).where(pk == CatalogEntry.id).correlate(CatalogEntry)
    return _contains(dialect, words.scalar_subquery(), folded)


def _search(dialect: str) -> tuple[TableClause, ColumnElement[int]]:
    if dialect == "sqlite":
        return _SQLITE, _SQLITE.c.rowid
    return _POSTGRES, _POSTGRES.c.entry_id


def _contains(dialect: str, words: ColumnElement[Any], folded: str) -> ColumnElement[bool]:
    """Neither function knows wildcards: every sign stands for itself."""
    position = func.instr if dialect == "sqlite" else func.strpos
    return position(words, folded) > literal(0)


def _indexed(dialect: str, folded: str) -> ColumnElement[bool]:
    if dialect == "sqlite":
        phrase = '"' + folded.replace('"', '""') + '"'
        return _SQLITE.c.entry_search.match(phrase)
    return _POSTGRES.c.grams.contains(trigrams(folded))
