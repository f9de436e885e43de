"""A provider's list on this machine: answers what a test says, and remembers what was asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ListServer:
    """Lists `models` at every path; with `key` only to its bearer."""

    models: list[str] = field(default_factory=lambda: ["gpt-4o", "gpt-4o-mini"])
    key: str | None = None
    status: int = 200
    delay: float = 0
    redirect: str | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        """A base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        """The status and the body for one request."""
        self.asked.append((path, headers))
        time.sleep(self.delay)
        if self.key is not None and headers.get("Authorization") != f"Bearer {self.key}":
            # As real servers do: what was sent is repeated in the refusal.
            return 401, f"wrong key: {headers.get('Authorization')}".encode()
        if self.status != 200:
            return self.status, b"no"
        listed = [{"id": name, "object": "model"} for name in self.models]
        return 200, json.dumps({"object": "list", "data": listed}).encode()


@contextmanager
def list_server(**changes: Any) -> Iterator[ListServer]:
    """A running server; its port is chosen by the system."""
    about = ListServer(**changes)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = about.answer(self.path, dict(self.headers))
            with suppress(ConnectionError, TimeoutError):
                if about.redirect and status == 200:
                    self.send_response(302)
                    self.send_header("Location", about.redirect)
                    self.end_headers()
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    about.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield about
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
