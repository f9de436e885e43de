"""Every page of the console, with addresses that the seeded catalog and `fill` give it."""

from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app.core.fields import ENTRY_FIELDS, PROVIDER_MODEL_FIELDS
from app.core.permissions import SYSTEM
from app.models import (
    Batch,
    CatalogEntry,
    FeatureFlag,
    Provider,
    ProviderModel,
    SyncRun,
    db,
)
from app.services.records import edit_record
from tests.support.feeds import answer, make_feed, model, sync
from tests.support.syncs import make_feed as bare_feed
from tests.support.syncs import make_run
from tests.support.webhooks import make_delivery, make_webhook

ENTRY, OTHER = "anthropic/claude-sonnet-4-5", "openai/gpt-4o"
# What answers a GET with something else than a page, and what that is.
NO_PAGE = {
    "static": "a file",
    "api_v1_description.document": "JSON",
    "auth.login": "a page for who is not logged in: tests/browser/test_every_state.py",
    "bulk.value_input": "a fragment: the input that the bulk bar asks for",
    "change_export.export": "a file",
    "entry_editing.origin": "a fragment: what the panel of a value says",
    "entry_editing.show_row": "a fragment: the row after an edit",
    "links.options": "a fragment: the options of a listbox",
    "live.live": "JSON",
    "provider_model_editing.origin": "a fragment: what the panel of a value says",
    "provider_model_editing.show_row": "a fragment: the row after an edit",
    "provider_models.options": "a fragment: the options of a listbox",
    "public.healthz": "JSON",
    "public.readyz": "JSON",
    "views.open_view": "a redirect to the table",
}
# Pages by what they show; the walk has one test for each group and theme.
GROUPS = {
    "catalog": ("catalog", "entry", "compare", "find", "links", "pages", "pictures", "start"),
    "editors": ("entry_editing", "provider_model_editing"),
    "providers": ("provider_models", "providers", "flags", "feeds"),
    "syncs": ("runs", "run_actions", "review", "changes"),
    "people": ("accounts", "own_account", "webhooks", "api_v1_description"),
}


def page_rules(app: Flask) -> list[Rule]:
    """The routes that a browser opens: all that answer a GET, but the API's JSON."""
    return [
        rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and not rule.rule.startswith(("/v1/admin/", "/feeds/openai/"))
    ]


def fill(app: Flask, folder: Path) -> None:
    """Drift, a queue, a held answer, a run under way, a webhook with messages, edits by hand."""
    with app.app_context():
        session = db.session()
        make_feed(session, "reseller")
        models = {
            f"model-{n}x": model(name=f"Model {n}", limit={"context": 200_000, "output": 4_000})
            for n in range(3)
        }
        sync(session, folder, answer(models, "acme"), "reseller")
        for one in models.values():
            one["limit"] = {"context": 8_000, "output": 4_000}
        sync(session, folder, answer(models, "acme"), "reseller")
        run = {"status": "running", "stage": "fetch", "finished_at": None, "counts": None}
        make_run(session, bare_feed(session, name="slow"), **run)
        hook = make_webhook(session, public_id="hook_1", description="On call")
        for number, state in enumerate(("delivered", "failed"), start=1):
            make_delivery(session, hook, public_id=f"msg_{number}", state=state, attempts=1)
        session.commit()
        values = {"family": "ours", "supports_tools": False, "requires_feature_flag": "beta"}
        edit_record(session, SYSTEM, "entry", ENTRY, values, reason="Corrected by hand")


def _cells(path: str, pk: int, names: Iterable[str]) -> list[str]:
    return [f"{path}?cell={pk}:{name}" for name in names]


def _kinds(fields: Iterable[object]) -> list[str]:
    """The name of one field of each kind."""
    return list({getattr(f, "kind"): getattr(f, "name") for f in fields}.values())  # noqa: B009


def addresses(app: Flask) -> dict[str, list[str]]:
    """For each endpoint that is a page: where it is open."""
    with app.app_context():
        session = db.session()
        return _of_catalog(session) | _of_sources(session) | _of_people() | _of_syncs(session)


def _of_catalog(session: Session) -> dict[str, list[str]]:
    pk = session.scalars(select(CatalogEntry.id).where(CatalogEntry.public_id == ENTRY)).one()
    offers = select(ProviderModel).where(ProviderModel.entry_id == pk).order_by(ProviderModel.id)
    offer = session.scalars(offers.limit(1)).one()
    model_pk, model_id = offer.id, offer.public_id
    return {
        "catalog.entries": ["/catalog?q=claude-sonnet-4", "/catalog?q=zzzz"],
        "entry.show_entry": [f"/catalog/{ENTRY}", "/catalog/no/such/entry"],
        "compare.compare": [
            "/compare",
            f"/compare?entries={ENTRY}&entries={OTHER}",
            f"/compare?entry={ENTRY}",
            "/compare?entries=no/such",
        ],
        "find.find": ["/find", "/find?q=claude", "/find?q=zzzzqq"],
        "links.ask_merge": [f"/entries/{pk}/merge", f"/entries/{pk}/merge?other={OTHER}"],
        "links.ask_split": [f"/entries/{pk}/split"],
        "links.ask_move": [f"/provider-models/{model_pk}/move"],
        "pages.dashboard": ["/"],
        "start.show_start": ["/start"],
        "pictures.coverage": ["/coverage"],
        "pictures.prices": ["/prices"],
        "pictures.activity": ["/activity", "/activity?days=90"],
        "entry_editing.open_editor": _cells("/entries/edit", pk, _kinds(ENTRY_FIELDS)),
        "provider_model_editing.open_editor": _cells(
            "/provider-models/edit", model_pk, _kinds(PROVIDER_MODEL_FIELDS)
        ),
        "provider_models.models": [
            "/provider-models?search=claude-sonnet-4",
            "/provider-models?search=zzzz",
        ],
        "provider_models.show_model": [f"/provider-models/{model_id}"],
    }


def _of_sources(session: Session) -> dict[str, list[str]]:
    provider = session.scalars(select(Provider.public_id).where(Provider.feed_key == "groq")).one()
    flag = session.scalars(select(FeatureFlag.id).order_by(FeatureFlag.id)).first()
    return {
        "providers.providers": ["/providers"],
        "providers.new_provider": ["/providers/new"],
        "providers.show_provider": [f"/providers/{provider}"],
        "providers.open_provider": [f"/providers/{provider}/edit"],
        "providers.confirm_delete": [f"/providers/{provider}/delete"],
        "flags.flags": ["/feature-flags"],
        "flags.show_flag": [f"/feature-flags/{flag}"],
        "flags.open_flag": [f"/feature-flags/{flag}/edit"],
        "feeds.feeds": ["/feeds"],
        "feeds.new_feed": ["/feeds/new"],
        "feeds.show_feed": ["/feeds/reseller"],
        "feeds.open_feed": ["/feeds/reseller/edit"],
        "feeds.confirm_delete": ["/feeds/reseller/delete"],
    }


def _of_people() -> dict[str, list[str]]:
    hook = "/webhooks/hook_1"
    return {
        "accounts.users": ["/users"],
        "accounts.tokens": ["/tokens"],
        "own_account.account": ["/account"],
        "api_v1_description.docs": ["/v1/docs"],
        "webhooks.webhooks": ["/webhooks"],
        "webhooks.new_webhook": ["/webhooks/new"],
        "webhooks.show_webhook": [hook],
        "webhooks.open_webhook": [f"{hook}/edit"],
        "webhooks.confirm_delete": [f"{hook}/delete"],
        "webhooks.confirm_rotation": [f"{hook}/secret"],
    }


def _of_syncs(session: Session) -> dict[str, list[str]]:
    newest = select(SyncRun.public_id).order_by(SyncRun.id.desc())
    done = session.scalars(newest.where(SyncRun.status != "running")).first()
    running = session.scalars(newest.where(SyncRun.status == "running")).first()
    batch = session.scalars(select(Batch.public_id).order_by(Batch.id.desc())).first()
    return {
        "runs.runs": ["/sync-runs"],
        "runs.show_run": [f"/sync-runs/{done}", f"/sync-runs/{running}"],
        "run_actions.ask_to_revert": [f"/sync-runs/{done}/revert"],
        "review.review": ["/review", "/review?state=rejected"],
        "changes.changes": ["/changes", "/changes?kind=edit", "/changes?field=pricing"],
        "changes.show_batch": [f"/changes/{batch}"],
    }
