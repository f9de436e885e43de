"""`almanac token`."""

from __future__ import annotations

import click

from app.cli.context import application
from app.cli.user import ROLES


@click.group()
def token() -> None:
    """Manage the API tokens of programs."""


@token.command()
@click.option("--name", required=True, help="Which program uses it.")
@click.option("--role", required=True, type=ROLES, help="What the program may do.")
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    default=365,
    show_default=True,
    help="How long it is valid.",
)
def create(name: str, role: str, days: int) -> None:
    """Make a token and print it, this once."""
    from app.core.permissions import SYSTEM
    from app.services.tokens import create_token

    with application() as (session, settings):
        click.echo(create_token(session, SYSTEM, settings, name=name, role=role, days=days))


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Make the token NAME worthless, at once and for good."""
    from app.core.permissions import SYSTEM
    from app.services.tokens import revoke_token

    with application() as (session, _settings):
        revoke_token(session, SYSTEM, name)
    click.echo(f"{name} is revoked", err=True)
