"""Adding and removing feeds."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FieldProblem, ValidationError
from app.core.permissions import Actor
from app.models import Change, Claim, Feed, Provider, now
from app.queries.feeds import get_feed
from app.services.transaction import AnySession, writing
from app.services.write import Action, change_row, open_batch
from app.upstreams import feed_kind
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


def _check(kind: FeedKind, name: str, url: str | None, path: str | None, mode: str) -> None:
    problems = []
    if not NAME.fullmatch(name):
        accepted = "a to z, digits, dots, dashes and underscores, at most 64 characters"
        problems.append(FieldProblem("name", f"{name!r} is not a feed name: {accepted}"))
    if url is not None and path is not None:
        problems.append(FieldProblem("url", "a feed has a URL or a file, not both"))
    if url is not None and (reason := _url_problem(url)):
        problems.append(FieldProblem("url", reason))
    if url is None and path is None and not (kind.embedded or kind.default_url):
        problems.append(FieldProblem("url", f"a feed of kind {kind.name} needs a URL or a file"))
    if mode not in MODES:
        problems.append(FieldProblem("mode", f"{mode!r} is not a mode: {' or '.join(MODES)}"))
    if problems:
        raise ValidationError("; ".join(p.message for p in problems), problems)


def _url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return f"{url!r} is not a URL"
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_ok:
        return f"{url!r} is not an http or https URL"
    if parts.username or parts.password:
        return "a URL must not hold a user name or password: store the key with the provider"
    return None


def _provider_id(session: Session, public_id: str | None) -> int | None:
    if public_id is None:
        return None
    found = session.scalar(select(Provider.id).where(Provider.public_id == public_id))
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
