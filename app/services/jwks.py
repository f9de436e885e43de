"""The public keys of external issuers, fetched when needed and kept."""

from __future__ import annotations

import json
import threading
import time
from functools import cache
from typing import Any

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

KEEP_SECONDS = 3600.0
RETRY_SECONDS = 60.0
MAX_BYTES = 1024 * 1024
_TIMEOUT = httpx.Timeout(5.0)
_log = structlog.get_logger(__name__)


class JwksCache:
    """The keys of one issuer.

    They are read again every hour, and at most once a minute for a key id nobody
    knows: an issuer may change its keys at any time, and a stranger's token must
    not make us ask it at will. An issuer that does not answer keeps its old keys.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._tried_at = float("-inf")

    def keys(self, kid: str | None) -> KeySet | None:
        """The issuer's keys, hopefully with `kid` among them; None if none were ever read."""
        with self._lock:
            age = time.monotonic() - self._tried_at
            known = self._keys is not None and (kid is None or self._has(kid))
            if age >= (KEEP_SECONDS if known else RETRY_SECONDS):
                self._tried_at = time.monotonic()
                self._keys = self._fetch() or self._keys
            return self._keys

    def _has(self, kid: str) -> bool:
        return self._keys is not None and any(key.kid == kid for key in self._keys.keys)

    def _fetch(self) -> KeySet | None:
        try:
            with httpx.stream("GET", self._url, timeout=_TIMEOUT) as response:
                response.raise_for_status()
                body = _limited(response)
            return KeySet.import_key_set(_public_keys(body))
        except (httpx.HTTPError, JoseError, ValueError, TypeError, KeyError) as exc:
            _log.warning("keys not readable", url=self._url, reason=str(exc))
            return None


def _limited(response: httpx.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ValueError("the key set is too large")
    return bytes(body)


def _public_keys(body: bytes) -> Any:
    loaded = json.loads(body)
    # A shared secret has no place in a published key set: who reads it could sign with it.
    keys = [key for key in loaded["keys"] if key.get("kty") in {"RSA", "EC", "OKP"}]
    return {"keys": keys}


@cache
def jwks_of(url: str) -> JwksCache:
    """The one cache of this process for an address."""
    return JwksCache(url)
