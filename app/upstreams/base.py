"""What every feed parser takes and gives.

A parser is a pure function from the bytes of one answer to records. It never
touches a database or the network, never raises for a single bad record (that
one is reported in ``rejected`` with its position) and raises `FeedFormatError`
only when the whole answer is not what the feed kind promises.

The values in `UpstreamModel.entry` and `UpstreamModel.offer` are already
normalised: keys are field names of `app.core.fields`, values have passed
`app.core.values.check`. A key that is absent means *unknown*; ``None`` is
never stored for "no".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class UpstreamProvider:
    """A provider as a feed describes it.

    ``key`` is the feed's own id of the provider (``amazon-bedrock``), ``metadata``
    holds strings worth keeping (documentation link, names of key variables).
    """

    key: str
    name: str
    base_url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UpstreamModel:
    """One model as one provider offers it.

    ``provider_key`` is None in feeds that speak for a single provider. ``entry``
    are the catalog fields the record claims (capabilities, context length),
    ``offer`` the provider model's own (display name, prices, token limits).
    ``release_date`` is an ISO date (or its beginning) kept as evidence for
    identity, None where the feed has none or a date that is none.
    """

    raw_id: str
    provider_key: str | None = None
    canonical_slug: str | None = None
    entry: JsonObject = field(default_factory=dict)
    offer: JsonObject = field(default_factory=dict)
    release_date: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that was not imported: where it stood, its id if readable, and why."""

    position: str
    raw_id: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """All that one answer says, in the answer's order.

    ``notes`` are oddities of records that were imported all the same ("output
    limit above the context, left out"), each with its position.
    ``unreadable`` are the rejected records by (provider key, raw id), exactly as
    they stood: they are not gone. None stands for any provider, or any model.
    ``next_page`` are the query parameters that ask for the next page (``after_id=x``)
    where the answer is one page of several, None on the last one.
    """

    models: tuple[UpstreamModel, ...]
    providers: tuple[UpstreamProvider, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[Rejected, ...] = ()
    next_page: str | None = None
    unreadable: frozenset[tuple[str | None, str | None]] = frozenset()


@dataclass(frozen=True, slots=True)
class FeedKind:
    """A registered feed kind: one per module of this package, named ``KIND`` there.

    ``provider_kind`` is the first argument of `canonical_id` for its ids (None:
    the record's provider key decides). ``single_provider`` kinds need a provider
    to hang their models on. ``entry_fields`` are the catalog fields the kind is
    trusted with by default, ``priority`` its default rank (smaller wins).
    ``embedded`` gives the answer without a network where a package ships it; a feed
    without URL and file then reads that, and ``default_url`` only names the current one.
    ``next_page`` finds, in the bytes of one page, what `ParsedFeed.next_page` is,
    for the fetch that follows pages; None for kinds that have no pages.
    """

    name: str
    label: str
    description: str
    parse: Callable[[bytes], ParsedFeed]
    default_url: str | None = None
    provider_kind: str | None = None
    single_provider: bool = False
    priority: int = 100
    entry_fields: frozenset[str] = frozenset()
    embedded: Callable[[], bytes] | None = None
    next_page: Callable[[bytes], str | None] | None = None
