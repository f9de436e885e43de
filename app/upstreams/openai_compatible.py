"""`GET /v1/models` of OpenAI and of everything that answers like it, and providers' own lists.

Read by shape, never by host name: a list under `data` or `models`, or a bare list. What
the records hold besides their id (see `_openai_variants`) is taken where its meaning and
its unit are certain.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from app.core.fields import CAPABILITY_NAMES
from app.upstreams._json import decode, describe
from app.upstreams._openai_variants import capabilities, model_facts, pricing
from app.upstreams._shared import (
    Reader,
    Report,
    id_problem,
    is_day,
    known,
    record_list,
    token_limits,
)
from app.upstreams.base import FeedKind, JsonObject, ParsedFeed, UpstreamModel
from app.upstreams.openrouter import normalised as openrouter_shape

_EXPECTED = "a list of models, bare or under `data` or `models`"
_CONTEXT = (
    "context_length",
    "context_window",
    "max_context_length",
    "max_model_len",
    "inputTokenLimit",
)
_COMPLETION = ("max_completion_tokens", "max_output_tokens", "outputTokenLimit")


def parse(data: bytes) -> ParsedFeed:
    """Read one page of a list; raise `FeedFormatError` if there is no list."""
    decoded, key, records = record_list(data, ("data", "models"), _EXPECTED)
    report = Report(decoded)
    seen: set[str] = set()
    for number, raw in enumerate(records):
        position = f"{key}[{number}]"
        raw_id = _id(key, raw)
        if not isinstance(raw, dict):
            report.reject(position, None, f"is {describe(raw)}, not an object")
        elif problem := id_problem(raw_id):
            report.reject(position, raw_id, problem)
        elif raw_id in seen:
            report.reject(position, raw_id, "an earlier record has this id")
        else:
            seen.add(raw_id)
            report.models.append(_model(Reader(report, position, raw_id), key, raw))
    return report.feed(_cursor(decoded.value))


def next_page(data: bytes) -> str | None:
    """The query parameters of the page after this one; None on the last page.

    Raises `FeedFormatError` if the answer is not JSON.
    """
    return _cursor(decode(data).value)


def _cursor(top: Any) -> str | None:
    if not isinstance(top, dict):
        return None
    for key, parameter in (("next_page_token", "page_token"), ("nextPageToken", "pageToken")):
        if isinstance(top.get(key), str) and top[key]:
            return urlencode({parameter: top[key]}, errors="replace")
    if top.get("has_more") is True and isinstance(top.get("last_id"), str) and top["last_id"]:
        return urlencode({"after_id": top["last_id"]}, errors="replace")
    return None


def _id(key: str, raw: Any) -> Any:
    if not isinstance(raw, dict):
        return None
    names = ("id", "model", "name") if key == "models" else ("id",)
    return next((raw[name] for name in names if raw.get(name) is not None), None)


def _model(reader: Reader, key: str, raw: JsonObject) -> UpstreamModel:
    prices = raw.get("pricing")
    if (
        isinstance(raw.get("architecture"), dict)
        and isinstance(prices, dict)
        and "prompt" in prices
    ):
        return openrouter_shape(reader, raw, None)
    context = _first(reader, raw, _CONTEXT)
    completion = _first(reader, raw, _COMPLETION)
    if completion is None and "context_window" in raw:
        completion = reader.tokens(raw, "max_tokens")  # Vercel's word for the output limit
    name = _display_name(reader, raw)
    entry = {
        "model_display_name": name,
        "description": reader.line(raw, "description", "description"),
        "context_length": context,
        **capabilities(reader, raw),
        **model_facts(reader, raw),
    }
    offer = {
        "model_display_name": name,
        "pricing": pricing(reader, raw, bare=key == ""),
        "token_limits": token_limits(reader, context, completion, "output limit"),
    }
    return UpstreamModel(reader.raw_id, None, None, known(entry), known(offer), _released(raw))


def _first(reader: Reader, raw: JsonObject, keys: tuple[str, ...]) -> int | None:
    return next((n for key in keys if (n := reader.tokens(raw, key)) is not None), None)


def _display_name(reader: Reader, raw: JsonObject) -> str | None:
    for key in ("display_name", "displayName", "name"):
        name = reader.line(raw, key)
        if name is not None:
            return name if name != reader.raw_id else None
    return None


def _released(raw: JsonObject) -> str | None:
    """The day of Anthropic's `created_at`; others' `created` is when a server started."""
    value = raw.get("created_at")
    day = value[:10] if isinstance(value, str) and raw.get("type") == "model" else ""
    return day if len(day) == 10 and is_day(day) and day > "1970-01-01" else None


KIND = FeedKind(
    name="openai_compatible",
    label="OpenAI-compatible list",
    description=(
        "The list of models of one provider or server: OpenAI, Anthropic, Mistral, Cohere, Groq,"
        " Together, vLLM, Ollama, a gateway, ..."
    ),
    parse=parse,
    next_page=next_page,
    single_provider=True,
    priority=50,
    entry_fields=CAPABILITY_NAMES
    | frozenset(
        {
            "model_display_name",
            "description",
            "family",
            "context_length",
            "is_moderated",
            "architecture",
            "supported_parameters",
            "extras",
        }
    ),
)
