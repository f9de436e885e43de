"""Adding, changing and removing feeds."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    FeedError,
    FieldProblem,
    PreconditionError,
)
from app.core.feeds import DEFAULT_INTERVAL, TRUSTED, check_feed, refused
from app.core.feeds import own_list as own_names
from app.core.hashing import same
from app.core.permissions import Actor
from app.models import Change, Claim, Feed, Provider, now
from app.queries.feeds import FeedRow, default_trust, get_feed, get_feed_row
from app.services.feed_consequences import FeedConsequences
from app.services.feed_rows import (
    feed_change,
    lock_feeds,
    next_run,
    provider_row_id,
    shelve_items,
    weighing,
    write_settings,
)
from app.services.secrets import Vault
from app.services.transaction import AnySession, plain, writing
from app.services.write import Action, bump_revision, insert_rows, open_batch
from app.upstreams import feed_kind
from app.upstreams._own_lists import OwnList, own_list
from app.upstreams.base import FeedKind


class FeedWritten(NamedTuple):
    """What a change of a feed wrote: its name now, the batch (None: nothing), what followed."""

    name: str
    batch: str | None
    consequences: FeedConsequences


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
    settings: Mapping[str, Any] | None = None,
    check_file: bool = False,
    reason: str | None = None,
) -> Feed:
    """Register a feed; nothing is fetched yet.

    ``path`` is a file on this machine, stored absolute; with ``check_file`` it must be
    there already. ``settings`` are further ones, as `edit_feed` takes them. A feed with
    an address is read every hour from now on, another one only when somebody asks,
    unless ``interval_minutes`` says otherwise. Raises `ValidationError` (each wrong
    field in its details), `ConflictError` for a name that is taken.
    """
    actor.require("admin:feed:manage")
    known = feed_kind(kind)
    given = {"name": name, "url": url, "path": path, "provider": provider_public_id, "mode": mode}
    values = _checked(known.name, {**(settings or {}), **given})
    _check_source(known, values)
    if check_file:
        _check_file(values["path"])
    with writing(session) as db:
        lock_feeds(db)
        _check_name(db, name)
        feed = _new_feed(known, values)
        feed.provider_id = provider_row_id(db, provider_public_id)
        db.add(feed)
        db.flush()
        _log(db, actor, "created", feed, reason)
    return feed


def edit_feed(
    session: AnySession,
    actor: Actor,
    name: str,
    values: Mapping[str, Any],
    *,
    if_match: str | None = None,
    reason: str | None = None,
    fingerprint: str | None = None,
    check_file: bool = False,
) -> FeedWritten:
    """Change settings of a feed, and put in force what follows from them, in one batch.

    ``values`` are settings by name (`app.core.feeds.CHECKS`); of URL and file, one that
    is given takes the place of the other. ``if_match`` is the tag of the settings
    (`FeedRow.tag`) that the caller saw, ``fingerprint`` the one of the consequences.
    Raises `NotFoundError`, `ValidationError`, `PreconditionError`, and `ConflictError`
    for a name that is taken or other consequences; then nothing changed.
    """
    actor.require("admin:feed:manage")
    with writing(session) as db:
        lock_feeds(db)
        row = get_feed_row(db, name)
        if if_match is not None and row.tag() != if_match:
            raise PreconditionError(f"the settings of {name} are {row.tag()} now, not {if_match}")
        changed = _changed(db, row, values, check_file=check_file)
        if not changed:
            return FeedWritten(row.name, None, FeedConsequences())
        summary = {"feed": changed.get("name", row.name), "changed": list(changed)}
        action = Action("feed", actor, reason, summary=summary)
        batch_id, public_id = open_batch(db, action)
        found = write_settings(db, batch_id, action, row, changed, fingerprint)
        bump_revision(db)
        return FeedWritten(changed.get("name", row.name), public_id, found)


def pending_change(
    session: AnySession, actor: Actor, name: str, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings that `edit_feed` would change, by name. Raises as it does."""
    actor.require("admin:feed:manage")
    db = plain(session)
    return _changed(db, get_feed_row(db, name), values, check_file=True)


def preview_feed_change(
    session: AnySession, actor: Actor, name: str, values: Mapping[str, Any]
) -> FeedConsequences:
    """What `edit_feed` would change in force; nothing is written. Raises as it does."""
    actor.require("admin:feed:manage")
    db = plain(session)
    row = get_feed_row(db, name)
    weighed = weighing(db, row, _changed(db, row, values))
    for _ in weighed.edits():
        pass
    return weighed.found


def remove_feed(
    session: AnySession,
    actor: Actor,
    name: str,
    *,
    if_match: str | None = None,
    reason: str | None = None,
) -> str:
    """Never ask a feed again; its name is free for another. Returns the batch's public id.

    Records and what is in force of them stay. What the feed said last is kept,
    and speaks where no other feed does. Raises `NotFoundError`, `PreconditionError`.
    """
    actor.require("admin:feed:manage")
    with writing(session) as db:
        lock_feeds(db)
        row = get_feed_row(db, name)
        if if_match is not None and row.tag() != if_match:
            raise PreconditionError(f"the settings of {name} are {row.tag()} now, not {if_match}")
        batch = _log(db, actor, "removed", get_feed(db, name), reason)
        take_away(db, row.id)
    return batch


def take_away(session: Session, feed_id: int) -> None:
    """Mark a feed removed, inside the caller's transaction; `bring_back` is the inverse."""
    feed = session.get_one(Feed, feed_id, populate_existing=True)
    dropped = update(Claim).where(Claim.feed_id == feed.id)
    session.execute(dropped.values(misses=Claim.misses + feed.miss_limit))
    feed.removed_at, feed.next_run_at = now(), None
    feed.name = f"{feed.name[:40]} (removed {feed.id})"
    feed.version += 1
    session.flush()
    shelve_items(session, feed.id)


def _changed(
    session: Session, row: FeedRow, values: Mapping[str, Any], *, check_file: bool = False
) -> dict[str, Any]:
    """The settings that become others, by name."""
    given = _checked(row.kind, values)
    if given.pop("kind", row.kind) != row.kind:
        problem = f"stays {row.kind}: what another kind says is another feed's"
        raise refused([FieldProblem("kind", problem)])
    _complete_source(row, given)
    before = row.settings()
    changed = {name: value for name, value in given.items() if not same(before[name], value)}
    if check_file:
        _check_file(changed.get("path"))
    if "name" in changed:
        _check_name(session, changed["name"])
    if "provider" in changed:
        provider_row_id(session, changed["provider"])
    return changed


def _checked(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    given = check_feed(values)
    default = default_trust(kind)
    for name in TRUSTED.keys() & given.keys():
        given[name] = own_names(given[name], default[name])
    if given.get("path") is not None:
        given["path"] = str(Path(given["path"]).resolve())
    return given


def _check_file(path: str | None) -> None:
    if path is not None and not _is_readable(path):
        problem = f"names no file that can be read here: {path}"
        raise refused([FieldProblem("path", problem)])


def _is_readable(path: str) -> bool:
    try:
        return Path(path).is_file() and os.access(path, os.R_OK)
    except OSError:
        return False


def _complete_source(row: FeedRow, given: dict[str, Any]) -> None:
    """Of URL and file, one that is given takes the place of the other."""
    for one, other in (("url", "path"), ("path", "url")):
        if given.get(one) is not None and other not in given:
            given[other] = None
    if {"url", "path"} & given.keys():
        source = {name: given.get(name, getattr(row, name)) for name in ("url", "path")}
        kind = feed_kind(row.kind)
        _check_source(kind, source)
        if source["url"] is None and source["path"] is None and not kind.embedded:
            given["url"] = kind.default_url


def _check_source(kind: FeedKind, values: Mapping[str, Any]) -> None:
    url, path = values.get("url"), values.get("path")
    problem = None
    if url is not None and path is not None:
        problem = "cannot be there beside a file: a feed has a URL or a file, not both"
    elif url is None and path is None and not (kind.embedded or kind.default_url):
        problem = f"is missing: a feed of kind {kind.name} needs a URL or a file"
    if problem:
        raise refused([FieldProblem("url", problem)])


def _check_name(session: Session, name: str) -> None:
    if session.scalar(select(Feed.id).where(Feed.name == name)) is not None:
        raise ConflictError(
            f"there is a feed {name!r} already", [FieldProblem("name", "is taken by another feed")]
        )


def _new_feed(kind: FeedKind, values: Mapping[str, Any]) -> Feed:
    own = {name: value for name, value in values.items() if name not in ("provider", "kind")}
    if own["url"] is None and own["path"] is None and not kind.embedded:
        own["url"] = kind.default_url
    defaults: dict[str, Any] = {
        "enabled": True,
        "priority": kind.priority,
        "miss_limit": 2,
        "minimum_share": 80,
        "interval_minutes": DEFAULT_INTERVAL if own["url"] else None,
    }
    feed = Feed(kind=kind.name, version=1, failures=0, created_at=now(), **{**defaults, **own})
    feed.next_run_at = next_run(feed, at_once=True)
    return feed


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
        lock_feeds(db)
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
        interval_minutes=DEFAULT_INTERVAL,
        # Whoever asks for it first has just read it.
        next_run_at=now() + DEFAULT_INTERVAL * 60,
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


def _log(session: Session, actor: Actor, what: str, feed: Feed, reason: str | None = None) -> str:
    action = Action("feed", actor, reason, summary={"feed": feed.name, what: 1})
    batch_id, public_id = open_batch(session, action)
    said = {"name": feed.name, "kind": feed.kind, "url": feed.url, "path": feed.path}
    old, new = (None, said) if what == "created" else (said, None)
    insert_rows(session, Change, [feed_change(batch_id, feed.id, "*", old, new)])
    return public_id
