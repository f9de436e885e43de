"""The port is looked at before the server shares it silently."""

import socket

import pytest

from app.core.errors import ConfigurationError
from app.serving import address_of, check_port


def test_a_port_in_use_is_said_in_one_line() -> None:
    with socket.socket() as other:
        # As the server itself would: a second one could join in without noticing.
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"port {port} .* is in use"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_an_address_of_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot listen"):
        check_port(host, 8000)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("localhost", "http://localhost:80"),
    ],
)
def test_the_address_can_be_opened(host: str, expected: str) -> None:
    assert address_of(host, 80) == expected
