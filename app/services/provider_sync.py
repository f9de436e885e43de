"""A provider's own list: fetched into the catalog, or only asked for to see whether it answers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import AlmanacError, BusyError, FeedError, NotFoundError
from app.core.permissions import Actor
from app.models import Provider
from app.services.feeds import (
    ensure_own_feed,
    new_own_feed,
    own_feed,
    own_list_of,
    provider_key,
)
from app.services.fetch import FetchLimits, fetch
from app.services.secrets import Vault
from app.services.sync import Job, SyncResult, apply_planned, sync_feed
from app.services.sync_plan import make_plan
from app.services.sync_source import Answer
from app.services.transaction import AnySession, plain, writing
from app.upstreams import parse_pages
from app.upstreams._own_lists import OwnList, own_list

TEST_SECONDS = 15.0
_AT_ONCE = 16


class Reached(NamedTuple):
    """What came of asking one address: how many models it lists, or why it does not."""

    url: str
    models: int | None
    problem: str | None = None


class _Target(NamedTuple):
    """An address to ask, and the headers it is asked with: a key may be among them."""

    shown: str
    asked: OwnList
    headers: Mapping[str, str]


# A slow provider holds the thread that asks it: two at once leave the others free to answer.
_asking = BoundedSemaphore(2)


@contextmanager
def _one_of_few() -> Iterator[None]:
    if not _asking.acquire(blocking=False):
        raise BusyError("two providers are being asked already; try again in a moment")
    try:
        yield
    finally:
        _asking.release()


def sync_provider(
    session: AnySession,
    actor: Actor,
    public_id: str,
    *,
    vault: Vault,
    dry_run: bool = False,
    allow_private: bool = True,
) -> SyncResult:
    """Bring a provider's models up to what its own list says, read with its own key.

    The first time registers a feed for it; ``dry_run`` writes nothing at all. Raises
    `NotFoundError`, `ForbiddenError`, `UnreadableSecretError`, all kinds of `FeedError`, and
    `BusyError` where two providers are being asked already.
    """
    actor.require("admin:feed:sync")
    real = plain(session)
    provider = _living(real, public_id)
    feed = own_feed(real, provider)
    if dry_run and (feed is None or feed.url is None):
        with _one_of_few():
            return _rehearse(real, actor, provider, vault, allow_private)
    name = ensure_own_feed(real, actor, provider.id)
    with _one_of_few():
        return sync_feed(
            *(real, actor, name),
            dry_run=dry_run,
            allow_private=allow_private,
            vault=vault,
            trigger="provider",
        )


def check_connection(
    session: AnySession,
    actor: Actor,
    public_id: str,
    *,
    vault: Vault,
    allow_private: bool = True,
    seconds: float = TEST_SECONDS,
) -> list[Reached]:
    """Ask the base URL and every endpoint for the list of models, all within ``seconds``.

    Nothing is written. Raises `NotFoundError`, `ForbiddenError`, `UnreadableSecretError`,
    and `FeedError` where there is no address at all.
    """
    actor.require("admin:provider:manage")
    real = plain(session)
    provider = _living(real, public_id)
    targets = _targets(provider, provider_key(provider, vault))
    real.rollback()  # no transaction stays open while the network is slow
    until = time.monotonic() + seconds
    with _one_of_few(), ThreadPoolExecutor(min(_AT_ONCE, len(targets))) as pool:
        return list(pool.map(lambda target: _reach(target, until, allow_private), targets))


def rotate_keys(session: AnySession, actor: Actor, vault: Vault) -> int:
    """Encrypt all stored keys with the first encryption key, so that the others can go.

    Returns how many there are. Raises `UnreadableSecretError`; then nothing changed.
    """
    actor.require("admin:provider:manage")
    with writing(session) as db:
        stored = select(Provider).where(Provider.api_key_encrypted.is_not(None))
        providers = db.scalars(stored.order_by(Provider.id).with_for_update(key_share=True)).all()
        for provider in providers:
            secret = provider.api_key_encrypted or ""
            provider.api_key_encrypted = vault.rotate(secret, of=provider.name)
        return len(providers)


def _living(session: Session, public_id: str) -> Provider:
    living = (Provider.public_id == public_id, Provider.deleted_at.is_(None))
    provider = session.scalar(select(Provider).where(*living))
    if provider is None:
        raise NotFoundError(f"there is no provider {public_id[:255]!r}")
    return provider


def _rehearse(
    session: Session, actor: Actor, provider: Provider, vault: Vault, allow_private: bool
) -> SyncResult:
    """As the first sync would do; the feed it would register is gone with the transaction."""
    asked, provider_id = own_list_of(provider), provider.id
    headers = asked.headers(provider_key(provider, vault))
    session.rollback()
    fetched = fetch(
        asked.url, allow_private=allow_private, headers=headers, next_page=asked.kind.next_page
    )
    parsed = parse_pages(asked.kind, fetched.pages)
    with writing(session, keep=False) as db:
        feed = new_own_feed(db, db.get_one(Provider, provider_id))
        db.add(feed)
        db.flush()
        job = Job(actor, feed.name, parsed, Answer(fetched.pages), True)
        result, _ = apply_planned(db, job, feed, make_plan(db, feed, parsed))
    result.dry_run, result.batch_id = True, None
    return result


def _targets(provider: Provider, key: str | None) -> list[_Target]:
    lists = [
        (endpoint["url"], own_list(provider.vendor, endpoint["url"], provider.meta))
        for endpoint in provider.endpoints
    ]
    targets = [_Target(url, asked, asked.headers(key)) for url, asked in lists]
    try:
        asked = own_list_of(provider)
    except FeedError:
        if not targets:
            raise
        return targets
    first = _Target(provider.base_url or asked.url, asked, asked.headers(key))
    return [first, *(target for target in targets if target.asked.url != asked.url)]


def _reach(target: _Target, until: float, allow_private: bool) -> Reached:
    left = until - time.monotonic()
    if left <= 0:
        return Reached(target.shown, None, "was not asked: the time was up")
    asked = target.asked
    limits = FetchLimits(connect=min(5, left), read=left, total=left)
    try:
        fetched = fetch(
            asked.url,
            allow_private=allow_private,
            headers=target.headers,
            limits=limits,
            next_page=asked.kind.next_page,
        )
        return Reached(target.shown, len(parse_pages(asked.kind, fetched.pages).models))
    except AlmanacError as error:
        return Reached(target.shown, None, error.message)
