"""Webhooks for tests, and a receiver that answers as it is told."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.events import EVENTS
from app.models import Delivery, Webhook, now
from app.services.secrets import Vault
from tests.support.database import ENCRYPTION_KEY

VAULT = Vault([ENCRYPTION_KEY])
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
_numbers = count(1)


def make_webhook(session: Session, url: str = "https://hooks.example/almanac", **v: Any) -> int:
    """A webhook in the database that wants every event; returns its row id; not committed."""
    number = next(_numbers)
    values = {
        "public_id": f"hook_{number}",
        "url": url,
        "events": list(EVENTS),
        "secret_encrypted": VAULT.encrypt(SECRET),
        "secret_hint": "GKYo",
        "created_at": now(),
        "updated_at": now(),
    }
    webhook = Webhook(**values | v)
    session.add(webhook)
    session.flush()
    return webhook.id


def make_delivery(session: Session, webhook_id: int, **v: Any) -> int:
    """A message in the database that waits to be sent; returns its row id; not committed."""
    event = v.get("event", "sync.applied")
    values = {
        "public_id": f"msg_{next(_numbers):024x}",
        "webhook_id": webhook_id,
        "event": event,
        "payload": {"type": event, "timestamp": "2026-11-25T12:00:00.000Z", "data": {}},
        "next_attempt_at": now(),
        "created_at": now(),
    }
    delivery = Delivery(**values | v)
    session.add(delivery)
    session.flush()
    return delivery.id


def messages(session: Session) -> list[Delivery]:
    """All deliveries, oldest first, as they are now."""
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(Delivery).order_by(Delivery.id)))


@dataclass
class Received:
    """One request that the receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Answers every POST with the next of ``answers``; the last one for ever."""

    answers: list[tuple[int, dict[str, str], bytes]]
    url: str = ""
    got: list[Received] = field(default_factory=list)
    # While it is clear, requests wait for their answer.
    free: threading.Event = field(default_factory=threading.Event)

    def next_answer(self) -> tuple[int, dict[str, str], bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Server(ThreadingHTTPServer):
    # Four senders open 32 connections at once; beyond the queue (5 unless told) they are lost.
    request_queue_size = 128


@contextmanager
def receiving(
    *answers: int | tuple[int, dict[str, str]] | tuple[int, dict[str, str], bytes],
) -> Iterator[Receiver]:
    """A receiver on a free port of this machine; by default everything is answered 204."""
    full = [a if isinstance(a, tuple) else (a, {}) for a in answers or (204,)]
    receiver = Receiver([(a[0], a[1], a[2] if len(a) > 2 else b"") for a in full])
    receiver.free.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(Received(self.path, dict(self.headers), body))
            receiver.free.wait(20)
            status, headers, answer = receiver.next_answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any more
                self.wfile.write(answer)

        def log_message(self, *_args: object) -> None:
            pass

    http = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{http.server_port}/hook"
    try:
        yield receiver
    finally:
        receiver.free.set()
        http.shutdown()
        thread.join()
        http.server_close()
