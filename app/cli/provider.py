"""`almanac provider`."""

from __future__ import annotations

import click

from app.cli.context import application


@click.group()
def provider() -> None:
    """Look after providers."""


@provider.command("rotate-keys")
def rotate_keys() -> None:
    """Encrypt the stored API keys with the first of ALMANAC_ENCRYPTION_KEYS.

    Afterwards the other encryption keys are not needed any more.
    """
    from app.core.permissions import SYSTEM
    from app.services.provider_sync import rotate_keys as rotate
    from app.services.secrets import Vault

    with application() as (session, settings):
        count = rotate(session, SYSTEM, Vault(settings.encryption_keys))
    click.echo(f"{count} {'key' if count == 1 else 'keys'} encrypted anew", err=True)
