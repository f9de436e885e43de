"""Records for tests: valid without a word said, everything sayable."""

import itertools
from collections.abc import Sequence
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import (
    CatalogEntry,
    CatalogRevision,
    EntryAlias,
    Provider,
    ProviderModel,
    now,
)
from app.services.search_index import (
    index_entries,
    index_provider_models,
    rewrite_tags,
    search_text,
)
from app.services.write import plot_limits, plot_prices

_numbers = itertools.count(1)


def entry_values(**values: Any) -> dict[str, Any]:
    """All columns of an entry but its pk, as the write path would leave them."""
    number = next(_numbers)
    moment = now()
    defaults: dict[str, Any] = {column.name: None for column in CatalogEntry.__table__.columns}
    del defaults["id"]
    return (
        defaults
        | {
            "public_id": f"vendor/model-{number}",
            "tags": [],
            "active": True,
            "experimental": False,
            "status": "filled",
            "protection": "none",
            "manual_fields": [],
            "sources": {},
            "version": 1,
            "created_at": moment,
            "updated_at": moment,
        }
        | values
    )


def make_entry(session: Session, aliases: Sequence[str] = (), **values: Any) -> CatalogEntry:
    """An entry in the database, found by searches and tags; not committed."""
    entry = CatalogEntry(**entry_values(**values))
    session.add(entry)
    session.flush()
    session.add_all(EntryAlias(alias=alias, entry_id=entry.id) for alias in aliases)
    index_entries(session, [(entry.id, search_text(_searched(entry), entry.public_id))])
    rewrite_tags(session, [(entry.id, entry.tags)])
    session.execute(update(CatalogRevision).values(revision=CatalogRevision.revision + 1))
    return entry


def make_provider(session: Session, **values: Any) -> Provider:
    """A provider in the database, switched on; not committed."""
    number = next(_numbers)
    defaults = {
        "public_id": f"prov_{number}",
        "name": f"Provider {number}",
        "vendor": f"provider-{number}",
        "active": True,
        "created_at": now(),
        "updated_at": now(),
    }
    provider = Provider(**defaults | values)
    session.add(provider)
    session.flush()
    return provider


def make_provider_model(
    session: Session,
    provider: Provider | None = None,
    entry: CatalogEntry | None = None,
    **values: Any,
) -> ProviderModel:
    """A provider model in the database, found by searches; not committed."""
    number = next(_numbers)
    defaults = {
        "public_id": f"pmdl_{number}",
        "provider_id": (provider or make_provider(session)).id,
        "entry_id": (entry or make_entry(session)).id,
        "raw_id": f"raw-{number}",
        "active": True,
        "status": "filled",
        "created_at": now(),
        "updated_at": now(),
    }
    plotted = plot_prices(values.get("pricing")) | plot_limits(values.get("token_limits"))
    model = ProviderModel(**defaults | plotted | values)
    session.add(model)
    session.flush()
    index_provider_models(session, [model.id])
    session.execute(update(CatalogRevision).values(revision=CatalogRevision.revision + 1))
    return model


def _searched(entry: CatalogEntry) -> dict[str, Any]:
    names = ("model_display_name", "family", "tags", "description")
    return {name: getattr(entry, name) for name in names}
