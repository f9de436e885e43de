"""`almanac serve`."""

from __future__ import annotations

import click


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The port."
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes. With more than one, rate limits are shared only through Redis.",
)
def serve(host: str, port: int, workers: int) -> None:
    """Serve the console and the API. Migrates nothing."""
    from app.config import load_settings
    from app.serving import run_server

    load_settings()  # a wrong variable is said here, in one line, not by every process
    run_server(host, port, workers)
