"""The registered feed kinds: every public module of this package that has a ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import replace

from app.core.errors import FieldProblem, ValidationError
from app.upstreams.base import FeedKind, ParsedFeed, Rejected, UpstreamModel, UpstreamProvider

__all__ = ["FEED_KINDS", "feed_kind", "parse_pages"]


def _discover() -> dict[str, FeedKind]:
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    kinds = (kind for m in modules if isinstance(kind := getattr(m, "KIND", None), FeedKind))
    return {kind.name: kind for kind in kinds}


FEED_KINDS: dict[str, FeedKind] = _discover()


def feed_kind(name: str) -> FeedKind:
    """The kind of that name; raise `ValidationError` naming the known kinds if there is none."""
    if name in FEED_KINDS:
        return FEED_KINDS[name]
    message = f"{name!r} is not a feed kind; the kinds are {', '.join(FEED_KINDS)}"
    raise ValidationError(message, [FieldProblem("kind", message)])


def parse_pages(kind: FeedKind, pages: Sequence[bytes]) -> ParsedFeed:
    """All pages of one answer as one; a record that a page repeats is rejected there.

    Raises `FeedFormatError` like the kind's own ``parse``. ``next_page`` is the last page's.
    """
    parsed = [kind.parse(page) for page in pages]
    if len(parsed) == 1:
        return parsed[0]
    models: list[UpstreamModel] = []
    rejected: list[Rejected] = []
    notes: list[Rejected] = []
    providers: dict[str, UpstreamProvider] = {}
    seen: set[tuple[str | None, str]] = set()
    for number, page in enumerate(parsed, 1):
        for model in page.models:
            record = (model.provider_key, model.raw_id)
            if record in seen:
                reason = "an earlier page has a record with this id"
                rejected.append(Rejected(f"page {number}", model.raw_id, reason))
            else:
                seen.add(record)
                models.append(model)
        providers |= {provider.key: provider for provider in page.providers}
        rejected += [replace(r, position=f"page {number}: {r.position}") for r in page.rejected]
        notes += [replace(n, position=f"page {number}: {n.position}") for n in page.notes]
    return ParsedFeed(
        tuple(models),
        tuple(providers.values()),
        tuple(rejected),
        tuple(notes),
        parsed[-1].next_page if parsed else None,
        frozenset[tuple[str | None, str | None]]().union(*(page.unreadable for page in parsed)),
    )
