"""Outgoing connections that obey the address rules, whatever a name resolves to.

A name is resolved once, each of its addresses is judged, and the connection goes to an
address that passed: nobody can answer the check with one address and the connection with
another. TLS and the Host header still speak of the name.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore
import httpx

from app.core.errors import FeedError

Resolver = Callable[[str, int], list[str]]
Address = IPv4Address | IPv6Address

# Addresses by which a machine of a cloud learns its own credentials, and link-local ones.
_NEVER = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.100.100.200/32",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "192.0.0.192/32",
        "240.0.0.0/4",
        "fd00:ec2::/32",
        "fd20:ce::/32",
        "fe80::/10",
    )
)
_NAT64 = ip_network("64:ff9b::/96")


def forbidden(address: str, *, allow_private: bool) -> str | None:
    """Why no connection may go to this IP address; None if one may."""
    ip = _unwrapped(ip_address(address.partition("%")[0]))
    if any(ip.version == network.version and ip in network for network in _NEVER):
        return "is a link-local or metadata address, which may never be used"
    if ip.is_multicast or ip.is_unspecified:
        return "is no address of a single server"
    private = not ip.is_global or (isinstance(ip, IPv6Address) and ip.is_site_local)
    if private and not allow_private:
        return "is a private address, and ALMANAC_FETCH_ALLOW_PRIVATE is off"
    return None


def _unwrapped(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one that only transports it."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name; raise OSError if it has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment (of `time.monotonic`) by which everything has to be done."""

    at: float
    seconds: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        return cls(time.monotonic() + seconds, seconds)

    def at_most(self, timeout: float | None) -> float:
        """The timeout, or what is left where that is less; raise `FeedError` if nothing is."""
        left = self.at - time.monotonic()
        if left <= 0:
            message = f"the answer was not complete after {self.seconds:g} s"
            raise FeedError(message, transient=True)
        return left if timeout is None else min(timeout, left)


class _Stream(httpcore.NetworkStream):
    """A connection on which no read or write outlasts the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.at_most(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.at_most(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = self._deadline.at_most(timeout)
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, limit), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, in the order of the resolver."""

    def __init__(self, deadline: Deadline, resolver: Resolver, *, allow_private: bool) -> None:
        self._deadline = deadline
        self._resolve = resolver
        self._allow_private = allow_private
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._allowed(host, port):
            limit = self._deadline.at_most(timeout)
            try:
                stream = self._sockets.connect_tcp(
                    address, port, limit, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
            else:
                return _Stream(stream, self._deadline)
        raise failure or _unresolved(host)

    def _allowed(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise _unresolved(host) from None
        reasons = {a: forbidden(a, allow_private=self._allow_private) for a in addresses}
        allowed = [address for address, reason in reasons.items() if reason is None]
        if reasons and not allowed:
            address, reason = next(iter(reasons.items()))
            raise FeedError(f"{host} is refused: {address} {reason}")
        return allowed


def _unresolved(host: str) -> FeedError:
    return FeedError(f"the name {host} does not resolve", transient=True)


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from self._response.iter_stream()

    def close(self) -> None:
        self._response.close()


class CheckedTransport(httpx.BaseTransport):
    """An httpx transport whose connections obey the address rules and a deadline."""

    def __init__(self, deadline: Deadline, resolver: Resolver, *, allow_private: bool) -> None:
        backend = _Backend(deadline, resolver, allow_private=allow_private)
        self._pool = httpcore.ConnectionPool(ssl_context=_tls(), network_backend=backend)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        response = self._pool.handle_request(
            httpcore.Request(
                request.method,
                url,
                headers=request.headers.raw,
                content=request.read(),
                extensions=request.extensions,
            )
        )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response))

    def close(self) -> None:
        self._pool.close()


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Trusts the public authorities and those of this machine (`SSL_CERT_FILE` too)."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@contextmanager
def network_errors(place: str) -> Iterator[None]:
    """Turn what can go wrong on the network into `FeedError` with one clear line."""
    try:
        yield
    except (httpx.TimeoutException, httpcore.TimeoutException) as exc:
        connecting = isinstance(exc, httpx.ConnectTimeout | httpcore.ConnectTimeout)
        what = "could not be reached in time" if connecting else "did not answer in time"
        raise FeedError(f"{place} {what}", transient=True) from None
    except (httpx.ConnectError, httpcore.ConnectError) as exc:
        message, transient = _connection_problem(place, exc)
        raise FeedError(message, transient=transient) from None
    except (httpx.ProtocolError, httpcore.ProtocolError):
        message = f"{place} broke the connection off or does not speak HTTP"
        raise FeedError(message, transient=True) from None
    except (httpx.NetworkError, httpcore.NetworkError):
        raise FeedError(f"the connection to {place} was lost", transient=True) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as exc:
        message = f"{place} could not be fetched ({type(exc).__name__})"
        raise FeedError(message, transient=isinstance(exc, OSError)) from None


def _connection_problem(place: str, exc: BaseException) -> tuple[str, bool]:
    """What to say, and whether trying again may help."""
    causes: list[BaseException] = [exc]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of {place} is not valid: {cause.verify_message}", False
        if isinstance(cause, ssl.SSLError):
            reason = cause.reason or "it does not speak TLS"
            return f"no TLS connection to {place} ({reason})", True
        if isinstance(cause, ConnectionRefusedError):
            return f"{place} refused the connection", True
    return f"{place} cannot be reached", True
