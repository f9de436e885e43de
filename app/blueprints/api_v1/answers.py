"""JSON answers, compact and with the keys in the order they were put."""

from __future__ import annotations

import json
from typing import Any

from flask import Response


def json_response(body: Any, etag: str | None = None) -> Response:
    """An answer of status 200; `etag` without quotes."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    response = Response(text, content_type="application/json")
    if etag is not None:
        response.set_etag(etag)
    return response
