"""`almanac feed`."""

from __future__ import annotations

import json
from typing import Any

import click

from app.cli.context import application


@click.group()
def feed() -> None:
    """Manage the feeds of the catalog."""


@feed.command("list")
def list_() -> None:
    """Print one line per feed: name, kind, mode, source."""
    from app.queries.feeds import list_feeds

    with application() as (session, _settings):
        for one in list_feeds(session):
            state = one.mode if one.enabled else "off"
            source = one.url or one.path or "embedded data"
            click.echo(f"{one.name}\t{one.kind}\t{state}\t{source}")


@feed.command()
@click.argument("name")
@click.option("--kind", required=True, help="Which dialect it speaks, such as openrouter.")
@click.option("--url", help="Where it is fetched from.")
@click.option("--file", "path", type=click.Path(), help="The file it is read from.")
@click.option("--provider", help="The public id of the provider whose models it lists.")
@click.option(
    "--mode",
    type=click.Choice(["auto", "review"]),
    default="auto",
    show_default=True,
    help="Whether changes wait for a person.",
)
@click.option("--interval", type=int, help="Minutes between two reads (default: 60 for a URL).")
@click.option("--priority", type=int, help="Its rank: the smaller number is believed.")
def add(
    name: str,
    kind: str,
    url: str | None,
    path: str | None,
    provider: str | None,
    mode: str,
    interval: int | None,
    priority: int | None,
) -> None:
    """Register the feed NAME; nothing is fetched yet."""
    from app.core.permissions import SYSTEM
    from app.services.feeds import add_feed

    if url is not None and path is not None:
        raise click.UsageError("give --url or --file, not both")
    more = {"interval_minutes": interval, "priority": priority}
    with application() as (session, _settings):
        add_feed(
            session,
            SYSTEM,
            name,
            kind,
            url=url,
            path=path,
            provider_public_id=provider,
            mode=mode,
            settings={key: value for key, value in more.items() if value is not None},
        )
    click.echo(f"the feed {name} is registered", err=True)


@feed.command()
@click.argument("name")
@click.option(
    "--set",
    "wishes",
    multiple=True,
    required=True,
    metavar="KEY=VALUE",
    help="A setting as the API names it; VALUE is JSON, or text as it stands. Repeatable.",
)
@click.option("--reason", help="Why; it goes into the change log.")
def edit(name: str, wishes: tuple[str, ...], reason: str | None) -> None:
    """Change settings of the feed NAME, and what follows from them in force."""
    from app.core.permissions import SYSTEM
    from app.services.feeds import edit_feed

    values = dict(_setting(wish) for wish in wishes)
    with application() as (session, _settings):
        written = edit_feed(session, SYSTEM, name, values, reason=reason)
    if written.batch is None:
        click.echo("nothing was changed", err=True)
        return
    count = written.consequences.values
    click.echo(f"the feed {written.name} is saved; {count} values changed in force", err=True)


def _setting(wish: str) -> tuple[str, Any]:
    key, equals, text = wish.partition("=")
    if not equals or not key:
        raise click.UsageError(f"--set takes KEY=VALUE, not {wish!r}")
    try:
        return key, json.loads(text)
    except ValueError:
        return key, text


@feed.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget the feed NAME; its records stay."""
    from app.core.permissions import SYSTEM
    from app.services.feeds import remove_feed

    with application() as (session, _settings):
        remove_feed(session, SYSTEM, name)
    click.echo(f"the feed {name} is removed", err=True)
