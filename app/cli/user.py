"""`almanac user`."""

from __future__ import annotations

import sys

import click

from app.cli.context import application

ROLES = click.Choice(["viewer", "editor", "admin"])


@click.group()
def user() -> None:
    """Manage the people who may log in."""


@user.command()
@click.option("--email", required=True, help="What the person logs in with.")
@click.option("--role", required=True, type=ROLES, help="What the person may do.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def create(email: str, role: str, password_stdin: bool) -> None:
    """Add a user. Without --password-stdin a password is made and printed once."""
    from app.core.permissions import SYSTEM
    from app.services.passwords import make_password
    from app.services.users import create_user

    given = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    password = make_password() if given is None else given
    with application() as (session, _settings):
        create_user(session, SYSTEM, email, password, role)
    click.echo(f"{email} may log in as {role}", err=True)
    if given is None:
        click.echo(password)
