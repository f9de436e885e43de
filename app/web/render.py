"""Whole page or fragment, HTML or JSON: who asks, and the answer that fits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, make_response, render_template, request
from markupsafe import Markup

# What programs read: JSON in, JSON out, bearer tokens only. All else is the console, the
# pages of a feed that is called `openai` or `litellm` too.
API_PREFIXES = (
    "/v1/",
    "/feeds/openai/v1/",
    "/feeds/openrouter/api/",
    "/feeds/models.dev/api.json",
    "/feeds/litellm/model_prices",
)


def is_api() -> bool:
    """Whether the request is for programs; decides credentials, CSRF and the form of errors."""
    return request.path == "/v1" or request.path.startswith(API_PREFIXES)


def is_fragment() -> bool:
    """Whether htmx wants a piece of a page: not boosted, not history, not aimed at the body."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
        and headers.get("HX-Request-Type") != "full"
    )


def render_page(
    template: str, fragment_template: str | None = None, *, status: int = 200, **context: Any
) -> Response:
    """The page, or only `fragment_template` where htmx asked for a piece of it."""
    fragment = fragment_template is not None and is_fragment()
    chosen = fragment_template if fragment and fragment_template else template
    return make_response(render_template(chosen, is_fragment=fragment, **context), status)


def timestamp(seconds: int) -> Markup:
    """A moment in UTC as a `time` element."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.strftime("%Y-%m-%d %H:%M UTC")
    )


def init(app: Flask) -> None:
    """Tell caches that one address has a page and fragments."""
    app.jinja_env.filters["timestamp"] = timestamp
    app.after_request(_vary)


def _vary(response: Response) -> Response:
    if response.mimetype == "text/html":
        response.vary.add("HX-Request")
    return response
