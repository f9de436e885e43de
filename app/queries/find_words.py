"""The words that names consist of, remembered: read once, then only what is new."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.finding import Vocabulary, vocabulary_of
from app.models import SearchWord

# So many of the newest are read again: a number can be given before, and written after another.
OVERLAP = 500
READ_ALL_AFTER = 600.0


class _Read(NamedTuple):
    last: int
    words: frozenset[str]
    more: frozenset[str]
    vocabulary: Vocabulary
    at: float


_lock = threading.Lock()
_read: dict[str, _Read] = {}


def vocabulary(session: Session, more: frozenset[str] = frozenset()) -> Vocabulary:
    """What a mistyped word may mean, as the database has it now; ``more`` are other words."""
    url = str(session.get_bind().engine.url)
    last = session.execute(select(func.max(SearchWord.id))).scalar_one() or 0
    with _lock:
        known = _read.get(url)
    fresh = known is not None and time.monotonic() - known.at < READ_ALL_AFTER
    if known is not None and fresh and known.last == last and known.more == more:
        return known.vocabulary
    newer = known if known is not None and fresh and known.last <= last else None
    since = newer.last - OVERLAP if newer else 0
    words = frozenset(session.scalars(select(SearchWord.word).where(SearchWord.id > since)))
    if newer:
        words |= newer.words
    at = newer.at if newer else time.monotonic()
    made = _Read(last, words, more, Vocabulary(words | vocabulary_of(more)), at)
    with _lock:
        _read[url] = made
    return made.vocabulary


def forget() -> None:
    """Forget the words, as after a start; for tests, which go back in time."""
    with _lock:
        _read.clear()
