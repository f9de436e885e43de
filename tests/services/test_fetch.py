"""Fetching against a real server on this machine, and against files."""

import gzip
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import FeedError, FeedFormatError
from app.services.fetch import DEFAULT_LIMITS, Fetched, FetchLimits, fetch, read_file
from app.services.outgoing import forbidden
from app.upstreams import FEED_KINDS, parse_pages

LIST = b'{"object": "list", "data": [{"id": "gpt-9"}]}'
COMPATIBLE = FEED_KINDS["openai_compatible"]


class Handler(BaseHTTPRequestHandler):
    server: "HTTPServer"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.seen.append((self.path, dict(self.headers)))
        self.close_connection = True
        with suppress(ConnectionError, TimeoutError):
            self.server.routes[self.path.partition("?")[0]](self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@dataclass
class Server:
    routes: dict[str, Callable[[Handler], None]] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def on(self, path: str, status: int = 200, body: bytes = LIST, **headers: str) -> str:
        self.routes[path] = lambda handler: handler.answer(status, body, **headers)
        return self.url(path)


class HTTPServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, about: Server) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.routes = about.routes
        self.seen = about.seen

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    about = Server()
    http = HTTPServer(about)
    about.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield about
    http.shutdown()
    thread.join()
    http.server_close()


def get(url: str, **options: Any) -> Fetched:
    return fetch(url, allow_private=True, **options)


def refused(url: str, **options: Any) -> str:
    with pytest.raises(FeedError) as caught:
        get(url, **options)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_an_answer_arrives_as_it_was_sent(server: Server) -> None:
    assert get(server.on("/v1/models", ETag='"a"')) == Fetched((LIST,), '"a"')


@pytest.mark.parametrize(
    ("status", "headers", "message"),
    [
        (404, {}, "there is nothing at"),
        (410, {}, "there is nothing at"),
        (401, {}, "the key was refused"),
        (403, {}, "access was refused"),
        (429, {"Retry_After": "30"}, "it asks to wait 30 s"),
        (429, {"Retry_After": "Fri, 01 Jan 2027 00:00:00 GMT"}, "until Fri, 01 Jan 2027"),
        (429, {}, "asked too often"),
        (500, {}, "the server failed"),
        (503, {}, "answered 503 Service Unavailable"),
        (418, {}, "answered 418"),
        (304, {}, "answered 304"),
    ],
)
def test_a_status_that_is_no_success_is_said_in_words(
    server: Server, status: int, headers: dict[str, str], message: str
) -> None:
    assert message in refused(server.on("/models", status, b"", **headers))


@pytest.mark.parametrize(
    ("status", "headers", "transient", "wait"),
    [
        (401, {}, False, None),
        (404, {"Retry_After": "30"}, False, 30),
        (408, {}, True, None),
        (429, {"Retry_After": "30"}, True, 30),
        (429, {"Retry_After": "soon"}, True, None),
        (429, {"Retry_After": "-5"}, True, None),
        (500, {}, True, None),
        (503, {"Retry_After": "Fri, 01 Jan 1999 00:00:00 GMT"}, True, 0),
        (503, {"Retry_After": "Fri, 01 Jan 1999 00:00:00 -0000"}, True, 0),
    ],
)
def test_a_failure_says_whether_and_when_to_ask_again(
    server: Server, status: int, headers: dict[str, str], transient: bool, wait: int | None
) -> None:
    with pytest.raises(FeedError) as caught:
        get(server.on("/models", status, b"", **headers))
    assert (caught.value.transient, caught.value.retry_after) == (transient, wait)


def test_a_date_to_wait_for_becomes_seconds(server: Server) -> None:
    at = datetime.now(UTC) + timedelta(seconds=90)
    with pytest.raises(FeedError) as caught:
        get(server.on("/models", 503, b"", Retry_After=format_datetime(at, usegmt=True)))
    assert caught.value.retry_after is not None
    assert 85 <= caught.value.retry_after <= 90


def test_what_is_wrong_with_the_network_may_pass_and_what_is_refused_does_not() -> None:
    def failure(url: str, **options: Any) -> bool:
        with pytest.raises(FeedError) as caught:
            get(url, **options)
        return caught.value.transient

    def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError

    assert failure("http://127.0.0.1:9/")
    assert failure("http://nowhere.example/", resolver=nowhere)
    assert not failure("http://169.254.169.254/")
    assert not failure("ftp://127.0.0.1/")


def test_messages_never_show_keys_of_the_url(server: Server) -> None:
    server.on("/models", 404, b"")
    message = refused(f"http://user:secret@127.0.0.1:{server.port}/models?key=hidden")
    assert "secret" not in message
    assert "hidden" not in message


def test_the_answer_of_a_web_page_is_a_format_error(server: Server) -> None:
    fetched = get(server.on("/models", body=b"<!doctype html><title>Sign in</title>"))
    with pytest.raises(FeedFormatError, match="HTML, not JSON"):
        parse_pages(COMPATIBLE, fetched.pages)


def test_cut_json_is_a_format_error(server: Server) -> None:
    fetched = get(server.on("/models", body=LIST[:-3]))
    with pytest.raises(FeedFormatError, match=r"ends in the middle.*line 1, column"):
        parse_pages(COMPATIBLE, fetched.pages)


def test_a_wrong_encoding_is_a_format_error(server: Server) -> None:
    fetched = get(server.on("/models", body='{"data": [{"id": "modèle"}]}'.encode("latin-1")))
    with pytest.raises(FeedFormatError, match="not UTF-8 text"):
        parse_pages(COMPATIBLE, fetched.pages)


def test_a_connection_lost_half_way_is_an_error(server: Server) -> None:
    def route(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "5000")
        handler.end_headers()
        handler.wfile.write(LIST)

    server.routes["/models"] = route
    assert "broke the connection off" in refused(server.url("/models"))


def test_an_announced_huge_answer_is_not_read(server: Server) -> None:
    def route(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(200 * 1024**2))
        handler.end_headers()

    server.routes["/models"] = route
    assert refused(server.url("/models")) == "the answer is larger than 64 MiB"


def test_an_unannounced_huge_answer_is_stopped_early(server: Server) -> None:
    sent = []

    def route(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(bytes(1024**2))
            sent.append(1)

    server.routes["/models"] = route
    limits = FetchLimits(size=1024**2)
    assert "larger than 1 MiB" in refused(server.url("/models"), limits=limits)
    assert len(sent) < 100


def _bomb(size: int) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        for _ in range(size // 1024**2):
            stream.write(bytes(1024**2))
    return packed.getvalue()


@pytest.mark.parametrize("headers", [{"Content_Encoding": "gzip"}, {}])
def test_a_gzip_bomb_is_stopped(server: Server, headers: dict[str, str]) -> None:
    url = server.on("/models", 200, _bomb(200 * 1024**2), **headers)
    assert refused(url) == "the answer is larger than 64 MiB"


@pytest.mark.parametrize(
    "body",
    [LIST, LIST * 40_000, bytes(1 << 16), bytes((1 << 16) + 1), b""],
    ids=["small", "large", "one piece", "one piece more", "empty"],
)
def test_compressed_answers_come_out_whole(server: Server, body: bytes) -> None:
    packed = gzip.compress(body)
    url = server.on("/models", body=packed, Content_Encoding="gzip")
    assert get(url).pages == (body,)
    assert get(server.on("/models.gz", body=packed)).pages == (body,)


def test_a_gzip_file_of_two_members_comes_out_whole(server: Server) -> None:
    url = server.on("/models.gz", body=gzip.compress(b'{"data"') + gzip.compress(b": []}"))
    assert get(url).pages == (b'{"data": []}',)


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (gzip.compress(LIST, mtime=0)[:-9], "gzip", "cut off"),
        (LIST, "gzip", "damaged"),
        (LIST, "br", "compressed in an unknown way"),
        (LIST, "gzip, gzip", "compressed in an unknown way"),
    ],
)
def test_damaged_compression_is_an_error(
    server: Server, body: bytes, encoding: str, message: str
) -> None:
    assert message in refused(server.on("/models", body=body, Content_Encoding=encoding))


def test_redirects_are_followed(server: Server) -> None:
    server.on("/new", body=LIST)
    assert get(server.on("/old", 301, b"", Location="/new")).pages == (LIST,)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("/loop", "more than 5 redirects"),
        ("http://169.254.169.254/latest/meta-data", "link-local or metadata"),
        ("http://[::ffff:169.254.169.254]/latest", "link-local or metadata"),
        ("http://[fd00:ec2::254]/latest", "link-local or metadata"),
        ("http://0.0.0.0/", "link-local or metadata"),
        ("file:///etc/passwd", "only http and https"),
        ("http://a.example:99999/", "not valid"),
        ("http://[::1", "no URL"),
        ("", "redirects to nowhere"),
    ],
)
def test_a_redirect_is_judged_like_the_first_address(
    server: Server, location: str, message: str
) -> None:
    assert message in refused(server.on("/loop", 302, b"", Location=location))


def test_a_name_that_leads_to_a_private_address_needs_permission(server: Server) -> None:
    url = server.on("/models").replace("127.0.0.1", "inside.example")
    with pytest.raises(FeedError, match="is a private address") as caught:
        fetch(url, allow_private=False, resolver=lambda *_: ["127.0.0.1"])
    assert "ALMANAC_FETCH_ALLOW_PRIVATE" in caught.value.message
    assert server.seen == []


def test_a_name_that_leads_to_a_metadata_address_is_refused() -> None:
    message = refused("http://metadata.example/", resolver=lambda *_: ["169.254.169.254"])
    assert message == (
        "metadata.example is refused: 169.254.169.254 is a link-local or metadata address,"
        " which may never be used"
    )


def test_the_connection_goes_to_the_address_that_was_checked(server: Server) -> None:
    """A second resolution would answer the metadata address."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])
    server.on("/models")
    fetched = get(server.url("/models", "rebinding.example"), resolver=lambda *_: next(answers))
    assert fetched.pages == (LIST,)
    assert server.seen[0][1]["Host"] == f"rebinding.example:{server.port}"


def test_the_next_address_is_tried_when_one_refuses(server: Server) -> None:
    server.on("/models")
    addresses = ["169.254.169.254", "127.0.0.2", "127.0.0.1"]
    assert get(server.url("/models", "many.example"), resolver=lambda *_: addresses).pages == (
        LIST,
    )


@pytest.mark.parametrize(
    ("address", "private", "never"),
    [
        ("8.8.8.8", False, False),
        ("2606:4700::1111", False, False),
        ("10.1.2.3", True, False),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("100.64.0.1", True, False),
        ("192.168.1.1", True, False),
        ("fd12::1", True, False),
        ("fec0::1", True, False),
        ("::ffff:10.0.0.1", True, False),
        ("64:ff9b::a00:1", True, False),
        ("169.254.169.254", True, True),
        ("169.254.1.1", True, True),
        ("::ffff:169.254.169.254", True, True),
        ("64:ff9b::a9fe:a9fe", True, True),
        ("2002:a9fe:a9fe::1", True, True),
        ("fe80::1%eth0", True, True),
        ("fd00:ec2::254", True, True),
        ("100.100.100.200", True, True),
        ("168.63.129.16", True, True),
        ("0.0.0.0", True, True),
        ("::", True, True),
        ("224.0.0.1", True, True),
        ("ff02::1", True, True),
        ("255.255.255.255", True, True),
    ],
)
def test_address_rules(address: str, *, private: bool, never: bool) -> None:
    assert (forbidden(address, allow_private=False) is not None) is private
    assert (forbidden(address, allow_private=True) is not None) is never


def test_a_key_is_not_sent_to_another_host(server: Server) -> None:
    server.on("/target")
    server.on("/away", 302, b"", Location=server.url("/target", "localhost"))
    server.on("/near", 302, b"", Location="/target")
    key = {"Authorization": "Bearer secret", "x-api-key": "secret"}

    get(server.url("/near"), headers=key)
    assert [seen["Authorization"] for _, seen in server.seen] == ["Bearer secret"] * 2

    server.seen.clear()
    get(server.url("/away"), headers=key)
    first, second = (seen for _, seen in server.seen)
    assert first["x-api-key"] == "secret"
    assert not {"Authorization", "x-api-key"} & set(second)


def test_a_user_and_password_in_the_url_are_sent_to_its_host_only(server: Server) -> None:
    server.on("/target")
    server.on("/away", 302, b"", Location=server.url("/target", "localhost"))
    get(f"http://user:pass%20word@127.0.0.1:{server.port}/away")
    first, second = (seen for _, seen in server.seen)
    assert first["Authorization"] == "Basic dXNlcjpwYXNzIHdvcmQ="
    assert "Authorization" not in second


def test_an_encrypted_feed_is_not_followed_into_the_open() -> None:
    import httpx

    from app.services.fetch import _target

    answer = httpx.Response(302, headers={"Location": "http://a.example/"})
    with pytest.raises(FeedError, match="from https to http"):
        _target(httpx.URL("https://a.example/models"), answer)


@pytest.mark.parametrize("key", ["sk-1\r\nX-Other: 1", "schlüssel", "\x00"])
def test_a_key_that_is_no_header_is_refused(server: Server, key: str) -> None:
    message = refused(server.on("/models"), headers={"Authorization": key})
    assert message == "the key or another header holds characters that HTTP does not allow"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://a.example/models", "only http and https"),
        ("models.json", "only http and https"),
        ("http://", "names no host"),
        ("http://[::1", "not valid"),
        ("", "only http and https"),
        ("http://a.example:99999/", "not valid"),
    ],
)
def test_a_url_that_is_none_is_refused(url: str, message: str) -> None:
    assert message in refused(url)


def test_a_name_without_address_is_said() -> None:
    def nothing(*_: Any) -> list[str]:
        raise OSError

    assert refused("http://nowhere.example/", resolver=nothing) == (
        "the name nowhere.example does not resolve"
    )


def test_a_closed_port_is_said(server: Server) -> None:
    with HTTPServer(Server()) as closed:
        port = closed.server_port
    assert "refused the connection" in refused(f"http://127.0.0.1:{port}/models")


def test_a_server_without_tls_is_said(server: Server) -> None:
    server.on("/models")
    assert "no TLS connection" in refused(server.url("/models").replace("http:", "https:"))


def test_a_silent_server_is_left_in_time(server: Server) -> None:
    released = threading.Event()
    server.routes["/models"] = lambda _: (released.wait(5), None)[1]
    message = refused(server.url("/models"), limits=FetchLimits(read=0.05))
    released.set()
    assert "did not answer in time" in message


def test_a_server_that_drips_is_left_when_the_whole_time_is_over(server: Server) -> None:
    def route(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(500):
            handler.wfile.write(b" ")
            time.sleep(0.01)

    server.routes["/models"] = route
    before = time.monotonic()
    message = refused(server.url("/models"), limits=FetchLimits(read=1, total=0.15))
    assert "0.15 s" in message or "did not answer in time" in message
    assert time.monotonic() - before < 1


def test_an_unchanged_answer_is_not_sent_again(server: Server) -> None:
    def route(handler: Handler) -> None:
        same = handler.headers["If-None-Match"] == '"v1"'
        handler.answer(304 if same else 200, b"" if same else LIST, ETag='"v1"')

    server.routes["/models"] = route
    first = get(server.url("/models"))
    assert first == Fetched((LIST,), '"v1"')
    assert get(server.url("/models"), etag=first.etag) == Fetched((), '"v1"', not_modified=True)


def _paged(server: Server, pages: dict[str, bytes]) -> str:
    server.routes["/models"] = lambda handler: handler.answer(
        200, pages[handler.path.partition("?")[2]], ETag='"p"'
    )
    return server.url("/models")


def test_every_page_is_followed_to_the_end(server: Server) -> None:
    url = _paged(
        server,
        {
            "limit=2": b'{"data": [{"id": "a"}, {"id": "b"}], "has_more": true, "last_id": "b"}',
            "limit=2&after_id=b": b'{"data": [{"id": "b"}, {"id": "c"}, 7], "has_more": false}',
        },
    )
    fetched = get(url + "?limit=2", next_page=COMPATIBLE.next_page)
    feed = parse_pages(COMPATIBLE, fetched.pages)

    assert fetched.etag is None
    assert [model.raw_id for model in feed.models] == ["a", "b", "c"]
    assert [(r.position, r.raw_id) for r in feed.rejected] == [
        ("page 2", "b"),
        ("page 2: data[2]", None),
    ]
    assert feed.next_page is None


def test_a_cursor_that_comes_back_is_an_error(server: Server) -> None:
    page = b'{"models": [{"name": "a"}], "next_page_token": "t"}'
    url = _paged(server, {"": page, "page_token=t": page})
    assert refused(url, next_page=COMPATIBLE.next_page) == "page 2 leads back to an earlier page"


def test_the_number_of_pages_is_bounded(server: Server) -> None:
    counter = iter(range(1_000))
    server.routes["/models"] = lambda handler: handler.answer(
        200, b'{"models": [], "next_page_token": "%d"}' % next(counter)
    )
    limits = FetchLimits(pages=3)
    message = refused(server.url("/models"), next_page=COMPATIBLE.next_page, limits=limits)
    assert message == "the answer has more than 3 pages"


def test_all_pages_together_obey_the_size_limit(server: Server) -> None:
    body = b'{"models": [], "next_page_token": "%d", "x": "' + b"x" * 400 + b'"}'
    counter = iter(range(1_000))
    server.routes["/models"] = lambda handler: handler.answer(200, body % next(counter))
    limits = FetchLimits(size=1_000)
    message = refused(server.url("/models"), next_page=COMPATIBLE.next_page, limits=limits)
    assert message == "the answer is larger than 1000 bytes"


def test_proxy_variables_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert get(server.on("/models")).pages == (LIST,)


def test_a_file_is_read_plain_or_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "models.json", tmp_path / "models.json.gz"
    plain.write_bytes(LIST)
    packed.write_bytes(gzip.compress(LIST))
    assert read_file(plain) == read_file(str(packed)) == Fetched((LIST,))


def test_what_is_no_readable_file_is_said(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    large = tmp_path / "large"
    large.write_bytes(bytes(11))
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(_bomb(65 * 1024**2))
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(LIST)[:-4])
    cases: list[tuple[Any, FetchLimits, str]] = [
        (tmp_path / "none.json", DEFAULT_LIMITS, "there is no file"),
        (tmp_path, DEFAULT_LIMITS, "is a folder"),
        (pipe, DEFAULT_LIMITS, "not an ordinary file"),
        (large, FetchLimits(size=10), "larger than 10 bytes"),
        (bomb, DEFAULT_LIMITS, "larger than 64 MiB"),
        (cut, DEFAULT_LIMITS, "cut off"),
        ("a\x00b", DEFAULT_LIMITS, "cannot be read"),
        ("x" * 5_000, DEFAULT_LIMITS, "cannot be read"),
        (large / "below", DEFAULT_LIMITS, "cannot be read"),
    ]
    for path, limits, message in cases:
        with pytest.raises(FeedError, match=message):
            read_file(path, limits=limits)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_bytes(LIST)
    file.chmod(0)
    with pytest.raises(FeedError, match="may not be read"):
        read_file(file)
