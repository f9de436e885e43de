"""Substring search over the catalog: what is stored for it, and the conditions that find it.

`entry_search` holds one text per entry. Which entries hold three given letters
in a row is known from an index (FTS5 on SQLite, GIN on PostgreSQL); the text
itself then decides, so that both engines give the same, exact answer.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from sqlalchemy import ColumnElement, bindparam, column, func, table, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import BigInteger, Integer, Text

GRAM = 3

# Outside Base.metadata: the table differs between the engines and is migrated by hand.
SQLITE_SEARCH = table("entry_search", column("rowid", BigInteger), column("text", Text))
POSTGRES_SEARCH = table(
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

    Numbers make a far smaller and quicker index than strings; two trigrams that
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


def contains(dialect: str, folded: str) -> ColumnElement[bool]:
    """The text of a search row holds `folded`, whatever signs it has (no wildcard, no syntax)."""
    if dialect == "sqlite":
        return func.instr(SQLITE_SEARCH.c.text, folded) > 0
    return func.strpos(POSTGRES_SEARCH.c.text, folded) > 0


def indexed(dialect: str, folded: str) -> ColumnElement[bool]:
    """The index holds all trigrams of `folded`; to be joined with `contains`."""
    if dialect == "sqlite":
        phrase = '"' + folded.replace('"', '""') + '"'
        return text("entry_search MATCH :phrase").bindparams(bindparam("phrase", phrase))  # type: ignore[return-value]
    return POSTGRES_SEARCH.c.grams.contains(trigrams(folded))
