"""The command `almanac`. Each command imports what it needs itself, so that `--help` is quick."""

from __future__ import annotations

import click

from app.cli.context import Commands
from app.cli.db import db
from app.cli.feed import feed
from app.cli.provider import provider
from app.cli.serve import serve
from app.cli.sync import sync
from app.cli.token import token
from app.cli.user import user
from app.cli.worker import worker


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def almanac() -> None:
    """The admin console for the model catalog of an LLM gateway.

    Results go to stdout, everything else to stderr. Exit code 0: done, 1: failed, 2: wrong use.
    """


for command in (serve, db, user, token, feed, provider, sync, worker):
    almanac.add_command(command)


def main() -> None:
    """Entry point of the console script."""
    almanac(prog_name="almanac")
