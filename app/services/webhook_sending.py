"""One attempt to hand a signed message to a webhook, over HTTP. Touches no database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import Webhook as Signer

from app.core.errors import FeedError
from app.core.webhooks import place_of, read_retry_after
from app.services.outgoing import CheckedTransport, Deadline, Resolver, network_errors

TOTAL_SECONDS = 15
_TIMEOUT = httpx.Timeout(TOTAL_SECONDS, connect=10)
READ_AT_MOST = 65_536
KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. ``error`` None: delivered; ``retry_after`` in seconds, if asked."""

    error: str | None = None
    status: int | None = None
    response: str | None = None
    retry_after: int | None = None


def send(
    url: str,
    secret: str,
    message_id: str,
    payload: Mapping[str, Any],
    *,
    allow_private: bool,
    resolver: Resolver,
) -> Outcome:
    """Post the message, signed in the Standard Webhooks form; the answer's status decides.

    Redirects are not followed: the signature is for whoever was named. Raises nothing that
    the network or the receiver can cause.
    """
    body = json.dumps(payload, separators=(",", ":"))
    moment = datetime.now(UTC)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Almanac",
        "Accept-Encoding": "identity",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Signer(secret).sign(message_id, moment, body),
    }
    deadline = Deadline.after(TOTAL_SECONDS)
    extensions = {"timeout": _TIMEOUT.as_dict()}
    try:
        with (
            network_errors(place_of(url)),
            CheckedTransport(deadline, resolver, allow_private=allow_private) as transport,
        ):
            request = httpx.Request(
                "POST", url, headers=headers, content=body.encode(), extensions=extensions
            )
            return _outcome(transport.handle_request(request))
    except FeedError as exc:
        return Outcome(exc.message)


def _outcome(response: httpx.Response) -> Outcome:
    try:
        status, text = response.status_code, _beginning(response)
    finally:
        response.close()
    asked = read_retry_after(
        response.headers.get("Retry-After"), int(datetime.now(UTC).timestamp())
    )
    if response.is_success:
        return Outcome(None, status, text)
    said = f"the answer was {status} {response.reason_phrase}".rstrip()
    if response.has_redirect_location or status in (301, 302, 303, 307, 308):
        said += "; redirects are not followed"
    return Outcome(said, status, text, asked)


def _beginning(response: httpx.Response) -> str:
    """What the answer begins with; one that breaks off has been an answer all the same."""
    read = b""
    try:
        with network_errors("the answer"):
            for chunk in response.iter_raw():
                read += chunk
                if len(read) >= READ_AT_MOST:
                    break
    except FeedError:
        pass
    return read[: 4 * KEPT].decode("utf-8", "replace").replace("\x00", "\ufffd")[:KEPT]
