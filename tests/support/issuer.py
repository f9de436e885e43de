"""An issuer of tokens: a key set at an address of this machine, and what it signs."""

import json
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from app.models import now

URL = "https://issuer.example"
AUDIENCE = "almanac-tests"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
KEYS: dict[str, Key] = {
    "RS256": RSA,
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
}


class Issuer:
    """Serves the public half of its keys; counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: list[Any] = [key.as_dict(private=False) for key in KEYS.values()]
        self.asked = 0
        self.status = 200
        self.jwks_url = ""

    def settings(self, role_claim: str = "role") -> dict[str, str]:
        """One item of ALMANAC_JWT_ISSUERS."""
        return {
            "issuer": URL,
            "audience": AUDIENCE,
            "jwks_url": self.jwks_url,
            "role_claim": role_claim,
        }

    @staticmethod
    def sign(algorithm: str = "ES256", key: Key | None = None, **changes: Any) -> str:
        """A token; claims given as None are left out."""
        claims = {
            "iss": URL,
            "aud": AUDIENCE,
            "sub": "robot",
            "role": "editor",
            "exp": now() + 60,
        } | changes
        claims = {name: value for name, value in claims.items() if value is not None}
        signer = key or KEYS[algorithm]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # of EdDSA, which issuers still use
            header = {"alg": algorithm, "kid": signer.kid, "theirs": "own header"}
            registry = JWSRegistry(algorithms=[algorithm], strict_check_header=False)
            # As JSON with escapes, which can hold what UTF-8 cannot.
            return jws.serialize_compact(header, json.dumps(claims), signer, registry=registry)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    """An issuer that answers while this is open."""
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            body = json.dumps({"keys": issuer.keys}).encode()
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.jwks_url = f"http://127.0.0.1:{server.server_port}/keys"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield issuer
        finally:
            server.shutdown()
            thread.join(10)
