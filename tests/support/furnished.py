"""A small catalog in which everything that a person can do something about is there once."""

from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Role
from app.models import (
    Batch,
    CatalogEntry,
    Change,
    FeatureFlag,
    Provider,
    ProviderModel,
    SyncItem,
    SyncRun,
    User,
)
from app.services.flags import create_flag
from app.services.providers import create_provider
from app.services.records import edit_record
from app.services.sync import sync_feed
from app.services.tokens import create_token
from app.services.views import save_view
from app.web.permissions import current_settings
from tests.support.feeds import answer, make_feed, model, sync
from tests.support.people import actor_of, ensure_user
from tests.support.webhooks import VAULT, make_delivery, make_webhook

GPT, O3 = "openai/gpt-4o", "openai/o3"
KEY = "sk-live-0123456789-abcd"


def _answer(context: int, name: str = "GPT-4o") -> bytes:
    gpt: dict[str, Any] = model(name=name, limit={"context": context, "output": 1_000})
    models = {"gpt-4o": gpt, "o3": model(name="o3")}
    return answer(models, azure={"gpt-4o": gpt, "o3": model(name="o3")})


def furnish(session: Session, folder: Path, list_url: str = "http://127.0.0.1:9/v1") -> None:
    """Fill an empty database; `list_url` is where the provider Acme lists its models. Committed."""
    _sync(session, folder)
    _edit(session)
    admin = actor_of(Role.ADMIN)
    for role in Role:
        ensure_user(role)
    create_token(session, SYSTEM, current_settings(), name="gateway", role="viewer")
    values = {"name": "Acme", "base_url": list_url, "api_key": KEY}
    create_provider(session, admin, values, vault=VAULT)
    create_flag(session, admin, {"key": "beta", "name": "Beta"})
    save_view(session, admin, "entry", "Mine", "q=o3", shared=False)
    hook = make_webhook(session, public_id="hook_1", description="On call")
    make_delivery(session, hook, public_id="msg_1", state="failed", attempts=10)
    session.commit()


def _sync(session: Session, folder: Path) -> None:
    """A catalog, values that wait for review, and a plan."""
    make_feed(session)
    sync(session, folder, _answer(100_000, "GPT 4o"))
    sync(session, folder, _answer(100_000))
    sync(session, folder, _answer(8_000))
    path = folder / "next.json"
    path.write_bytes(_answer(100_000, "GPT-4 omni"))
    sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True)


def _edit(session: Session) -> None:
    """An edited entry, and provider models with an order."""
    editor = actor_of(Role.EDITOR)
    edit_record(session, editor, "entry", O3, {"description": "Thinks."})
    ids = session.scalars(select(ProviderModel.public_id).order_by(ProviderModel.id)).all()
    for public_id in ids:
        edit_record(session, editor, "provider_model", public_id, {"category": "chat"})


def names(session: Session) -> dict[str, str]:
    """What addresses call the records, as they are now."""
    models = session.scalars(select(ProviderModel.public_id).order_by(ProviderModel.id)).all()
    runs = list(session.scalars(select(SyncRun).order_by(SyncRun.id)))
    return {
        "entry": str(session.scalars(select(CatalogEntry.id).filter_by(public_id=GPT)).one()),
        "provider": session.scalars(select(Provider.public_id).filter_by(name="Openai")).one(),
        "acme": session.scalars(select(Provider.public_id).filter_by(name="Acme")).one(),
        "model": models[0],
        "planned": next(run.public_id for run in runs if run.status == "planned"),
        "applied": runs[1].public_id,
        "model_pk": str(
            session.scalars(select(ProviderModel.id).order_by(ProviderModel.id)).first()
        ),
        "flag": str(session.scalars(select(FeatureFlag.id)).one()),
        "viewer": str(session.scalars(select(User.id).filter_by(email="viewer@example.org")).one()),
        "item": str(
            session.scalars(
                select(SyncItem.id).filter_by(state="waiting", field="context_length")
            ).one()
        ),
        "edited": session.scalars(
            select(Batch.public_id)
            .join(Change)
            .where(Change.field == "description", Change.new_manual)
        ).one(),
    }
