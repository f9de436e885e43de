"""OpenRouter's `GET /api/v1/models`: one gateway's offers, with the models' own facts.

Prices are dollars per single token as decimal text; `-1` means that the price varies.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.core.fields import CAPABILITY_NAMES, FIELDS
from app.core.values import ValueProblem, check
from app.upstreams._json import describe
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
    record_list,
    said_by,
    token_limits,
)
from app.upstreams.base import FeedKind, JsonObject, ParsedFeed, UpstreamModel, UpstreamProvider

_PROVIDER = UpstreamProvider(
    "openrouter",
    "OpenRouter",
    "https://openrouter.ai/api/v1",
    {"models_dev_id": "openrouter", "doc": "https://openrouter.ai/docs"},
)
_PRICES = (
    ("prompt", "per_1k_prompt_tokens", PER_TOKEN),
    ("completion", "per_1k_completion_tokens", PER_TOKEN),
    ("input_cache_read", "per_1k_cached_read_tokens", PER_TOKEN),
    ("input_cache_write", "per_1k_cached_write_tokens", PER_TOKEN),
    # Dollars per reasoning token, so the line that counts thousands of tokens is the exact one.
    ("internal_reasoning", "per_1k_reasoning_tokens", PER_TOKEN),
    ("audio", "per_1k_audio_tokens", PER_TOKEN),
    ("request", "per_request", PER_UNIT),
    ("image", "per_image", PER_UNIT),
    ("web_search", "per_web_search", PER_UNIT),
)
_PARAMETERS = FIELDS["entry"]["supported_parameters"]


def parse(data: bytes) -> ParsedFeed:
    """Read the list of models; raise `FeedFormatError` if there is none."""
    decoded, key, records = record_list(data, ("data",), "an object with a list `data` of models")
    report = Report(decoded)
    report.providers[_PROVIDER.key] = _PROVIDER
    seen: set[str] = set()
    for number, raw in enumerate(records):
        position = f"{key}[{number}]"
        raw_id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(raw, dict):
            report.reject(position, None, f"is {describe(raw)}, not an object")
        elif problem := id_problem(raw_id):
            report.reject(position, raw_id, problem)
        elif raw_id in seen:
            report.reject(position, raw_id, "an earlier record has this id")
        else:
            seen.add(raw["id"])
            report.models.append(
                normalised(Reader(report, position, raw["id"]), raw, _PROVIDER.key)
            )
    return report.feed()


def normalised(reader: Reader, raw: JsonObject, provider: str | None) -> UpstreamModel:
    """One record of OpenRouter's shape, which other gateways answer in too."""
    top = reader.object(raw, "top_provider")
    name = reader.line(raw, "name")
    context = reader.tokens(raw, "context_length")
    completion = reader.tokens(top, "max_completion_tokens", "top_provider.")
    offer = {
        "model_display_name": name,
        "pricing": _pricing(reader, raw),
        "token_limits": token_limits(
            reader,
            reader.tokens(top, "context_length", "top_provider."),
            completion,
            "top_provider.max_completion_tokens",
        ),
    }
    entry = {
        "model_display_name": name,
        "description": reader.line(raw, "description", "description"),
        "context_length": context,
        "is_moderated": reader.flag(top, "is_moderated", "top_provider."),
        "extras": _extras(reader, raw),
        **_architecture(reader, raw),
        **_parameters(reader, raw),
    }
    slug = raw.get("canonical_slug")
    if slug is not None and id_problem(slug):
        reader.note("canonical_slug", f"{id_problem(slug)}; left out")
        slug = None
    return UpstreamModel(reader.raw_id, provider, slug, known(entry), known(offer))


def _architecture(reader: Reader, raw: JsonObject) -> JsonObject:
    given = reader.object(raw, "architecture")
    inputs = reader.modalities(given, "input_modalities", "architecture.")
    outputs = reader.modalities(given, "output_modalities", "architecture.")
    texts = {
        key: reader.line(given, key, where="architecture.")
        for key in ("modality", "tokenizer", "instruct_type")
    }
    return {
        "architecture": architecture(inputs, outputs, **texts),
        "supports_embeddings": "embeddings" in outputs if outputs else None,
        "supports_instruct": True if texts["instruct_type"] else None,
        **said_by(inputs, outputs),
    }


def _parameters(reader: Reader, raw: JsonObject) -> JsonObject:
    names = sorted(reader.texts(raw, "supported_parameters") or ())
    default = _defaults(reader, reader.object(raw, "default_parameters"))
    if not names and not default:
        return {}
    flags: JsonObject = {}
    if names:  # an empty list says nothing: routers that choose a model answer it
        flags["supports_tools"] = "tools" in names
        flags["supports_reasoning"] = "reasoning" in names or "include_reasoning" in names
        flags["supports_browser"] = True if "web_search_options" in names else None
    return {"supported_parameters": {"names": names, "default": default}, **flags}


def _defaults(reader: Reader, given: JsonObject) -> JsonObject:
    out: JsonObject = {}
    for name in sorted(given):
        try:
            out |= check(_PARAMETERS, {"default": {name: given[name]}})["default"]
        except ValueProblem as exc:
            reader.note("default_parameters", f"{exc}; left out")
    return {name: number for name, number in out.items() if number is not None}


def _pricing(reader: Reader, raw: JsonObject) -> JsonObject | None:
    given = reader.object(raw, "pricing")
    amounts = {
        unit: reader.price(given, key, power, "pricing.")
        for key, unit, power in _PRICES
        if key in given
    }
    if amounts.get("per_image") not in (None, "0") and given["image"] == given.get("prompt"):
        # Since 2026 some models give the price of an image's tokens here: there is no unit for it.
        reader.note("pricing.image", "equals the prompt price: per token, not per image; left out")
        del amounts["per_image"]
    return price_lines(amounts)


def _extras(reader: Reader, raw: JsonObject) -> JsonObject | None:
    return extras(
        {
            "created": _created(reader, raw),
            "hugging_face_id": reader.line(raw, "hugging_face_id"),
            "knowledge_cutoff": reader.day(raw, "knowledge_cutoff"),
        }
    )


def _created(reader: Reader, raw: JsonObject) -> str | None:
    seconds: Any = raw.get("created")
    if seconds is None or (type(seconds) is int and seconds == 0):
        return None
    if type(seconds) is int and 0 < seconds < 10**11:
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
    reader.note("created", "is not a time in Unix seconds; left out")
    return None


KIND = FeedKind(
    name="openrouter",
    label="OpenRouter",
    description="The models of the gateway OpenRouter, with descriptions, parameters and prices.",
    parse=parse,
    default_url="https://openrouter.ai/api/v1/models",
    provider_kind="openrouter",
    priority=20,
    entry_fields=CAPABILITY_NAMES
    | frozenset(
        {
            "model_display_name",
            "description",
            "context_length",
            "is_moderated",
            "architecture",
            "supported_parameters",
            "extras",
        }
    ),
)
