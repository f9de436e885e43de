"""The captured catalog files of SHARED_DATA as feeds: who said what, and when."""

import gzip
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import Provider, now
from app.services.feeds import add_feed
from app.upstreams import feed_kind, parse_pages
from app.upstreams.base import ParsedFeed
from tests.support.paths import SHARED_DATA

# What the names of the files do not say: when LiteLLM's releases came out.
_RELEASED = {"litellm-1.80.9": "2025-12-08", "litellm-1.84.0": "2026-05-14"}
_KINDS = {"models-dev": "models_dev", "openrouter": "openrouter", "litellm": "litellm"}
_LIST = "openai_compatible"


class Captured(NamedTuple):
    """One captured answer: when it was given, the feed it is of, that feed's kind, the file."""

    date: str
    feed: str
    kind: str
    path: Path

    @property
    def name(self) -> str:
        """The file's name, short."""
        return self.path.name.removesuffix(".json.gz")


def captured_files() -> list[Captured]:
    """All captured answers, oldest first; every list of a provider is a feed of its own."""
    found = [_captured(path, _KINDS) for path in SHARED_DATA.glob("*.json.gz")]
    lists = [_captured(path, {}) for path in (SHARED_DATA / "provider-lists").glob("*.json.gz")]
    return sorted([one for one in found if one.kind != _LIST] + lists)


def _captured(path: Path, kinds: dict[str, str]) -> Captured:
    stem = path.name.removesuffix(".json.gz")
    date = _RELEASED.get(stem, stem[-7:])
    feed = "litellm" if stem in _RELEASED else stem[:-8]
    return Captured(date, feed, kinds.get(feed, _LIST), path)


@cache
def parsed(captured: Captured) -> ParsedFeed:
    """What the file says, read anew from its bytes."""
    with gzip.open(captured.path) as file:
        return parse_pages(feed_kind(captured.kind), [file.read()])


def add_captured_feed(session: Session, captured: Captured) -> None:
    """Register the feed of a file; a list of one provider has that provider to hang on."""
    provider = None
    if captured.kind == _LIST:
        provider = f"prov_{captured.feed}"[:32]
        vendor = captured.feed.removesuffix("-tags").removesuffix("-v1")
        session.add(
            Provider(
                public_id=provider,
                name=f"{captured.feed} (own list)",
                vendor=vendor,
                endpoints=[],
                meta={},
                created_at=now(),
                updated_at=now(),
            )
        )
        session.commit()
    kind, path = captured.kind, str(captured.path)
    add_feed(session, SYSTEM, captured.feed, kind, path=path, provider_public_id=provider)
