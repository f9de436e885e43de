"""Plans an answer against what is known now, and decides what of it may be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.guards import limits_of
from app.core.hashing import content_hash
from app.core.holding import Chosen, Held, Policy
from app.core.plan import FeedPlan, Limits, Offered, Ref, plan_feed
from app.models import Feed, Provider
from app.queries.open_items import open_items, target_of
from app.queries.snapshots import (
    KnownProvider,
    claimed_about,
    known_aliases,
    known_entries,
    known_models,
    known_providers,
)
from app.services.sync_run import ItemRow
from app.upstreams import feed_kind
from app.upstreams.base import ParsedFeed, UpstreamModel, UpstreamProvider

OwnProvider = tuple[Ref, str, UpstreamProvider | None]


@dataclass(slots=True)
class Planned:
    """A plan, the providers it would create, and new records that wait instead of being planned."""

    plan: FeedPlan
    providers: list[UpstreamProvider]
    policy: Policy
    waiting: list[ItemRow] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Whether there is nothing to write at all."""
        return self.plan.is_empty() and not self.waiting


def feeds_version(session: Session) -> int:
    """A number that every applied sync raises: what a plan knows of the catalog is that old."""
    return session.scalar(select(func.sum(Feed.version))) or 0


def make_policy(session: Session, feed: Feed, chosen: Chosen | None = None) -> Policy:
    """How this feed's word is treated: its guards, its mode, and what was decided before."""
    known = open_items(session, feed.id)
    review = feed.mode == "review"
    return Policy(limits_of(feed.guards), review, known.records, known.targets, chosen)


def make_plan(
    session: Session,
    feed: Feed,
    parsed: ParsedFeed,
    *,
    policy: Policy | None = None,
    complete: bool = True,
    minimum_share: int | None = None,
    homes: Mapping[str, Sequence[str] | None] = MappingProxyType({}),
) -> Planned:
    """Plan an answer against what is known now.

    ``minimum_share`` replaces the feed's own; with ``complete`` False the answer proves no
    absence. ``homes``: the entries (identity key, public id) of models that were there before,
    by `target_of`. Raises `GuardError` where the answer as a whole is refused.
    """
    policy = policy or make_policy(session, feed)
    known = known_providers(session)
    own = _own_provider(session, feed, known)
    everything = [_sent_home(o, homes) for o in _offer(parsed, own, known)]
    providers = {p.id: p.key for p in known.values()}
    ids = {o.provider_ref for o in everything if isinstance(o.provider_ref, int)}
    models = known_models(session, feed.id, ids, providers)
    sorting = _Sorting(policy, own, {p.key: p for p in parsed.providers})
    offered, waiting = _sort_out(everything, {(m.provider_id, m.raw_id) for m in models}, sorting)
    present = {(o.provider_ref, o.raw_id) for o in offered}
    absent = [
        m.id
        for m in models
        if m.content_hash is not None and (m.provider_id, m.raw_id) not in present
    ]
    share = feed.minimum_share if minimum_share is None else minimum_share
    limits = Limits(feed.miss_limit, share, len(everything))
    plan = plan_feed(
        offered,
        models,
        known_entries(session, feed.id),
        known_aliases(session),
        claimed_about(session, feed.id, absent),
        limits,
        complete=complete and parsed.next_page is None,
        unreadable=parsed.unreadable,
    )
    return Planned(plan, _new_providers(parsed, own, plan), policy, waiting)


def _sort_out(
    offered: Sequence[Offered], known: set[tuple[Ref, str]], sorting: _Sorting
) -> tuple[list[Offered], list[ItemRow]]:
    """What is to be planned, and new records that a person has to look at first."""
    planned: list[Offered] = []
    waiting: list[ItemRow] = []
    for model in offered:
        held = None
        if (model.provider_ref, model.raw_id) not in known:
            held = sorting.held(model)
        if held is None:
            planned.append(model)
        elif held.kept is None:
            waiting += sorting.waiting(model, held)
    return planned, waiting


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Which new records wait, and as what."""

    policy: Policy
    own: OwnProvider
    described: Mapping[str, UpstreamProvider]

    def held(self, model: Offered) -> Held | None:
        policy, target = self.policy, target_of(model.provider, model.raw_id)
        if not (policy.review or policy.chosen or target in policy.targets):
            return None
        return policy.new_held(target, content_hash(model.fields, model.about))

    def waiting(self, model: Offered, held: Held) -> Iterator[ItemRow]:
        """The record as an item; one that says something else than before overtakes that."""
        name = str(model.fields.get("model_display_name") or model.raw_id)[:255]
        target = target_of(model.provider, model.raw_id)
        known = self.policy.targets.get(target)
        item = ItemRow(
            *("added", "provider_model", None, name),
            new=content_hash(model.fields, model.about),
            target=target,
            payload=self._payload(model),
            overtakes=known.id if known else None,
        )
        yield item.held(held.verdict)

    def _payload(self, model: Offered) -> dict[str, Any]:
        """All that is needed to add the record later."""
        is_own = model.provider_ref == self.own[0]
        described = self.own[2] if is_own else self.described.get(model.provider)
        payload = {
            "provider": model.provider,
            "provider_key": None if is_own else model.provider,
            "raw_id": model.raw_id,
            "fields": dict(model.fields),
            "about": dict(model.about),
        }
        if described is not None:
            payload["provider_name"] = described.name
            payload["base_url"] = described.base_url
            payload["metadata"] = dict(described.metadata)
        return payload


def _own_provider(session: Session, feed: Feed, known: Mapping[str, KnownProvider]) -> OwnProvider:
    """The provider of records that name none: the feed's own, which may have to be made."""
    if feed.provider_id is not None:
        key, vendor = session.execute(
            select(Provider.feed_key, Provider.vendor).where(Provider.id == feed.provider_id)
        ).one()
        return feed.provider_id, key or vendor, None
    key = feed_kind(feed.kind).provider_kind or feed.name
    if key in known:
        return known[key].id, known[key].key, None
    return key, key, UpstreamProvider(key, feed.name)


def _offer(
    parsed: ParsedFeed, own: OwnProvider, known: Mapping[str, KnownProvider]
) -> list[Offered]:
    offered = []
    for model in parsed.models:
        ref: Ref
        if model.provider_key is None:
            ref, key, _ = own
        elif model.provider_key in known:
            provider = known[model.provider_key]
            if provider.deleted:
                continue  # out of sight, and left as it is until an undo
            ref, key = provider.id, provider.key
        else:
            ref = key = model.provider_key
        offered.append(_offered(model, ref, key))
    return offered


def _sent_home(model: Offered, homes: Mapping[str, Sequence[str] | None]) -> Offered:
    home = homes.get(target_of(model.provider, model.raw_id)) if homes else None
    return replace(model, home=(home[0], home[1])) if home else model


def _offered(model: UpstreamModel, ref: Ref, key: str) -> Offered:
    return Offered(ref, key, model.raw_id, model.offer, model.entry)


def _new_providers(parsed: ParsedFeed, own: OwnProvider, plan: FeedPlan) -> list[UpstreamProvider]:
    """The providers that have to be made for the new models, in the order of the answer."""
    described = {p.key: p for p in parsed.providers}
    if own[2] is not None:
        described = {own[2].key: own[2]} | described
    needed = dict.fromkeys(
        model.provider_ref for model, _ in plan.new_models if isinstance(model.provider_ref, str)
    )
    return [described.get(key) or UpstreamProvider(key, key) for key in needed]


def parsed_again(payloads: Sequence[Mapping[str, Any]]) -> ParsedFeed:
    """The records of waiting items as an answer of their own."""
    models = [
        UpstreamModel(
            raw_id=one["raw_id"],
            provider_key=one["provider_key"],
            entry=dict(one["about"]),
            offer=dict(one["fields"]),
        )
        for one in payloads
    ]
    providers = {
        one["provider"]: UpstreamProvider(
            one["provider"], one["provider_name"], one["base_url"], one["metadata"]
        )
        for one in payloads
        if "provider_name" in one
    }
    return ParsedFeed(tuple(models), tuple(providers.values()))
