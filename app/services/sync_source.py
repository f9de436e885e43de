"""What a feed says now: fetched or read, and whether that is any news."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import FeedError
from app.models import Claim, Feed
from app.services.feeds import request_headers
from app.services.fetch import fetch, read_file
from app.services.secrets import Vault
from app.upstreams import feed_kind


class Answer(NamedTuple):
    """What a feed answered: pages of bytes; none where the server says that nothing changed."""

    pages: tuple[bytes, ...]
    etag: str | None = None
    not_modified: bool = False

    def hash(self) -> str:
        """A hash of the answer and of the release that reads it: a new one may read more."""
        digest = hashlib.blake2b(release().encode(), digest_size=16)
        for page in self.pages:
            digest.update(page)
        return digest.hexdigest()


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
    return feed.answer_hash == answer.hash() and not _has_pending_misses(session, feed)


def _has_pending_misses(session: Session, feed: Feed) -> bool:
    pending = (
        select(Claim.id)
        .where(Claim.feed_id == feed.id, Claim.misses > 0, Claim.misses < feed.miss_limit)
        .limit(1)
    )
    return session.scalar(pending) is not None
