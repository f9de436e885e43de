"""What a page offers to do, as calls of the API: label and command, to be copied.

What many records at once are is in `bulk_calls`. Only what whoever looks may do is offered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from app.blueprints.console.kinds import ENTRY, RecordKind
from app.core import feeds, webhooks
from app.core.fields import Kind
from app.core.providers import DEFAULTS, LABELS
from app.core.values import LIMITS
from app.forms.items import Decision, ItemWish
from app.queries.feeds import FeedRow
from app.queries.providers import ProviderRow
from app.queries.representation import architecture_json, parameters_json, pricing_json
from app.queries.review_filter import ReviewFilter, parse_review_filter
from app.queries.runs import RunRow
from app.queries.webhooks import DeliveryRow, WebhookRow
from app.web.curl import Call, Commands, commands

# How the API takes what is not one plain value.
_WRITTEN: dict[Kind, Callable[[Any], Any]] = {
    Kind.ARCHITECTURE: architecture_json,
    Kind.PARAMETERS: parameters_json,
    Kind.PRICING: pricing_json,
    Kind.TOKEN_LIMITS: lambda value: {name: value.get(name) for name in LIMITS},
}
_PROVIDER_FIELDS = ("name", "vendor", "base_url", "category", "endpoints", "metadata")
_FEED_SETTINGS = (
    *("url", "mode", "priority", "trusted_fields", "trusted_model_fields"),
    *("miss_limit", "minimum_share", "guards", "interval_minutes"),
)
_WEBHOOK_FIELDS = ("url", "description", "events")
_RUN_PLANS = {"planned": "Apply the plan", "held": "Apply all the same"}
_Change = Callable[[str, dict[str, Any]], Call]


def record_calls(kind: RecordKind, record: Any) -> Commands:
    """Flipping each flag, writing each field that has a value, and giving values back."""
    fields = kind.fields.values()
    change = _changes(kind, record)
    values = {f.name: _written(f.kind, getattr(record, f.name)) for f in fields}
    flags = {f.name: f.label for f in fields if f.kind is Kind.FLAG}
    others = {f.name: f.label for f in fields if f.kind is not Kind.FLAG}
    return commands(
        *_switches(change, flags, values),
        *_settings(change, others, values),
        *(_given_back(record) if kind is ENTRY else ()),
    )


def provider_calls(provider: ProviderRow) -> Commands:
    """Everything that a provider's page offers but testing the connection."""
    own = {"provider_id": provider.public_id}
    change = partial(_change, "api_v1_providers.change", own)
    flags = {name: LABELS[name] for name in ("active", *DEFAULTS)}
    values = provider._asdict()
    key = (change("Remove the API key", {"api_key": None}),) if provider.has_key else ()
    return commands(
        *_switches(change, flags, values),
        *_provider_models(provider.public_id),
        *_syncs("api_v1_providers.sync", own),
        *_settings(change, {name: LABELS[name] for name in _PROVIDER_FIELDS}, values),
        *key,
        Call("Delete the provider", "api_v1_providers.delete", values=own),
    )


def feed_calls(feed: FeedRow) -> Commands:
    """Reading a feed, or only looking what that would do; switching, setting, removing it."""
    own = {"feed_name": feed.name}
    change = partial(_change, "api_v1_feeds.change", own)
    labels = {name: feeds.LABELS[name] for name in _FEED_SETTINGS}
    said = "Switch the feed off" if feed.enabled else "Switch the feed on"
    return commands(
        *_syncs("api_v1_feeds.sync", own),
        change(said, {"enabled": not feed.enabled}),
        *_settings(change, labels, feed._asdict()),
        Call("Remove the feed", "api_v1_feeds.delete", values=own),
    )


def batch_calls(public_id: str) -> Commands:
    """Taking a batch back."""
    return commands(Call("Undo", "api_v1_bulk.undo", values={"batch_id": public_id}))


def run_calls(run: RunRow, waiting: int, chosen: Sequence[int] = ()) -> Commands:
    """What can be done with a run: its plan, ``chosen`` items of it, what waits, all of it."""
    own = {"run_id": run.public_id}
    act = partial(_act, "api_v1_sync_runs", own)
    if run.status in _RUN_PLANS:
        some = (act("Apply only what is filtered", "apply", {"items": [*chosen]}),)
        whole = act(_RUN_PLANS[run.status], "apply")
        return commands(whole, *(some if chosen else ()), act("Reject", "reject"))
    if run.status != "applied":
        return []
    decide = (act("Approve what waits", "apply"), act("Reject what waits", "reject"))
    revert = (act("Take it back", "revert"),)
    return commands(*(decide if waiting else ()), *(revert if run.batch else ()))


def queue_calls(wanted: ReviewFilter) -> Commands:
    """Deciding about all of the queue that a filter finds; rejected items are only approved."""
    which = {"filter": _queue_filter(wanted)}
    waits = wanted.state == "waiting"
    those = "that waits" if waits else "that was rejected"
    if not wanted.is_everything():
        those = "that matches"
    return commands(
        _decision("Dry run", "approve", {**which, "dry_run": True}),
        _decision(f"Approve all {those}", "approve", which),
        *((_decision(f"Reject all {those}", "reject", which),) if waits else ()),
    )


def decision_calls(wish: ItemWish, decision: Decision, fingerprint: str) -> Commands:
    """The decision that a preview asks about: of the same items, and of no others."""
    ids = wish.chosen()
    wanted = _queue_filter(parse_review_filter(wish.args())) if ids is None else None
    which = {"filter": wanted} if ids is None else {"items": sorted(ids)}
    said = "Approve these" if decision == "approve" else "Reject these"
    return commands(
        _decision("Dry run", decision, {**which, "dry_run": True}),
        _decision(said, decision, {**which, "fingerprint": fingerprint}),
    )


def webhook_calls(webhook: WebhookRow, messages: Iterable[DeliveryRow]) -> Commands:
    """Everything that a webhook's page offers but the test message."""
    own = {"webhook_id": webhook.public_id}
    change = partial(_change, "api_v1_webhooks.change", own)
    act = partial(_act, "api_v1_webhooks", own)
    labels, values = webhooks.LABELS, webhook._asdict()
    failed = [m.public_id for m in messages if m.state == "failed" and webhook.active]
    again = [
        Call(f"Send {name} again", "api_v1_webhooks.again", values=own | {"delivery_id": name})
        for name in failed
    ]
    return commands(
        *_switches(change, {"active": labels["active"]}, values),
        *_settings(change, {name: labels[name] for name in _WEBHOOK_FIELDS}, values),
        *again,
        act("Make a new secret", "rotate"),
        act("Delete the webhook", "delete"),
    )


def _changes(kind: RecordKind, record: Any) -> _Change:
    if kind is ENTRY:
        own = {"model_public_id": record.public_id}
        return partial(_change, "api_v1_catalogs.patch_entry", own)
    own = {"provider_model_id": record.public_id}
    return partial(_change, "api_v1_provider_models.patch_offer", own)


def _change(endpoint: str, own: Mapping[str, str], label: str, body: dict[str, Any]) -> Call:
    return Call(label, endpoint, body, own)


def _act(blueprint: str, own: Mapping[str, str], label: str, view: str, body: Any = None) -> Call:
    return Call(label, f"{blueprint}.{view}", body, own)


def _written(kind: Kind, value: Any) -> Any:
    return _WRITTEN[kind](value) if kind in _WRITTEN and value is not None else value


def _switches(
    change: _Change, labels: Mapping[str, str], values: Mapping[str, Any]
) -> Iterable[Call]:
    """Each flag turned over; an unknown one is switched on."""
    for name, label in labels.items():
        said = f"Switch {label} {'off' if values[name] else 'on'}"
        yield change(said, {name: not values[name]})


def _settings(
    change: _Change, labels: Mapping[str, str], values: Mapping[str, Any]
) -> Iterable[Call]:
    """Each field that has a value, with it."""
    for name, label in labels.items():
        if values[name] is not None:
            yield change(f"Set {label}", {name: values[name]})


def _given_back(entry: Any) -> Iterable[Call]:
    body = {"catalog_ids": [entry.public_id]}
    for name in (name for name in ENTRY.fields if name in entry.manual_fields):
        said = f"Give {ENTRY.fields[name].label} back"
        yield Call(said, "api_v1_bulk.reset_catalog", {**body, "fields": [name]})
    if entry.status == "updated":
        yield Call("Give everything back", "api_v1_bulk.reset_catalog", body)


def _provider_models(provider_id: str) -> Iterable[Call]:
    for said, enable in (("Enable all models", True), ("Disable all models", False)):
        body = {"enable": enable, "provider_id": provider_id}
        endpoint = "api_v1_bulk.toggle_provider_models"
        yield Call(said, endpoint, body)
        yield Call(f"{said}: dry run", endpoint, {**body, "dry_run": True})


def _syncs(endpoint: str, own: Mapping[str, str]) -> Iterable[Call]:
    for said, dry_run in (("Sync now", False), ("Sync now: dry run", True)):
        yield Call(said, endpoint, {"dry_run": dry_run}, own)


def _queue_filter(wanted: ReviewFilter) -> dict[str, Any]:
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    return {name: value for name, value in given.items() if (name, value) != ("state", "waiting")}


def _decision(label: str, decision: Decision, rest: dict[str, Any]) -> Call:
    return Call(label, "api_v1_review.decide", {"decision": decision, **rest})


HELPERS = (
    *(record_calls, provider_calls, feed_calls, batch_calls, run_calls),
    *(queue_calls, decision_calls, webhook_calls),
)
