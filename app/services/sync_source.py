"""What a feed says now: fetched or read, and whether that is any news."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import FeedError
from app.core.hashing import canonical
from app.models import Claim, Feed
from app.services.feeds import request_headers
from app.services.fetch import fetch, read_file
from app.services.secrets import Vault
from app.upstreams import feed_kind

# Two of these, of the bytes and of their meaning, are kept in one column.
_DIGITS = 16


@dataclass(frozen=True)
class Answer:
    """What a feed answered: pages of bytes; none where the server says that nothing changed."""

    pages: tuple[bytes, ...]
    etag: str | None = None
    not_modified: bool = False
    digest: str | None = None

    def without_pages(self) -> Answer:
        """The same once it is read: a large answer need not stay in memory."""
        return replace(self, pages=(), digest=self.hash())

    def hash(self) -> str:
        """What tells the answer from others: as bytes, and as what they mean.

        The release that reads it is in both: a new one may read more.
        """
        return self.digest or self._as_bytes + self._as_meant

    def is_same(self, known: str | None) -> bool:
        """Whether it is the answer of that hash, were it with the keys in another order."""
        return known is not None and (
            known[:_DIGITS] == self._as_bytes or known[_DIGITS:] == self._as_meant
        )

    @cached_property
    def _as_bytes(self) -> str:
        return _digest(self.pages)

    @cached_property
    def _as_meant(self) -> str:
        return _digest(map(_meaning, self.pages))


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(release().encode(), digest_size=_DIGITS // 2)
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def _meaning(page: bytes) -> bytes:
    """The one text of what a page says; the page itself where it is no JSON."""
    try:
        return canonical(json.loads(page)).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return page


def release() -> str:
    """The release that is running."""
    return version("almanac")


def read_answer(
    session: Session, feed: Feed, path: str | None, allow_private: bool, vault: Vault | None
) -> Answer:
    """Ask the feed's source, or read the file ``path``; raises `FeedError` in all its kinds."""
    kind = feed_kind(feed.kind)
    url, source = feed.url, path or feed.path
    headers = request_headers(session, feed, vault)
    if source is not None:
        session.rollback()
        return Answer(read_file(source).pages)
    if url is None:
        if kind.embedded is None:
            raise FeedError(f"the feed {feed.name} has neither a URL nor a file")
        return Answer((kind.embedded(),))
    # A record that was missing once must be looked for again, even in the same answer.
    fresh = feed.read_by != release() or _has_pending_misses(session, feed)
    etag = None if fresh else feed.etag
    session.rollback()  # no transaction stays open while the network is slow
    fetched = fetch(
        url, allow_private=allow_private, headers=headers, etag=etag, next_page=kind.next_page
    )
    return Answer(fetched.pages, fetched.etag, fetched.not_modified)


def is_old_news(session: Session, feed: Feed, answer: Answer) -> bool:
    """Whether the answer is the one applied last, and nothing waits for a second miss."""
    if answer.not_modified:
        return True
    return answer.is_same(feed.answer_hash) and not _has_pending_misses(session, feed)


def _has_pending_misses(session: Session, feed: Feed) -> bool:
    pending = (
        select(Claim.id)
        .where(Claim.feed_id == feed.id, Claim.misses > 0, Claim.misses < feed.miss_limit)
        .limit(1)
    )
    return session.scalar(pending) is not None
