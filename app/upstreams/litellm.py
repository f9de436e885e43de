"""LiteLLM's price map: one flat object of what each provider's models cost and can do.

Prices are dollars per single token (and per image, query, ...). Keys are the names that
LiteLLM routes by: the provider's own id, mostly behind the provider's word. Decisions:

- A key loses a first part that only repeats the provider. Where two keys then come to the
  same id of the same provider, the shorter key gets the short id and the other keeps its
  whole key, whatever their order, so that no record is lost.
- Rows of one region (`bedrock/us-east-1/...`, `azure/eu/...`) are imported: LiteLLM routes
  to them, and their prices differ.
- Rows that price one size, quality or number of steps of an image model, a commitment, fine
  tuning, or a range of model sizes are no models and are rejected, like search tools and
  vector stores; each with its reason.
- Most records list only what is supported: a missing `supports_*` is unknown.
"""

from __future__ import annotations

import re
from typing import Any

from app.upstreams._json import decode, describe
from app.upstreams._litellm_providers import prefixes_of, provider_of
from app.upstreams._shared import (
    PER_TOKEN,
    PER_UNIT,
    Reader,
    Report,
    architecture,
    extras,
    id_problem,
    known,
    price_lines,
    said_by,
    token_limits,
    wrong_shape,
)
from app.upstreams.base import FeedKind, JsonObject, ParsedFeed, UpstreamModel, UpstreamProvider

_EXPECTED = "an object of records with `litellm_provider`"
_IMAGE_MODES = ("image_generation", "image_edit")
_MODES = frozenset(
    (
        *_IMAGE_MODES,
        "audio_speech",
        "audio_transcription",
        "chat",
        "completion",
        "embedding",
        "moderation",
        "ocr",
        "realtime",
        "rerank",
        "responses",
        "video_generation",
    )
)
_PRICES = (
    ("input_cost_per_token", "per_1k_prompt_tokens", PER_TOKEN),
    ("output_cost_per_token", "per_1k_completion_tokens", PER_TOKEN),
    ("cache_read_input_token_cost", "per_1k_cached_read_tokens", PER_TOKEN),
    ("cache_creation_input_token_cost", "per_1k_cached_write_tokens", PER_TOKEN),
    ("output_cost_per_reasoning_token", "per_1k_reasoning_tokens", PER_TOKEN),
    ("input_cost_per_audio_token", "per_1k_audio_tokens", PER_TOKEN),
    ("input_cost_per_request", "per_request", PER_UNIT),
)
_EXTRAS = (
    ("supports_computer_use", "computer_use"),
    ("supports_parallel_function_calling", "parallel_function_calling"),
    ("supports_pdf_input", "pdf_input"),
    ("supports_prompt_caching", "prompt_caching"),
    ("supports_response_schema", "structured_output"),
)
_PRICE_ROWS = (
    (r"(^|/)(\d+-x-\d+|max-x-max)/", "is the price of one size of an image model, not a model"),
    (r"/\d+-month-commitment/", "is the price of a commitment, not a model"),
    (r"(^|/)ft:", "is the price of fine-tuned models, not a model"),
    (r"^(fireworks|together)-ai-", "is the price of a range of model sizes, not a model"),
    (r"\*", "is a pattern of ids, not a model"),
)
_NO_MODEL = tuple((re.compile(pattern), reason) for pattern, reason in _PRICE_ROWS)


def parse(data: bytes) -> ParsedFeed:
    """Read the price map; raise `FeedFormatError` if it is not an object of such records."""
    decoded = decode(data)
    top = decoded.value
    if not isinstance(top, dict):
        raise wrong_shape(top, _EXPECTED)
    if top and not any(isinstance(r, dict) and "litellm_provider" in r for r in top.values()):
        raise wrong_shape(top, _EXPECTED)
    report = Report(decoded)
    ids = _ids(top)
    for key, raw in top.items():
        problem = _problem(key, raw)
        if problem is not None:
            report.reject(f"[{key}]", key, problem)
        else:
            report.models.append(_model(report, ids[key], key, raw))
    return report.feed()


def _ids(top: JsonObject) -> dict[str, str]:
    """The id of each usable record, by key.

    Shorter keys choose first; so nobody has taken a key as a whole when its turn comes.
    """
    ids: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    usable = (key for key, raw in top.items() if _problem(key, raw) is None)
    for key in sorted(usable, key=lambda k: (len(k), k)):
        word = top[key]["litellm_provider"]
        provider, _ = provider_of(word)
        first, _, rest = key.partition("/")
        short = rest if first in prefixes_of(word) and id_problem(rest) is None else key
        ids[key] = short if (provider, short) not in taken else key
        taken.add((provider, ids[key]))
    return ids


def _problem(key: str, raw: Any) -> str | None:
    if problem := id_problem(key):
        return problem
    if not isinstance(raw, dict):
        return f"is {describe(raw)}, not an object"
    if key == "sample_spec":
        return "documents the format, and is no model"
    provider = raw.get("litellm_provider")
    if id_problem(provider):
        return "has no litellm_provider" if provider is None else "its litellm_provider is no id"
    if raw.get("mode") in ("search", "vector_store"):
        return f"is a {str(raw['mode']).replace('_', ' ')} tool, not a model"
    return next((why for pattern, why in _NO_MODEL if pattern.search(key)), None)


def _model(report: Report, raw_id: str, key: str, raw: JsonObject) -> UpstreamModel:
    provider, name = provider_of(raw["litellm_provider"])
    if provider not in report.providers:
        report.providers[provider] = UpstreamProvider(provider, name)
    return _normalised(Reader(report, f"[{key}]", raw_id), provider, raw)


def _normalised(reader: Reader, provider: str, raw: JsonObject) -> UpstreamModel:
    mode = reader.line(raw, "mode")
    context = reader.tokens(raw, "max_input_tokens")
    if context is None and mode == "embedding":
        context = reader.tokens(raw, "max_tokens")  # elsewhere it may be the output limit
    completion = reader.tokens(raw, "max_output_tokens")
    offer = {
        "pricing": _pricing(reader, raw, mode),
        "token_limits": token_limits(reader, context, completion, "max_output_tokens"),
    }
    entry = {
        "context_length": context,
        **_capabilities(reader, raw, mode),
        "extras": extras(
            {name: reader.flag(raw, key) for key, name in _EXTRAS}
            | {"mode": mode, "output_vector_size": reader.tokens(raw, "output_vector_size")}
        ),
    }
    return UpstreamModel(reader.raw_id, provider, None, known(entry), known(offer))


def _capabilities(reader: Reader, raw: JsonObject, mode: str | None) -> JsonObject:
    inputs = reader.modalities(raw, "supported_modalities")
    outputs = reader.modalities(raw, "supported_output_modalities")
    listed = said_by(inputs, outputs)

    def any_of(listed_as: str, *keys: str) -> bool | None:
        flags = [listed.get(listed_as), *(reader.flag(raw, key) for key in keys)]
        if True in flags:
            return True
        return False if None not in flags or listed.get(listed_as) is False else None

    if mode in ("audio_speech", "audio_transcription"):
        listed["supports_audio"] = True
    return {
        "architecture": architecture(inputs, outputs),
        "supports_tools": reader.flag(raw, "supports_function_calling"),
        "supports_reasoning": reader.flag(raw, "supports_reasoning"),
        "supports_browser": reader.flag(raw, "supports_web_search"),
        "supports_embeddings": mode == "embedding" if mode in _MODES else None,
        "supports_images": any_of("supports_images", "supports_vision", "supports_image_input"),
        "supports_audio": any_of("supports_audio", "supports_audio_input", "supports_audio_output"),
        "supports_video": any_of("supports_video", "supports_video_input"),
    }


def _pricing(reader: Reader, raw: JsonObject, mode: str | None) -> JsonObject | None:
    amounts = {unit: reader.price(raw, key, power) for key, unit, power in _PRICES if key in raw}
    if "per_1k_cached_read_tokens" not in amounts:
        amounts["per_1k_cached_read_tokens"] = reader.price(
            raw, "input_cost_per_token_cache_hit", PER_TOKEN
        )
    if mode == "rerank" and "per_request" not in amounts:
        amounts["per_request"] = reader.price(raw, "input_cost_per_query", PER_UNIT)
    # An image model's price is that of an image made; elsewhere it is that of an image read.
    keys = ("output_cost_per_image", "input_cost_per_image")
    made = mode in _IMAGE_MODES and raw.get(keys[0]) is not None
    amounts["per_image"] = reader.price(raw, keys[0] if made else keys[1], PER_UNIT)
    amounts["per_web_search"] = _search_price(reader, raw)
    return price_lines(amounts)


def _search_price(reader: Reader, raw: JsonObject) -> str | None:
    """The price of a search, where it is one price whatever the size of its context."""
    given = reader.object(raw, "search_context_cost_per_query")
    prices = {reader.price(given, key, PER_UNIT, "search_context_cost_per_query.") for key in given}
    return prices.pop() if len(prices) == 1 else None


KIND = FeedKind(
    name="litellm",
    label="LiteLLM price map",
    description="The community's map of prices, limits and capabilities that LiteLLM ships.",
    parse=parse,
    default_url=(
        "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
    ),
    priority=40,
    entry_fields=frozenset(
        {
            "context_length",
            "architecture",
            "supports_tools",
            "supports_reasoning",
            "supports_images",
            "supports_audio",
            "supports_video",
            "supports_embeddings",
            "supports_browser",
            "extras",
        }
    ),
)
