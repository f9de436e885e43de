"""For every form of the console: who presses which button where, and what it must have changed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    CatalogEntry,
    Delivery,
    FeatureFlag,
    Feed,
    Provider,
    ProviderModel,
    SavedView,
    SyncItem,
    SyncRun,
    Token,
    User,
    UserSession,
    Webhook,
)
from tests.support.forms import Typed
from tests.support.furnished import GPT, O3
from tests.support.people import PASSWORD

Look = Callable[[Session], object]
NEW_PASSWORD = "a staple for a horse"


def value(column: Any, **where: Any) -> Look:
    """What stands there."""
    return lambda session: session.scalar(select(column).filter_by(**where))


def number(model: Any, **where: Any) -> Look:
    """How many there are."""
    return lambda session: session.scalar(
        select(func.count()).select_from(model).filter_by(**where)
    )


@dataclass(frozen=True)
class Press:
    """A button, and what a person typed and ticked before; `sends` where labels are not enough."""

    button: str
    typed: Typed
    sends: str = ""


@dataclass(frozen=True)
class Proof:
    """The page, the buttons in their order (the last one is what is proved), what is then so."""

    page: str
    presses: tuple[Press, ...]
    says: str
    look: Look | None = None
    then: object = None
    to: str = ""  # part of the address, where a page has the same button for many records


def proof(
    page: str,
    button: str,
    says: str,
    look: Look | None = None,
    then: object = None,
    *,
    typed: Typed | None = None,
    before: tuple[Press, ...] = (),
    to: str = "",
) -> Proof:
    return Proof(page, (*before, Press(button, typed or {})), says, look, then, to)


PRICE = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "250", "currency": "USD"}
PICKED: Typed = {"id": ["{model_pk}"], "action": "enable", "scope": "picked"}
O3_PAGE, GPT_ENTRY, MODEL = f"/catalog/{O3}", "/entries/{entry}", "/provider-models/{model}"
ACME, HOOK, FEED = "/providers/{acme}", "/webhooks/hook_1", "/feeds/models-dev"

PEOPLE = {
    "auth.log_in_with_password": proof(
        "/login",
        "Log in",
        "Dashboard",
        number(UserSession),
        2,
        typed={"email": "admin@example.org", "password": PASSWORD},
    ),
    "auth.logout": proof("/", "Log out", "Log in", number(UserSession), 0),
    "start.see": proof(
        "/start",
        "See the catalog",
        "Catalog",
        value(User.preferences, email="admin@example.org"),
        {"start": {"seen": True}},
    ),
    "start.show_panel": proof(
        "/",
        "Hide",
        "The first steps are hidden",
        value(User.preferences, email="admin@example.org"),
        {"start": {"hidden": True}},
    ),
    "start.offer": proof(
        "/start",
        "Switch on the chosen providers",
        "1 provider is on",
        value(Provider.active, name="Openai"),
        True,
        typed={"provider": ["{provider}"]},
    ),
    "accounts.add_user": proof(
        "/users",
        "Add the user",
        "new@example.org may log in now.",
        value(User.role, email="new@example.org"),
        "editor",
        typed={"email": "new@example.org", "password": NEW_PASSWORD, "role": "editor"},
    ),
    "accounts.change_role": proof(
        "/users",
        "Change the role of viewer@example.org",
        "The role is changed.",
        value(User.role, email="viewer@example.org"),
        "editor",
        typed={"role": "editor"},
    ),
    "accounts.switch_user": proof(
        "/users",
        "Lock out viewer@example.org",
        "The user is locked out.",
        value(User.active, email="viewer@example.org"),
        False,
    ),
    "accounts.set_password": proof(
        "/users",
        "Set",
        "The password is changed",
        value(User.password_hash, email="viewer@example.org"),
        typed={"password": NEW_PASSWORD},
        to="/users/{viewer}/",
    ),
    "accounts.add_token": proof(
        "/tokens",
        "Create the token",
        "eyJ",
        value(Token.role, name="other"),
        "editor",
        typed={"name": "other", "role": "editor", "days": "3"},
    ),
    "accounts.revoke": proof(
        "/tokens",
        "Revoke the token gateway",
        "The token is revoked.",
        value(Token.revoked_at, name="gateway"),
    ),
    "own_account.change_own_password": proof(
        "/account",
        "Change the password",
        "Your password is changed",
        value(User.password_hash, email="admin@example.org"),
        typed={"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD},
    ),
    "layouts.change": proof(
        "/catalog",
        "Apply",
        "Catalog",
        value(User.preferences, email="admin@example.org"),
        typed={"column": ["active", "family"]},
    ),
    "views.save": proof(
        "/catalog?q=gpt",
        "Save",
        "Ours is saved.",
        value(SavedView.query, name="Ours"),
        "q=gpt",
        typed={"name": "Ours"},
    ),
    "views.change": proof(
        "/catalog",
        "Delete",
        "Mine is deleted.",
        value(SavedView.name, name="Mine"),
        None,
        to="/views/",
    ),
}

RECORDS = {
    "entry_editing.press": proof(
        "/catalog",
        "Tools for o3",
        "Tools is on for o3.",
        value(CatalogEntry.supports_tools, public_id=O3),
        True,
    ),
    "entry_editing.flip": proof(
        O3_PAGE,
        "Tools for o3",
        "Tools is on for o3.",
        value(CatalogEntry.supports_tools, public_id=O3),
        True,
    ),
    "entry_editing.save_field": proof(
        "/catalog",
        "Save",
        "Family of GPT-4o is now ours.",
        value(CatalogEntry.family, public_id=GPT),
        "ours",
        typed={"value": "ours", "reason": "They are"},
        before=(Press("Family: none", {}, "cell={entry}:family"),),
    ),
    "entry_editing.give_back": proof(
        O3_PAGE,
        "Give everything back",
        "Everything of o3 is back with the feeds.",
        value(CatalogEntry.status, public_id=O3),
        "filled",
    ),
    "entry_editing.protect": proof(
        O3_PAGE,
        "Set",
        "now protect edited fields only.",
        value(CatalogEntry.protection, public_id=O3),
        "fields",
        typed={"protection": "fields"},
    ),
    "provider_model_editing.press": proof(
        "/provider-models",
        "Active for GPT-4o of Openai",
        "Active is on for GPT-4o",
        value(ProviderModel.active, id=1),
    ),
    "provider_model_editing.flip": proof(
        MODEL, "Active for GPT-4o", "Active is on for GPT-4o.", value(ProviderModel.active, id=1)
    ),
    "provider_model_editing.save_field": proof(
        "/provider-models",
        "Save",
        "Prices of GPT-4o is now Prompt tokens: $0.25 per million.",
        value(ProviderModel.pricing, id=1),
        {"lines": [PRICE]},
        typed={"unit": ["per_1k_prompt_tokens"], "amount": ["0.25"]},
        before=(Press("Prices: none", {}, "cell={model_pk}:pricing"),),
    ),
    "provider_model_editing.give_back": proof(
        MODEL,
        "Give Category back to the feeds",
        "Category of GPT-4o is back with the feeds.",
        value(ProviderModel.category, id=1),
        None,
    ),
    "provider_model_editing.protect": proof(
        MODEL,
        "Set",
        "now protect edited fields only.",
        value(ProviderModel.protection, id=1),
        "fields",
        typed={"protection": "fields"},
    ),
    "provider_models.order": proof(
        MODEL,
        "Move down",
        "GPT-4o is number 2 of 2 in chat.",
        value(ProviderModel.model_order_number, id=1),
    ),
    "links.move": proof(
        "/provider-models/{model_pk}/move",
        "Move it",
        "Undo",
        value(ProviderModel.entry_id, id=1),
        2,
        typed={"to": O3},
    ),
    "links.merge": proof(
        f"{GPT_ENTRY}/merge?other={O3}",
        "Merge",
        "openai/o3 is another spelling of GPT-4o now.",
        number(ProviderModel, entry_id=1),
        4,
    ),
    "links.split": proof(
        f"{GPT_ENTRY}/split",
        "Make the new entry",
        "1 offer belongs to GPT-4o now.",
        number(CatalogEntry, public_id="openai/gpt-4o-eu"),
        1,
        typed={"model": ["{model}"], "public_id": "openai/gpt-4o-eu"},
    ),
    "compare.compare_picked": proof(
        "/catalog", "Compare two to five", "Compare", typed={"id": ["1", "2"]}
    ),
    "bulk.preview": proof("/provider-models", "Preview", "1 of 1", typed=PICKED),
    "bulk.apply": proof(
        "/providers/{provider}",
        "Apply to 2",
        "2 provider models switched on.",
        number(ProviderModel, active=True, provider_id=1),
        2,
        before=(Press("Enable all models", {}),),
    ),
    "undo.undo": proof(
        "/changes",
        "Undo: Edited",
        "Undone: 1 change.",
        value(CatalogEntry.description, public_id=O3),
        None,
        to="{edited}",
    ),
}

SOURCES = {
    "providers.add_provider": proof(
        "/providers/new",
        "Add the provider",
        "Ours is there now.",
        value(Provider.base_url, name="Ours"),
        "http://127.0.0.1:9/ours",
        typed={"name": "Ours", "base_url": "http://127.0.0.1:9/ours"},
    ),
    "providers.save_provider": proof(
        f"{ACME}/edit",
        "Save",
        "Acme Labs is saved.",
        number(Provider, name="Acme Labs"),
        1,
        typed={"name": "Acme Labs"},
    ),
    "providers.switch_provider": proof(
        "/providers", "Active for Acme", "Acme is off.", value(Provider.active, name="Acme"), False
    ),
    "providers.remove_provider": proof(
        f"{ACME}/delete",
        "Delete the provider",
        "Acme is deleted.",
        value(Provider.deleted_at, name="Acme"),
    ),
    "providers.sync": proof(
        ACME, "Sync now", "refused the connection", value(Feed.last_error_at, name="acme")
    ),
    "providers.test": proof(ACME, "Test connection", "127.0.0.1"),
    "flags.add_flag": proof(
        "/feature-flags",
        "Add the flag",
        "The feature flag gamma is there now.",
        value(FeatureFlag.name, key="gamma"),
        "Gamma",
        typed={"key": "gamma", "name": "Gamma"},
    ),
    "flags.save_flag": proof(
        "/feature-flags/{flag}/edit",
        "Save",
        "The feature flag beta is saved.",
        value(FeatureFlag.name, key="beta"),
        "Better",
        typed={"name": "Better"},
    ),
    "flags.remove_flag": proof(
        "/feature-flags",
        "Delete beta",
        "The feature flag beta is deleted.",
        number(FeatureFlag, key="beta"),
        0,
    ),
    "feeds.create_feed": proof(
        "/feeds/new",
        "Add the feed",
        "prices is there now.",
        value(Feed.kind, name="prices"),
        "litellm",
        typed={"name": "prices", "kind": "litellm", "url": "http://127.0.0.1:9/prices.json"},
    ),
    "feeds.save_feed": proof(
        f"{FEED}/edit",
        "Save",
        "models-dev is saved.",
        value(Feed.priority, name="models-dev"),
        7,
        typed={},
        before=(Press("Save", {"priority": "7"}),),
    ),
    "feeds.switch_feed": proof(
        "/feeds",
        "Reading models-dev",
        "models-dev is off.",
        value(Feed.enabled, name="models-dev"),
        False,
    ),
    "feeds.delete_feed": proof(
        f"{FEED}/delete",
        "Remove the feed",
        "models-dev is removed.",
        number(Feed, name="models-dev"),
        0,
    ),
    "feeds.sync_feed": proof(
        FEED, "Dry run", "Dry run of models-dev is under way.", number(SyncRun, dry_run=True), 2
    ),
    "webhooks.add_webhook": proof(
        "/webhooks/new",
        "Add the webhook",
        "whsec_",
        value(Webhook.events, url="https://example.org/new"),
        ["sync.failed"],
        typed={"url": "https://example.org/new", "events": ["sync.failed"]},
    ),
    "webhooks.save_webhook": proof(
        f"{HOOK}/edit",
        "Save",
        "The webhook is saved.",
        value(Webhook.description, public_id="hook_1"),
        "At night",
        typed={"description": "At night"},
    ),
    "webhooks.switch_webhook": proof(
        "/webhooks",
        "Active for On call",
        "The webhook is off.",
        value(Webhook.active, public_id="hook_1"),
        False,
    ),
    "webhooks.rotate": proof(
        f"{HOOK}/secret",
        "Make a new secret",
        "whsec_",
        value(Webhook.secret_encrypted, public_id="hook_1"),
    ),
    "webhooks.remove_webhook": proof(
        f"{HOOK}/delete", "Delete the webhook", "The webhook is deleted.", number(Webhook), 0
    ),
    "webhooks.test": proof(
        HOOK, "Send a test message", "A test message is on its way.", number(Delivery), 2
    ),
    "webhooks.again": proof(
        HOOK,
        "Send again: msg_1",
        "The message is sent again.",
        value(Delivery.state, public_id="msg_1"),
        "pending",
    ),
    "review.decide": proof(
        "/review",
        "Reject: Context of GPT-4o",
        "Rejected: 1 item.",
        number(SyncItem, state="rejected"),
        1,
    ),
    "review.preview": proof("/review", "Approve…", "1 item", typed={"id": ["{item}"]}),
    "review.apply": proof(
        "/review",
        "Approve 1",
        "Approved: 1 item.",
        value(CatalogEntry.context_length, public_id=GPT),
        8_000,
        before=(Press("Approve…", {"id": ["{item}"]}),),
    ),
    "run_actions.apply": proof(
        "/sync-runs/{planned}",
        "Apply the plan",
        "Applied: 1 item.",
        value(CatalogEntry.model_display_name, public_id=GPT),
        "GPT-4 omni",
    ),
    "run_actions.reject": proof(
        "/sync-runs/{planned}",
        "Reject",
        "is rejected: nothing of it comes into force",
        value(SyncRun.status, dry_run=True),
        "rejected",
    ),
    "run_actions.revert": proof(
        "/sync-runs/{applied}/revert",
        "Take it back",
        "Taken back: 3 items of the sync of models-dev.",
        value(CatalogEntry.model_display_name, public_id=GPT),
        "GPT 4o",
    ),
}

PROOFS: dict[str, Proof] = PEOPLE | RECORDS | SOURCES
