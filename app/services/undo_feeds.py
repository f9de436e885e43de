"""The inverse of logged changes of feeds; what follows in force is worked out anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.feeds import CHECKS
from app.core.hashing import same
from app.core.permissions import SYSTEM
from app.models import Batch, Change, Claim, Feed, Provider
from app.queries.feeds import FeedRow, get_feed_row
from app.services.feed_rows import (
    feed_change,
    lock_feeds,
    next_run,
    settle_all,
    shelve_items,
    write_settings,
)
from app.services.feeds import take_away
from app.services.undo_records import ChangeLine, Refused
from app.services.write import Action, insert_rows

RECORD = "feed"
_SINCE = "was changed since"
# Nothing is decided in it, so that nobody is named as who decided.
_FOLLOWING = Action("undo", SYSTEM)


def is_feed_batch(batch: Batch) -> bool:
    """Whether a batch changed a feed, or took such a change back, or that.

    What it changed of records followed from the feed's settings: it is not taken
    back line by line, which would make it a person's.
    """
    kind, summary = batch.kind, batch.summary
    while kind == "undo" and "kind" in summary:
        kind, summary = summary["kind"], summary.get("summary") or {}
    return kind == "feed"


def undo_feed_changes(
    session: Session, batch_id: int, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take changes of feeds back, logged in the undoing batch; what was changed since stays.

    Returns how many were, and those that were not. Inside the caller's transaction.
    """
    lock_feeds(session)
    undone, refused = 0, []
    ordered = sorted(lines, key=lambda line: (line.record_id, line.id))
    for feed_id, group in groupby(ordered, key=lambda line: line.record_id):
        feed = session.get(Feed, feed_id, populate_existing=True)
        why, done = _undo(session, batch_id, feed, list(group))
        name = feed.name if feed is not None else ""
        refused += [Refused(RECORD, feed_id, name, field, reason) for field, reason in why.items()]
        undone += done
    return undone, refused


def _undo(
    session: Session, batch_id: int, feed: Feed | None, lines: Sequence[ChangeLine]
) -> tuple[dict[str, str], int]:
    if feed is None:
        return {line.field: "belongs to a feed that is not there" for line in lines}, 0
    whole = next((line for line in lines if line.field == "*"), None)
    if whole is not None:
        why = _return_whole(session, batch_id, feed, whole)
        return ({"*": why}, 0) if why else ({}, 1)
    if feed.removed_at is not None:
        return {line.field: "belongs to a removed feed: bring that back first" for line in lines}, 0
    row = get_feed_row(session, feed.name)
    wanted, why_not = _wanted(session, row, lines)
    if wanted:
        write_settings(session, batch_id, _FOLLOWING, row, wanted)
    return why_not, len(wanted)


def _wanted(
    session: Session, row: FeedRow, lines: Sequence[ChangeLine]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The settings to return to, by name, and why others stay as they are."""
    wanted: dict[str, Any] = {}
    refused: dict[str, str] = {}
    before = row.settings()
    for line in lines:
        if line.field not in CHECKS:
            refused[line.field] = "cannot be undone"
        elif not same(before[line.field], line.new):
            refused[line.field] = _SINCE
        elif why := _refusal(session, line.field, line.old):
            refused[line.field] = why
        else:
            wanted[line.field] = line.old
    return _with_source(before, wanted, refused), refused


def _with_source(
    before: Mapping[str, Any], wanted: dict[str, Any], refused: dict[str, str]
) -> dict[str, Any]:
    """URL and file go back together or not at all: a feed has one of them."""
    after = {**before, **wanted}
    if after["url"] is not None and after["path"] is not None:
        for name in ("url", "path"):
            if wanted.pop(name, None) is not None:
                refused[name] = "goes with the other source, which was changed since"
    return wanted


def _refusal(session: Session, name: str, value: Any) -> str | None:
    if name == "name" and _is_taken(session, value):
        return "stays: there is another feed of that name now"
    if name == "provider" and value is not None:
        living = (Provider.public_id == value, Provider.deleted_at.is_(None))
        if session.scalar(select(Provider.id).where(*living)) is None:
            return "stays: the provider is deleted"
    return None


def _is_taken(session: Session, name: str) -> bool:
    return session.scalar(select(Feed.id).where(Feed.name == name)) is not None


def _return_whole(session: Session, batch_id: int, feed: Feed, line: ChangeLine) -> str | None:
    """Take back that a feed was added or removed; says why not, where it cannot be."""
    if line.old is None:
        if feed.removed_at is not None:
            return "was removed since"
        log = [feed_change(batch_id, feed.id, "*", line.new, None)]
        take_away(session, feed.id)
    else:
        if feed.removed_at is None:
            return "is there again"
        if _is_taken(session, line.old["name"]):
            return "stays removed: there is another feed of that name now"
        log = [feed_change(batch_id, feed.id, "*", None, line.old)]
        _bring_back(session, batch_id, feed, line.old["name"])
    insert_rows(session, Change, log)
    return None


def _bring_back(session: Session, batch_id: int, feed: Feed, name: str) -> None:
    """The inverse of `take_away`: what the feed said last counts as it did."""
    mine = update(Claim).where(Claim.feed_id == feed.id, Claim.misses >= feed.miss_limit)
    session.execute(mine.values(misses=Claim.misses - feed.miss_limit))
    feed.name, feed.removed_at = name, None
    feed.etag = feed.answer_hash = None
    feed.next_run_at = next_run(feed)
    feed.version += 1
    session.flush()
    shelve_items(session, feed.id, back=True)
    settle_all(session, batch_id, _FOLLOWING, get_feed_row(session, name))
