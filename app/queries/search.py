"""Substring search over the catalog: what is stored for it, and the conditions that find it.

A search table holds one text per record. Which records hold three given letters
in a row is known from an index (FTS5 on SQLite, GIN on PostgreSQL); the text
itself then decides, so that both engines give the same, exact answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, TableClause, column, func, literal, select, table
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import Integer, Text

GRAM = 3


@dataclass(frozen=True, slots=True)
class SearchTable:
    """A table of search texts by the row ids of records (``key``; SQLite's own rowid there).

    Outside Base.metadata: it differs between the engines and is migrated by hand.
    """

    name: str
    key: str

    def on(self, dialect: str) -> tuple[TableClause, ColumnElement[int]]:
        """The table as that engine has it, and its key."""
        found = _table(self, dialect)
        return found, found.c["rowid" if dialect == "sqlite" else self.key]


ENTRIES = SearchTable("entry_search", "entry_id")
PROVIDER_MODELS = SearchTable("provider_model_search", "provider_model_id")


@cache
def _table(search: SearchTable, dialect: str) -> TableClause:
    if dialect == "sqlite":
        # FTS5's name for the whole row, the left side of MATCH, is the table's.
        row = column(search.name, Text)
        return table(search.name, column("rowid", Integer), column("text", Text), row)
    grams = column("grams", postgresql.ARRAY(Integer))
    return table(search.name, column(search.key, Integer), column("text", Text), grams)


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
    """The folded text of a record: its searchable parts, one below the other."""
    return fold("\n".join(part for part in parts if part))


def is_indexable(folded: str) -> bool:
    """Whether the index can find it: one or two letters are no trigram."""
    return len(folded) >= GRAM


def matching(dialect: str, search: SearchTable, folded: str) -> Select[int]:
    """The pks of the records whose text holds `folded`, by the index where it can help."""
    stored, pk = search.on(dialect)
    found = select(pk)
    if is_indexable(folded):
        found = found.where(_indexed(dialect, search, folded))
        if dialect == "sqlite" and folded.isascii():
            return found  # a phrase of trigrams is exactly the substring: no look at the text
    return found.where(_contains(dialect, stored.c.text, folded))


def walked(
    dialect: str, search: SearchTable, record: InstrumentedAttribute[int], folded: str
) -> ColumnElement[bool]:
    """A condition on a record (by its pk), decided row by row from the text alone.

    A scalar subquery, because no planner turns that one into a join: who asks for
    it walks the records in their order and stops early.
    """
    stored, pk = search.on(dialect)
    words = select(stored.c.text).where(pk == record).correlate(record.parent)
    return _contains(dialect, words.scalar_subquery(), folded)


def _contains(dialect: str, words: ColumnElement[Any], folded: str) -> ColumnElement[bool]:
    """Neither function knows wildcards: every sign stands for itself."""
    position = func.instr if dialect == "sqlite" else func.strpos
    return position(words, folded) > literal(0)


def _indexed(dialect: str, search: SearchTable, folded: str) -> ColumnElement[bool]:
    stored, _ = search.on(dialect)
    if dialect == "sqlite":
        phrase = '"' + folded.replace('"', '""') + '"'
        return stored.c[search.name].match(phrase)
    return stored.c.grams.contains(trigrams(folded))
