"""`almanac sync`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from app.cli.context import application
from app.cli.progress import progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

    from app.config import Settings
    from app.upstreams.base import Rejected

SHOWN = 20
# The contract's words, in its order.
WORDS = ("added", "updated", "protected", "retired", "reactivated", "unchanged", "quarantined")


@click.command()
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option("--file", "path", type=click.Path(), help="Read this file instead of the source.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print a list of objects.")
def sync(feeds: tuple[str, ...], path: str | None, dry_run: bool, as_json: bool) -> None:
    """Bring the catalog up to what the feeds say; without FEED, all that are switched on.

    A feed that fails does not stop the others; the exit code is then 1.
    """
    with application() as (session, settings):
        names = feeds or _enabled_feeds(session)
        if path is not None and len(names) != 1:
            raise click.UsageError("--file goes with exactly one feed")
        results = [_sync_one(session, settings, name, path, dry_run) for name in names]
    if as_json:
        click.echo(json.dumps(results, indent=2))
    for result in results:
        _say(result, as_json)
    if not results:
        click.echo("there is no feed to sync: see `almanac feed add --help`", err=True)
    if any(result["error"] for result in results):
        sys.exit(1)


def _enabled_feeds(session: Session) -> tuple[str, ...]:
    from app.queries.feeds import list_feeds_to_sync

    return tuple(feed.name for feed in list_feeds_to_sync(session))


def _sync_one(
    session: Session, settings: Settings, name: str, path: str | None, dry_run: bool
) -> dict[str, Any]:
    from sqlalchemy.exc import SQLAlchemyError

    from app.core.errors import AlmanacError
    from app.core.permissions import SYSTEM
    from app.services.secrets import Vault
    from app.services.sync import sync_feed

    try:
        with progress_bar(name) as progress:
            result = sync_feed(
                session,
                SYSTEM,
                name,
                path=path,
                dry_run=dry_run,
                progress=progress,
                allow_private=settings.fetch_allow_private,
                vault=Vault(settings.encryption_keys),
            )
    except AlmanacError as error:
        return {"feed": name, **dict.fromkeys(WORDS, 0), "error": error.message}
    except SQLAlchemyError as error:
        session.rollback()
        reason = f"the database cannot be used: {getattr(error, 'orig', None) or error}"
        return {"feed": name, **dict.fromkeys(WORDS, 0), "error": reason}
    details = {"rejected": _listed(result.rejected), "notes": _listed(result.notes)}
    return {**result.as_dict(), **details, "error": None}


def _listed(records: Iterable[Rejected]) -> list[dict[str, str | None]]:
    return [{"position": r.position, "id": r.raw_id, "reason": r.reason} for r in records]


def _say(result: dict[str, Any], as_json: bool) -> None:
    if result["error"]:
        click.echo(f"error: {result['feed']}: {' '.join(result['error'].split())}", err=True)
    elif not as_json:
        counts = ", ".join(f"{word} {result[word]}" for word in WORDS)
        click.echo(f"{result['feed']}: {counts}")
        _say_rejected(result["feed"], result["rejected"])


def _say_rejected(feed: str, rejected: list[dict[str, str | None]]) -> None:
    """What was not imported, and why; a long list is cut, `--json` has all of it."""
    for record in rejected[:SHOWN]:
        click.echo(f"{feed}: not imported: {record['position']}: {record['reason']}", err=True)
    if len(rejected) > SHOWN:
        more = len(rejected) - SHOWN
        click.echo(f"{feed}: not imported: {more} more, all of them in --json", err=True)
