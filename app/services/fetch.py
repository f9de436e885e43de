"""Get what a feed says: over HTTP or from a file, within limits, or one clear `FeedError`.

Nothing here reads or writes the database; a failed fetch has changed nothing.
"""

from __future__ import annotations

import stat
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from pathlib import Path
from urllib.parse import parse_qsl

import httpx

from app.core.errors import FeedError
from app.services.outgoing import CheckedTransport, Deadline, Resolver, network_errors, resolve

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 16
_REDIRECTS = (301, 302, 303, 307, 308)
# Request timeout, too early, too many requests: asking again later is what they mean.
_TRANSIENT = (408, 425, 429)
_ZLIB_BITS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    # A kept connection may be closed by the server just when the next page is asked for.
    "Connection": "close",
    "User-Agent": "Almanac",
}


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What a fetch may use: seconds, bytes (decoded, of all pages together), hops, pages."""

    connect: float = 10
    read: float = 30
    total: float = 120
    size: int = 64 * 1024 * 1024
    redirects: int = 5
    pages: int = 100


DEFAULT_LIMITS = FetchLimits()


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: its pages, decoded; none where the server says that nothing has changed.

    ``etag`` is what the next fetch may ask with; None where the answer had several pages,
    as the first page's says nothing about the others.
    """

    pages: tuple[bytes, ...] = ()
    etag: str | None = None
    not_modified: bool = False


@dataclass(slots=True)
class _Budget:
    """Bytes that may still come, over all pages."""

    size: int
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.size

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise FeedError(f"the answer is larger than {_size(self.size)}")


def fetch(
    url: str,
    *,
    allow_private: bool,
    headers: Mapping[str, str] | None = None,
    etag: str | None = None,
    limits: FetchLimits = DEFAULT_LIMITS,
    next_page: Callable[[bytes], str | None] | None = None,
    resolver: Resolver = resolve,
) -> Fetched:
    """Get a URL and every page after it; raise `FeedError` whatever goes wrong.

    ``headers`` (a key) go only to the scheme, host and port of ``url``, never along a
    redirect to another. ``next_page`` finds the query parameters of the next page in a page.
    Proxy variables of the environment are ignored: behind a proxy nobody could tell which
    address a name really leads to.
    """
    first = _address(url)
    own = _own_headers(first, headers or {})
    deadline = Deadline.after(limits.total)
    transport = CheckedTransport(deadline, resolver, allow_private=allow_private)
    with transport:
        visit = _Visit(transport, first, own, limits, _Budget(limits.size))
        return visit.all_pages(etag, next_page)


def _own_headers(url: httpx.URL, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that only the host of the URL may see."""
    own = dict(headers)
    if url.userinfo:
        pair = f"{url.username}:{url.password}".encode()
        own = {"Authorization": f"Basic {b64encode(pair).decode()}"} | own
    if not all(_sendable(text) is not None for header in own.items() for text in header):
        raise FeedError("the key or another header holds characters that HTTP does not allow")
    return own


@dataclass(frozen=True, slots=True)
class _Visit:
    """One fetch under way."""

    transport: CheckedTransport
    first: httpx.URL
    headers: dict[str, str]
    limits: FetchLimits
    budget: _Budget

    def all_pages(
        self, etag: str | None, next_page: Callable[[bytes], str | None] | None
    ) -> Fetched:
        answer = self._page(self.first, etag)
        if answer is None:
            return Fetched(etag=etag, not_modified=True)
        body, etag = answer
        pages = [body]
        cursors: set[str] = set()
        while next_page is not None and (cursor := next_page(pages[-1])):
            if cursor in cursors:
                raise FeedError(f"page {len(pages)} leads back to an earlier page")
            if len(pages) >= self.limits.pages:
                raise FeedError(f"the answer has more than {self.limits.pages} pages")
            cursors.add(cursor)
            following = self._page(self.first.copy_merge_params(dict(parse_qsl(cursor))), None)
            pages.append(b"" if following is None else following[0])
        return Fetched(tuple(pages), etag if len(pages) == 1 else None)

    def _page(self, url: httpx.URL, etag: str | None) -> tuple[bytes, str | None] | None:
        """Body and ETag of one page after its redirects; None if it has not changed."""
        for _ in range(self.limits.redirects + 1):
            with network_errors(_place(url)):
                response = self.transport.handle_request(self._request(url, etag))
                try:
                    if response.status_code not in _REDIRECTS:
                        return self._answer(response, url, etag)
                    url = _target(url, response)
                finally:
                    response.close()
        raise FeedError(f"more than {self.limits.redirects} redirects, the last to {_place(url)}")

    def _request(self, url: httpx.URL, etag: str | None) -> httpx.Request:
        headers = httpx.Headers(_HEADERS)
        if _origin(url) == _origin(self.first):
            headers.update(self.headers)
        if etag:
            headers["If-None-Match"] = etag
        timeout = httpx.Timeout(self.limits.read, connect=self.limits.connect)
        return httpx.Request("GET", url, headers=headers, extensions={"timeout": timeout.as_dict()})

    def _answer(
        self, response: httpx.Response, url: httpx.URL, etag: str | None
    ) -> tuple[bytes, str | None] | None:
        if response.status_code == 304 and etag:
            return None
        if not response.is_success:
            raise _refusal(response, _place(url))
        return _body(response, self.budget), _sendable(response.headers.get("ETag"))


def _body(response: httpx.Response, budget: _Budget) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    length = response.headers.get("Content-Length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > budget.left:
        budget.spend(int(length[:20]))
    raw = response.iter_raw()
    if encoding in _ZLIB_BITS:
        raw = _inflate(raw, _ZLIB_BITS[encoding])
    elif encoding not in ("", "identity"):
        raise FeedError(f"the answer is compressed in an unknown way ({encoding[:40]})")
    return _unpacked(_joined(raw, budget), budget)


def _joined(chunks: Iterator[bytes], budget: _Budget) -> bytes:
    parts = []
    for chunk in chunks:
        budget.spend(len(chunk))
        parts.append(chunk)
    return b"".join(parts)


def _unpacked(body: bytes, budget: _Budget) -> bytes:
    """The body itself, or what it holds if it is a gzip file."""
    if not body.startswith(_GZIP):
        return body
    budget.left += len(body)
    return _joined(_inflate(iter([body]), _ZLIB_BITS["gzip"]), budget)


def _inflate(chunks: Iterator[bytes], bits: int) -> Iterator[bytes]:
    """Decompress in small pieces, so that a bomb is noticed before it takes up memory."""
    decoder = zlib.decompressobj(bits)
    started = False
    try:
        for chunk in chunks:
            pending, piece = chunk, b""
            while pending or (len(piece) == _CHUNK and not decoder.eof):
                if decoder.eof:  # a gzip file may consist of several members
                    decoder = zlib.decompressobj(bits)
                piece = decoder.decompress(pending, _CHUNK)
                pending = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                started = True
                yield piece
    except zlib.error:
        raise FeedError("the compressed answer is damaged") from None
    if started and not decoder.eof:
        raise FeedError("the compressed answer is cut off")


def _sendable(text: str | None) -> str | None:
    """The text if it may be a header's value, else None."""
    return text if text is not None and text.isascii() and text.isprintable() else None


def _address(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL:
        raise FeedError("the URL is not valid") from None
    _require_http(parsed)
    return parsed


def _require_http(url: httpx.URL) -> None:
    if url.scheme not in ("http", "https"):
        raise FeedError(f"only http and https URLs are fetched, not {url.scheme[:20] or 'this'!r}")
    if not url.host:
        raise FeedError("the URL names no host")
    if url.port is not None and not 0 < url.port < 65_536:
        raise FeedError("the URL is not valid")


def _target(url: httpx.URL, response: httpx.Response) -> httpx.URL:
    location = response.headers.get("Location")
    if not location:
        raise FeedError(f"{_place(url)} redirects to nowhere")
    try:
        target = url.join(location)
    except (httpx.InvalidURL, ValueError):
        raise FeedError(f"{_place(url)} redirects to something that is no URL") from None
    _require_http(target)
    if url.scheme == "https" and target.scheme == "http":
        raise FeedError(f"{_place(url)} redirects from https to http, which is not followed")
    return target


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _place(url: httpx.URL) -> str:
    """The URL as messages show it: without user name, password and query, where keys hide."""
    port = f":{url.port}" if url.port else ""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}{url.path}"[:200]


def _refusal(response: httpx.Response, place: str) -> FeedError:
    status = response.status_code
    return FeedError(
        _status_problem(response, place),
        transient=status in _TRANSIENT or status >= 500,
        retry_after=_seconds_to_wait(response.headers.get("Retry-After", "")),
    )


def _seconds_to_wait(text: str) -> int | None:
    """What `Retry-After` asks for, as seconds or as a date; None where it is neither."""
    text = text.strip()[:40]
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000": no time zone named, which HTTP does not know
        moment = moment.replace(tzinfo=UTC)
    return max(0, ceil((moment - datetime.now(UTC)).total_seconds()))


def _status_problem(response: httpx.Response, place: str) -> str:
    status = response.status_code
    if status == 401:
        return f"the key was refused by {place} (401)"
    if status == 403:
        return f"access was refused by {place} (403)"
    if status in (404, 410):
        return f"there is nothing at {place} ({status})"
    if status == 429:
        return f"{place} was asked too often (429){_patience(response)}"
    if status >= 500:
        return f"the server failed: {place} answered {status} {response.reason_phrase}".rstrip()
    return f"{place} answered {status} {response.reason_phrase}".rstrip()


def _patience(response: httpx.Response) -> str:
    wait = response.headers.get("Retry-After", "")[:40]
    if wait.isdigit():
        return f"; it asks to wait {wait} s"
    return f"; it asks to wait until {wait}" if wait else ""


def read_file(path: str | Path, *, limits: FetchLimits = DEFAULT_LIMITS) -> Fetched:
    """Read a file as an answer of one page, gzip-compressed or not; raise `FeedError`."""
    file = Path(path)
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise FeedError(f"{file} is a folder, not a file")
        if not stat.S_ISREG(mode):
            raise FeedError(f"{file} is not an ordinary file")
        with file.open("rb") as stream:
            body = stream.read(limits.size + 1)
    except FileNotFoundError:
        raise FeedError(f"there is no file {file}") from None
    except PermissionError:
        raise FeedError(f"{file} may not be read") from None
    except (OSError, ValueError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else None
        raise FeedError(f"{file} cannot be read: {reason or 'not a valid path'}") from None
    budget = _Budget(limits.size)
    budget.spend(len(body))
    return Fetched((_unpacked(body, budget),))


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count} bytes"
