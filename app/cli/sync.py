"""`almanac sync`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from app.cli.context import application
from app.cli.progress import progress_bar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.config import Settings

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
    from app.queries.feeds import list_feeds

    return tuple(feed.name for feed in list_feeds(session) if feed.enabled)


def _sync_one(
    session: Session, settings: Settings, name: str, path: str | None, dry_run: bool
) -> dict[str, Any]:
    from sqlalchemy.exc import SQLAlchemyError

    from app.core.errors import AlmanacError
    from app.core.permissions import SYSTEM
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
            )
    except AlmanacError as error:
        return {"feed": name, **dict.fromkeys(WORDS, 0), "error": error.message}
    except SQLAlchemyError as error:
        session.rollback()
        reason = f"the database cannot be used: {getattr(error, 'orig', None) or error}"
        return {"feed": name, **dict.fromkeys(WORDS, 0), "error": reason}
    return {**result.as_dict(), "error": None}


def _say(result: dict[str, Any], as_json: bool) -> None:
    if result["error"]:
        click.echo(f"error: {result['feed']}: {' '.join(result['error'].split())}", err=True)
    elif not as_json:
        counts = ", ".join(f"{word} {result[word]}" for word in WORDS)
        click.echo(f"{result['feed']}: {counts}")
