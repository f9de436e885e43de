"""Closes the network: a test that would talk to another host fails and says to whom."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class NetworkClosedError(AssertionError):
    """A test tried to reach a host other than this one."""


def _is_local(sock: socket.socket, address: Any) -> bool:
    if sock.family not in {socket.AF_INET, socket.AF_INET6}:
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"


@contextmanager
def only_loopback() -> Iterator[None]:
    """Connections to other machines raise NetworkClosedError while this is open."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def guarded(original: Any) -> Any:
        def call(sock: socket.socket, address: Any) -> Any:
            if not _is_local(sock, address):
                sock.close()
                raise NetworkClosedError(f"tests must not talk to {address[0]}:{address[1]}")
            return original(sock, address)

        return call

    socket.socket.connect = guarded(connect)  # type: ignore[method-assign]
    socket.socket.connect_ex = guarded(connect_ex)  # type: ignore[method-assign]
    try:
        yield
    finally:
        socket.socket.connect = connect  # type: ignore[method-assign]
        socket.socket.connect_ex = connect_ex  # type: ignore[method-assign]
