"""Adding and removing feeds."""

from __future__ import annotations

import re
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FeedError, FieldProblem, ValidationError
from app.core.permissions import Actor
from app.core.providers import url_problem
from app.models import Change, Claim, Feed, Provider, now
from app.queries.feeds import get_feed
from app.services.secrets import Vault
from app.services.transaction import AnySession, writing
from app.services.write import Action, change_row, open_batch
from app.upstreams import feed_kind
from app.upstreams._own_lists import OwnList, own_list
from app.upstreams.base import FeedKind

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MODES = ("auto", "review")


def add_feed(
    session: AnySession,
    actor: Actor,
    name: str,
    kind: str,
    *,
    url: str | None = None,
    path: str | None = None,
    provider_public_id: str | None = None,
    mode: str = "auto",
) -> Feed:
    """Register a feed; nothing is fetched yet.

    ``path`` is a file on this machine, stored absolute. Raises `ValidationError`
    (each wrong field in its details), `ConflictError` for a name that is taken.
    """
    actor.require("admin:feed:manage")
    known = feed_kind(kind)
    _check(known, name, url, path, mode)
    with writing(session) as db:
        if db.scalar(select(Feed.id).where(Feed.name == name)) is not None:
            raise ConflictError(f"there is a feed {name!r} already")
        feed = Feed(
            name=name,
            kind=kind,
            url=url or (None if path or known.embedded else known.default_url),
            path=None if path is None else str(Path(path).resolve()),
            provider_id=_provider_id(db, provider_public_id),
            mode=mode,
            priority=known.priority,
            created_at=now(),
        )
        db.add(feed)
        db.flush()
        _log(db, actor, "created", feed)
    return feed


def remove_feed(session: AnySession, actor: Actor, name: str) -> None:
    """Never ask a feed again; its name is free for another.

    Records and what is in force of them stay. What the feed said last is kept,
    and speaks where no other feed does. Raises `NotFoundError`.
    """
    actor.require("admin:feed:manage")
    with writing(session) as db:
        feed = get_feed(db, name)
        _log(db, actor, "removed", feed)
        dropped = update(Claim).where(Claim.feed_id == feed.id)
        db.execute(dropped.values(misses=feed.miss_limit))
        feed.removed_at = now()
        feed.name = f"{feed.name[:40]} (removed {feed.id})"
        feed.version += 1


def own_feed(session: Session, provider: Provider) -> Feed | None:
    """The feed that asks for a provider's own list; one that reads a file does not ask."""
    statement = select(Feed).where(
        Feed.provider_id == provider.id, Feed.removed_at.is_(None), Feed.path.is_(None)
    )
    return session.scalars(statement.order_by(Feed.id)).first()


def own_list_of(provider: Provider) -> OwnList:
    """Where the provider lists its models; raises `FeedError` where it has no address."""
    return own_list(provider.vendor, provider.base_url, provider.meta)


def ensure_own_feed(session: AnySession, actor: Actor, provider_id: int) -> str:
    """The name of the provider's own feed, registered now where there was none.

    Raises `FeedError` where the provider has no address to ask.
    """
    actor.require("admin:feed:manage")
    with writing(session) as db:
        db.execute(select(Feed.id).order_by(Feed.id).with_for_update())
        provider = db.get_one(Provider, provider_id, populate_existing=True)
        feed = own_feed(db, provider)
        if feed is None:
            feed = new_own_feed(db, provider)
            db.add(feed)
            db.flush()
            _log(db, actor, "created", feed)
        elif feed.url is None:
            _point(feed, own_list_of(provider))
        return feed.name


def new_own_feed(session: Session, provider: Provider) -> Feed:
    """A feed for the provider's own list, not added to the session yet."""
    asked = own_list_of(provider)
    return Feed(
        name=_free_name(session, provider.name),
        kind=asked.kind.name,
        url=asked.url,
        provider_id=provider.id,
        mode="auto",
        enabled=True,
        priority=asked.kind.priority,
        miss_limit=2,
        minimum_share=80,
        version=1,
        created_at=now(),
    )


def align_own_feed(session: Session, provider: Provider, before: OwnList | None) -> None:
    """Let the own feed follow the provider's address, where it stood at the former one."""
    feed = own_feed(session, provider)
    if feed is None or (feed.url is not None and (before is None or feed.url != before.url)):
        return
    try:
        _point(feed, own_list_of(provider))
    except FeedError:
        feed.url = feed.etag = feed.answer_hash = None


def _point(feed: Feed, asked: OwnList) -> None:
    if (feed.url, feed.kind) == (asked.url, asked.kind.name):
        return
    feed.url, feed.kind, feed.priority = asked.url, asked.kind.name, asked.kind.priority
    feed.etag = feed.answer_hash = None


def _free_name(session: Session, name: str) -> str:
    slug = re.sub(r"[^a-z0-9._]+", "-", name.lower()).strip("-._")[:50].rstrip("-._") or "provider"
    taken = set(session.scalars(select(Feed.name).where(Feed.name.startswith(slug))))
    numbered = (f"{slug}-{number}" for number in range(2, len(taken) + 3))
    return slug if slug not in taken else next(n for n in numbered if n not in taken)


def request_headers(session: Session, feed: Feed, vault: Vault | None) -> dict[str, str]:
    """What a feed of a provider sends along: the provider's key, if it has one.

    Raises `FeedError` for a deleted provider's feed, `UnreadableSecretError` where the
    stored key cannot be decrypted.
    """
    if feed.provider_id is None:
        return {}
    provider = session.get_one(Provider, feed.provider_id, populate_existing=True)
    if provider.deleted_at is not None:
        raise FeedError(f"the provider {provider.name} of the feed {feed.name} is deleted")
    if feed.url is None:
        return {}
    asked = own_list(provider.vendor, feed.url, provider.meta)
    return asked.headers(provider_key(provider, vault))


def provider_key(provider: Provider, vault: Vault | None) -> str | None:
    """The provider's key in clear; None where it has none."""
    if provider.api_key_encrypted is None:
        return None
    if vault is None:
        raise FeedError(f"the key of {provider.name} cannot be read here: no encryption keys")
    return vault.decrypt(provider.api_key_encrypted, of=provider.name)


def _check(kind: FeedKind, name: str, url: str | None, path: str | None, mode: str) -> None:
    problems = []
    if not NAME.fullmatch(name):
        accepted = "a to z, digits, dots, dashes and underscores, at most 64 characters"
        problems.append(FieldProblem("name", f"{name!r} is not a feed name: {accepted}"))
    if url is not None and path is not None:
        problems.append(FieldProblem("url", "a feed has a URL or a file, not both"))
    if url is not None and (reason := url_problem(url)):
        problems.append(FieldProblem("url", f"the URL {reason}"))
    if url is None and path is None and not (kind.embedded or kind.default_url):
        problems.append(FieldProblem("url", f"a feed of kind {kind.name} needs a URL or a file"))
    if mode not in MODES:
        problems.append(FieldProblem("mode", f"{mode!r} is not a mode: {' or '.join(MODES)}"))
    if problems:
        raise ValidationError("; ".join(p.message for p in problems), problems)


def _provider_id(session: Session, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    living = (Provider.public_id == public_id, Provider.deleted_at.is_(None))
    found = session.scalar(select(Provider.id).where(*living))
    if found is None:
        message = f"there is no provider {public_id!r}"
        raise ValidationError(message, [FieldProblem("provider", message)])
    return found


def _log(session: Session, actor: Actor, what: str, feed: Feed) -> None:
    batch_id, _ = open_batch(session, Action("feed", actor, summary={"feed": feed.name, what: 1}))
    said = {"name": feed.name, "kind": feed.kind, "url": feed.url, "path": feed.path}
    old, new = (None, said) if what == "created" else (said, None)
    row = change_row(batch_id, "feed", feed.id, "*", (old, False), (new, False))
    session.execute(insert(Change), [row])
