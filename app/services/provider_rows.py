"""What every change of a provider shares: locks, one name and one default each, the log.

Inside a write transaction of the caller, who ends with `bump_revision`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import FeedError
from app.core.providers import DEFAULTS
from app.models import Change, Feed, Provider, ProviderModel, now
from app.services import search_index
from app.services.feeds import align_own_feed, own_list_of
from app.services.webhooks import emit
from app.services.write import change_row, insert_rows
from app.upstreams._own_lists import OwnList

KEY = "api_key"
COLUMNS = {"metadata": "meta"}


def lock_providers(session: Session) -> None:
    """Providers are written one at a time: names and defaults are compared among all of them.

    Feeds come first, as in a sync that is being applied.
    """
    session.execute(select(Feed.id).order_by(Feed.id).with_for_update())
    session.execute(select(Provider.id).order_by(Provider.id).with_for_update(key_share=True))


def write_provider(
    session: Session,
    batch_id: int,
    provider: Provider,
    changed: Mapping[str, Any],
    key_change: tuple[str | None, str | None] | None = None,
) -> None:
    """Write and log changed fields, and what follows: one default each, the own feed, search."""
    log: list[dict[str, Any]] = []
    asked_before = _own_list(provider)
    for name in DEFAULTS:
        if changed.get(name):
            log += take_default(session, batch_id, provider, name)
    if key_change is not None:
        log.append(provider_change(batch_id, provider.id, KEY, *key_change))
    for name, value in changed.items():
        log.append(provider_change(batch_id, provider.id, name, value_of(provider, name), value))
        setattr(provider, COLUMNS.get(name, name), value)
    _touch(provider)
    session.flush()
    tell_of_provider(session, provider, changed.keys() | ({KEY} if key_change else set()))
    if {"vendor", "base_url", "metadata"} & changed.keys():
        align_own_feed(session, provider, asked_before)
    if "deleted_at" in changed:
        # What feeds said of its models meanwhile was not read: the same answer is news again.
        session.execute(update(Feed).values(answer_hash=None, etag=None, version=Feed.version + 1))
    if "name" in changed:
        mine = select(ProviderModel.id).where(ProviderModel.provider_id == provider.id)
        search_index.index_provider_models(session, session.scalars(mine).all())
    insert_rows(session, Change, log)


def take_default(
    session: Session, batch_id: int, provider: Provider, name: str
) -> list[dict[str, Any]]:
    """Only one provider has it: the others lose it."""
    log = []
    for holder in holders_of(session, provider, name):
        setattr(holder, name, False)
        _touch(holder)
        tell_of_provider(session, holder, [name])
        log.append(provider_change(batch_id, holder.id, name, True, False))
    return log


def tell_of_provider(session: Session, provider: Provider, fields: Iterable[str]) -> None:
    """Tell webhooks that these fields of a provider have other values now."""
    told = {
        "provider_id": provider.public_id,
        "name": provider.name,
        "active": provider.active,
        "deleted": provider.deleted_at is not None,
        "fields": sorted(fields),
    }
    emit(session, "provider.changed", told)


def holders_of(session: Session, provider: Provider, name: str) -> list[Provider]:
    """The other providers that have this default, deleted ones too."""
    column = getattr(Provider, name)
    statement = select(Provider).where(column, Provider.id != provider.id)
    return list(session.scalars(statement.order_by(Provider.id)))


def living_namesake(session: Session, name: str, own_id: int | None) -> str | None:
    """The living provider of that name, whatever its upper and lower case."""
    statement = select(Provider.id, Provider.name).where(Provider.deleted_at.is_(None))
    folded = name.casefold()
    for provider_id, taken in session.execute(statement):
        if provider_id != own_id and taken.casefold() == folded:
            return str(taken)
    return None


def _own_list(provider: Provider) -> OwnList | None:
    try:
        return own_list_of(provider)
    except FeedError:
        return None


def value_of(provider: Provider, name: str) -> Any:
    """The value of a field by its name outside."""
    return getattr(provider, COLUMNS.get(name, name))


def key_words(provider: Provider) -> str | None:
    """All that the log may say of a key."""
    return None if provider.api_key_encrypted is None else "set"


def _touch(provider: Provider) -> None:
    provider.version += 1
    provider.updated_at = now()


def provider_change(
    batch_id: int, provider_id: int, field: str, old: Any, new: Any
) -> dict[str, Any]:
    """A row of the change log."""
    return change_row(batch_id, "provider", provider_id, field, (old, False), (new, False))
