"""JSON answers, compact and with the keys in the order they were put."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from flask import Response

# A decimal number on its way through the encoder: no text of ours holds a NUL.
_EXACT = re.compile(r'"\\u0000([0-9.]+)"')


def json_response(body: Any, etag: str | None = None) -> Response:
    """An answer of status 200; `etag` without quotes. Decimals are written digit by digit."""
    text = json.dumps(
        body, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=_marked
    )
    if "\\u0000" in text:
        text = _EXACT.sub(r"\1", text)
    response = Response(text, content_type="application/json")
    if etag is not None:
        response.set_etag(etag)
    return response


def _marked(value: object) -> str:
    if not isinstance(value, Decimal):
        raise TypeError(f"{type(value).__name__} is no JSON")
    return f"\0{value:f}"


def with_batch(response: Response, batch: str) -> Response:
    """The same answer, naming the batch that an undo of this change takes."""
    response.headers["X-Batch-ID"] = batch
    return response
