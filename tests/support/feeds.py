"""Feed answers in the models.dev dialect, written by hand, and the syncs that read them."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Actor, Role
from app.models import CatalogEntry, Change, ProviderModel
from app.services.feeds import add_feed
from app.services.sync import SyncResult, sync_feed

EDITOR = Actor("user", "editor@example.test", Role.EDITOR)

Models = dict[str, dict[str, Any]]


def model(**said: Any) -> dict[str, Any]:
    """A models.dev record of a model that takes and gives text, and whatever else is said."""
    return {
        "name": "Model",
        "reasoning": False,
        "tool_call": False,
        "modalities": {"input": ["text"], "output": ["text"]},
        "limit": {"context": 8_000, "output": 4_000},
    } | said


def answer(models: Models, provider: str = "openai", **others: Models) -> bytes:
    """The bytes of an answer with these models of one provider, and of others by keyword."""
    providers = {provider: models} | others
    return json.dumps(
        {
            key: {"id": key, "name": key.title(), "env": [], "npm": "x", "models": listed}
            for key, listed in providers.items()
        }
    ).encode()


def filler(count: int) -> Models:
    """Models that are there so that a small loss does not look like a broken answer."""
    return {f"filler-{n}x": model(name=f"Filler {n}") for n in range(count)}


def sync(session: Session, folder: Path, body: bytes, feed: str = "models-dev") -> SyncResult:
    """Sync the feed from a file with this content."""
    path = folder / f"{feed}.json"
    path.write_bytes(body)
    return sync_feed(session, SYSTEM, feed, path=str(path))


def make_feed(session: Session, name: str = "models-dev", kind: str = "models_dev") -> None:
    """Register a feed that is only ever read from files."""
    add_feed(session, SYSTEM, name, kind, path="nowhere.json")


def entry(session: Session, public_id: str) -> CatalogEntry:
    """The entry as the database has it now."""
    session.rollback()
    return session.scalars(select(CatalogEntry).where(CatalogEntry.public_id == public_id)).one()


def offer(session: Session, raw_id: str) -> ProviderModel:
    """The provider model as the database has it now."""
    session.rollback()
    return session.scalars(select(ProviderModel).where(ProviderModel.raw_id == raw_id)).one()


def history(session: Session, record_type: str, record_id: int) -> list[tuple[str, Any, Any]]:
    """The logged changes of a record, oldest first: field, old, new."""
    session.rollback()
    statement = (
        select(Change.field, Change.old, Change.new)
        .where(Change.record_type == record_type, Change.record_id == record_id)
        .order_by(Change.id)
    )
    return [(field, old, new) for field, old, new in session.execute(statement)]
