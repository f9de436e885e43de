"""What the lists of different servers say about a model, each in its own words.

Every function looks for the keys of its variant and answers nothing where they are absent.
"""

from __future__ import annotations

from collections.abc import Callable

from app.upstreams._shared import PER_MILLION, PER_TOKEN, Reader, extras, price_lines
from app.upstreams.base import JsonObject

# Kinds of model (Together, Vercel, LM Studio): is it a model that makes vectors?
_TYPES = {
    "audio": False,
    "chat": False,
    "code": False,
    "embedding": True,
    "embeddings": True,
    "image": False,
    "language": False,
    "llm": False,
    "moderation": False,
    "rerank": False,
    "reranking": False,
    "transcribe": False,
    "video": False,
    "vlm": False,
}
_PRICED_BY_TOKEN = ("chat", "code", "embedding", "language", "moderation", "rerank")
_UNITS = (
    ("per_1k_prompt_tokens", ("input", "prompt")),
    ("per_1k_completion_tokens", ("output", "completion")),
    ("per_1k_cached_read_tokens", ("input_cache_read",)),
    ("per_1k_cached_write_tokens", ("input_cache_write",)),
)


def capabilities(reader: Reader, raw: JsonObject) -> JsonObject:
    """The capability flags of a record, whoever's words it uses."""
    flags: JsonObject = {}
    for variant in (_typed, _fireworks, _mistral, _cohere, _vercel, _gemini):
        flags |= {name: flag for name, flag in variant(reader, raw).items() if flag is not None}
    return flags


def _typed(_reader: Reader, raw: JsonObject) -> JsonObject:
    kind = raw.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        return {}
    return {
        "supports_embeddings": _TYPES[kind],
        "supports_images": True if kind == "vlm" else None,
        "supports_audio": True if kind in ("audio", "transcribe") else None,
    }


def _fireworks(reader: Reader, raw: JsonObject) -> JsonObject:
    return {
        "supports_tools": reader.flag(raw, "supports_tools"),
        "supports_images": reader.flag(raw, "supports_image_input"),
        "supports_embeddings": False if raw.get("supports_chat") is True else None,
    }


def _mistral(reader: Reader, raw: JsonObject) -> JsonObject:
    if not isinstance(raw.get("capabilities"), dict):  # others list words here
        return {}
    given = raw["capabilities"]
    flag: Callable[[str], bool | None] = lambda key: reader.flag(given, key, "capabilities.")  # noqa: E731
    return {
        "supports_tools": flag("function_calling"),
        "supports_images": flag("vision"),
        "supports_audio": flag("audio"),
        "supports_reasoning": flag("reasoning"),
        "supports_embeddings": False if flag("completion_chat") else None,
    }


def _cohere(reader: Reader, raw: JsonObject) -> JsonObject:
    if not isinstance(raw.get("endpoints"), list):
        return {}
    endpoints = reader.texts(raw, "endpoints") or []
    features = reader.texts(raw, "features")
    return {
        "supports_embeddings": "embed" in endpoints or "embed_image" in endpoints,
        "supports_images": "embed_image" in endpoints or reader.flag(raw, "supports_vision"),
        "supports_tools": None if features is None else "tools" in features,
        "supports_reasoning": None if features is None else "reasoning" in features,
    }


def _vercel(reader: Reader, raw: JsonObject) -> JsonObject:
    if not (isinstance(raw.get("tags"), list) and "context_window" in raw):
        return {}
    tags = reader.texts(raw, "tags") or []
    words = {"tools": "tool-use", "reasoning": "reasoning", "images": "vision"}
    return {f"supports_{name}": True for name, word in words.items() if word in tags}


def _gemini(reader: Reader, raw: JsonObject) -> JsonObject:
    if not isinstance(raw.get("supportedGenerationMethods"), list):
        return {}
    methods = reader.texts(raw, "supportedGenerationMethods") or []
    return {
        "supports_embeddings": "embedContent" in methods,
        "supports_reasoning": reader.flag(raw, "thinking"),
    }


def model_facts(reader: Reader, raw: JsonObject) -> JsonObject:
    """Family and extras: what is true of the model itself, wherever it runs."""
    details = raw.get("details")
    details = details if isinstance(details, dict) else {}
    aliases = reader.texts(raw, "aliases")
    return {
        "family": reader.line(details, "family", where="details."),
        "extras": extras(
            {
                "aliases": sorted(aliases) if aliases else None,
                "base_model": reader.line(raw, "parent"),
                "format": reader.line(details, "format", where="details."),
                "license": reader.line(raw, "license"),
                "parameter_size": reader.line(details, "parameter_size", where="details."),
                "quantization": reader.line(details, "quantization_level", where="details."),
            }
        ),
    }


def pricing(reader: Reader, raw: JsonObject, *, bare: bool) -> JsonObject | None:
    """Prices, where their unit is certain.

    Together's bare list gives numbers per million tokens, gateways give decimal text per
    token, Cloudflare `cost_in` and `cost_out` per token. A number in another list could be
    either, and a type that is not billed by tokens (images, speech) uses the same keys for
    other units: these are left out.
    """
    if "cost_in" in raw or "cost_out" in raw:
        return price_lines(
            {
                "per_1k_prompt_tokens": reader.price(raw, "cost_in", PER_TOKEN),
                "per_1k_completion_tokens": reader.price(raw, "cost_out", PER_TOKEN),
            }
        )
    given = raw.get("pricing")
    if not isinstance(given, dict) or raw.get("type", "chat") not in _PRICED_BY_TOKEN:
        return None
    amounts: dict[str, str | None] = {}
    for unit, names in _UNITS:
        key = next((name for name in names if given.get(name) is not None), None)
        if key is not None:
            amounts[unit] = _price(reader, given, key, bare=bare)
    return price_lines(amounts)


def _price(reader: Reader, given: JsonObject, key: str, *, bare: bool) -> str | None:
    if isinstance(given[key], str):
        return reader.price(given, key, PER_TOKEN, "pricing.")
    if bare:
        return reader.price(given, key, PER_MILLION, "pricing.")
    reader.note(f"pricing.{key}", "a number without a unit (per token, per million?); left out")
    return None
