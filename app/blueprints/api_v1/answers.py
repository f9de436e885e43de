"""JSON answers, compact and with the keys in the order they were put."""

from __future__ import annotations

from typing import Any

from flask import Response

from app.web.exact_json import exact_json


def json_response(body: Any, etag: str | None = None) -> Response:
    """An answer of status 200; `etag` without quotes. Decimals are written digit by digit."""
    response = Response(exact_json(body), content_type="application/json")
    if etag is not None:
        response.set_etag(etag)
    return response


def with_batch(response: Response, batch: str) -> Response:
    """The same answer, naming the batch that an undo of this change takes."""
    response.headers["X-Batch-ID"] = batch
    return response
