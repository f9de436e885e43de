"""The production server."""

from __future__ import annotations

import errno
import multiprocessing
import socket

import click

from app.core.errors import ConfigurationError

# Views wait for the database or think in Python; more threads would only queue for the same lock.
THREADS = 4


def check_port(host: str, port: int) -> None:
    """Raise `ConfigurationError` where the address cannot be listened on.

    The server shares ports between its processes, so a second copy of it would
    start without complaint and take half of the requests of the first.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # Connections of a server that has just ended must not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            message = f"port {port} of {host} is in use: stop what listens there, or use --port"
        else:
            message = f"cannot listen on {host} port {port}: {exc.strerror or exc}"
        raise ConfigurationError(message) from exc


def run_server(host: str, port: int, workers: int) -> None:
    """Serve until stopped; raises `ConfigurationError` where the port is not free."""
    check_port(host, port)
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    # Each process starts afresh: nothing of a database connection is inherited.
    multiprocessing.set_start_method("spawn", force=True)
    click.echo(f"Almanac is at {address_of(host, port)}", err=True)
    Server(
        "app.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def address_of(host: str, port: int) -> str:
    """The address to open in a browser."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 -- compared only
    if ":" in shown and not shown.startswith("["):
        shown = f"[{shown}]"
    return f"http://{shown}:{port}"
