"""`almanac feed`."""

from __future__ import annotations

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
def add(
    name: str, kind: str, url: str | None, path: str | None, provider: str | None, mode: str
) -> None:
    """Register the feed NAME; nothing is fetched yet."""
    from app.core.permissions import SYSTEM
    from app.services.feeds import add_feed

    if url is not None and path is not None:
        raise click.UsageError("give --url or --file, not both")
    with application() as (session, _settings):
        add_feed(
            session, SYSTEM, name, kind, url=url, path=path, provider_public_id=provider, mode=mode
        )
    click.echo(f"the feed {name} is registered", err=True)


@feed.command()
@click.argument("name")
def remove(name: str) -> None:
    """Forget the feed NAME; its records stay."""
    from app.core.permissions import SYSTEM
    from app.services.feeds import remove_feed

    with application() as (session, _settings):
        remove_feed(session, SYSTEM, name)
    click.echo(f"the feed {name} is removed", err=True)
