"""LiteLLM's price map, field by field and trap by trap."""

import json
from typing import Any

import pytest

from app.core.errors import FeedFormatError
from app.upstreams import FEED_KINDS
from app.upstreams.base import ParsedFeed, UpstreamModel
from tests.support.paths import TEST_DATA

KIND = FEED_KINDS["litellm"]
EXCERPT = TEST_DATA / "upstreams/litellm/excerpt.json"


def excerpt() -> ParsedFeed:
    return KIND.parse(EXCERPT.read_bytes())


def found(provider: str, raw_id: str) -> UpstreamModel:
    wanted = (provider, raw_id)
    return next(m for m in excerpt().models if (m.provider_key, m.raw_id) == wanted)


def parsed(top: dict[str, Any]) -> ParsedFeed:
    return KIND.parse(json.dumps(top).encode())


def record(**fields: Any) -> UpstreamModel:
    return parsed({"gpt": {"litellm_provider": "openai"} | fields}).models[0]


def prices(model: UpstreamModel) -> dict[str, str]:
    lines = model.offer.get("pricing", {"lines": []})["lines"]
    return {line["unit"]: line["amount_micro_usd"] for line in lines}


def test_a_record_is_read_whole() -> None:
    model = found("google", "gemini-2.5-flash")
    assert model.entry == {
        "context_length": 1048576,
        "architecture": {
            "modality": "text+image+audio+video->text",
            "input_modalities": ["text", "image", "audio", "video"],
            "output_modalities": ["text"],
            "tokenizer": None,
            "instruct_type": None,
        },
        "supports_tools": True,
        "supports_reasoning": True,
        "supports_browser": True,
        "supports_embeddings": False,
        "supports_images": True,
        "supports_audio": True,
        "supports_video": True,
        "extras": {
            "mode": "chat",
            "parallel_function_calling": True,
            "pdf_input": True,
            "prompt_caching": True,
            "structured_output": True,
        },
    }
    assert model.offer["token_limits"] == {
        "context_length": 1048576,
        "max_completion_tokens": 65535,
    }
    assert prices(model) == {
        "per_1k_prompt_tokens": "300",
        "per_1k_completion_tokens": "2500",
        "per_1k_cached_read_tokens": "30",
        "per_1k_reasoning_tokens": "2500",
        "per_1k_audio_tokens": "1000",
        "per_web_search": "35000",
    }


def test_a_missing_flag_is_unknown() -> None:
    entry = found("deepseek", "deepseek-chat").entry
    assert entry["supports_tools"] is True
    assert not {"supports_images", "supports_audio", "supports_reasoning"} & set(entry)


def test_the_mode_says_what_embeds() -> None:
    model = found("amazon-bedrock", "cohere.embed-v4:0")
    assert model.entry["supports_embeddings"] is True
    assert model.entry["extras"] == {"mode": "embedding", "output_vector_size": 1536}
    assert model.offer["token_limits"]["max_completion_tokens"] is None
    assert record(mode="chat").entry["supports_embeddings"] is False
    assert "supports_embeddings" not in record(mode="telepathy").entry
    assert "supports_embeddings" not in record().entry


def test_a_free_price_is_kept() -> None:
    assert prices(found("amazon-bedrock", "cohere.embed-v4:0")) == {
        "per_1k_prompt_tokens": "120",
        "per_1k_completion_tokens": "0",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"input_cost_per_token": 1.9999999999999998e-05},
            {"per_1k_prompt_tokens": "19999.999999999998"},
        ),
        ({"input_cost_per_token_cache_hit": 1e-8}, {"per_1k_cached_read_tokens": "10"}),
        ({"mode": "chat", "input_cost_per_image": 0.004}, {"per_image": "4000"}),
        ({"mode": "chat", "output_cost_per_image": 0.004}, {}),
        ({"mode": "image_generation", "output_cost_per_image": 0.04}, {"per_image": "40000"}),
        ({"mode": "image_generation", "input_cost_per_image": 0.04}, {"per_image": "40000"}),
        (
            {"mode": "image_edit", "output_cost_per_image": 0.1, "input_cost_per_image": 0.2},
            {"per_image": "100000"},
        ),
        ({"mode": "rerank", "input_cost_per_query": 0.002}, {"per_request": "2000"}),
        ({"mode": "chat", "input_cost_per_query": 0.002}, {}),
        ({"input_cost_per_request": 0.005}, {"per_request": "5000"}),
        (
            {"search_context_cost_per_query": {"low": 0.03, "high": 0.03}},
            {"per_web_search": "30000"},
        ),
        ({"search_context_cost_per_query": {"low": 0.03, "high": 0.05}}, {}),
        ({"search_context_cost_per_query": {}}, {}),
    ],
)
def test_prices_go_to_the_unit_they_mean(fields: dict[str, Any], expected: dict[str, str]) -> None:
    assert prices(record(**fields)) == expected


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"supports_vision": True}, {"images": True}),
        ({"supports_vision": False}, {}),
        ({"supports_vision": False, "supports_image_input": False}, {}),
        ({"supports_audio_input": False, "supports_audio_output": True}, {"audio": True}),
        ({"supports_audio_input": False}, {}),
        ({"supported_modalities": ["text"]}, {"images": False, "video": False}),
        (
            {"supported_modalities": ["text", "image"], "supports_vision": False},
            {"images": True, "video": False},
        ),
        (
            {"supported_modalities": ["text"], "supports_vision": True},
            {"images": True, "video": False},
        ),
        ({"mode": "audio_speech"}, {"audio": True, "embeddings": False}),
    ],
)
def test_capabilities_are_known_only_where_the_record_says_so(
    fields: dict[str, Any], flags: dict[str, bool]
) -> None:
    entry = record(**fields).entry
    assert {k.removeprefix("supports_"): v for k, v in entry.items() if "supports" in k} == flags


def test_one_company_has_one_provider_id_in_all_feeds() -> None:
    words = {
        "bedrock": "amazon-bedrock",
        "bedrock_converse": "amazon-bedrock",
        "gemini": "google",
        "vertex_ai-language-models": "google-vertex",
        "vertex_ai-anthropic_models": "google-vertex-anthropic",
        "azure_text": "azure",
        "together_ai": "togetherai",
        "fireworks_ai-embedding-models": "fireworks-ai",
        "vercel_ai_gateway": "vercel",
        "some_new_one": "some-new-one",
    }
    feed = parsed({f"m{n}": {"litellm_provider": word} for n, word in enumerate(words)})
    assert [m.provider_key for m in feed.models] == list(words.values())


@pytest.mark.parametrize(
    ("key", "word", "raw_id"),
    [
        ("azure/gpt-4o", "azure", "gpt-4o"),
        ("azure/eu/gpt-4o", "azure", "eu/gpt-4o"),
        ("bedrock/us-east-1/anthropic.claude-v2:1", "bedrock", "us-east-1/anthropic.claude-v2:1"),
        ("anthropic.claude-v2:1", "bedrock", "anthropic.claude-v2:1"),
        ("gemini/gemini-2.5-pro", "gemini", "gemini-2.5-pro"),
        ("vertex_ai/claude-3@20240101", "vertex_ai-anthropic_models", "claude-3@20240101"),
        ("openrouter/openai/gpt-4o", "openrouter", "openai/gpt-4o"),
        ("fireworks_ai/accounts/fireworks/models/x", "fireworks_ai", "accounts/fireworks/models/x"),
        ("meta-llama/Llama-3", "together_ai", "meta-llama/Llama-3"),
        ("openai/", "openai", "openai/"),
        ("openai/ x", "openai", "openai/ x"),
    ],
)
def test_a_key_loses_what_only_names_the_provider(key: str, word: str, raw_id: str) -> None:
    assert parsed({key: {"litellm_provider": word}}).models[0].raw_id == raw_id


def test_keys_that_come_to_the_same_id_all_stay_whatever_their_order() -> None:
    words = {
        "azure_ai/gpt-oss": "azure_ai",
        "azure/gpt-oss": "azure",
        "gpt-oss": "azure",
        "deepseek/chat": "deepseek",
        "chat": "deepseek",
        "deepseek/deepseek/chat": "deepseek",
    }
    expected = {
        ("azure", "gpt-oss"),
        ("azure", "azure/gpt-oss"),
        ("azure", "azure_ai/gpt-oss"),
        ("deepseek", "chat"),
        ("deepseek", "deepseek/chat"),
        ("deepseek", "deepseek/deepseek/chat"),
    }
    for order in (words, dict(reversed(words.items()))):
        top = {key: {"litellm_provider": word, "source": key} for key, word in order.items()}
        assert {(m.provider_key, m.raw_id) for m in parsed(top).models} == expected


def test_rows_that_are_no_models_are_rejected_with_their_reason() -> None:
    assert {r.raw_id: r.reason for r in excerpt().rejected} == {
        "sample_spec": "documents the format, and is no model",
        "1024-x-1024/dall-e-2": "is the price of one size of an image model, not a model",
        "bedrock/*/1-month-commitment/cohere.command-text-v14": (
            "is the price of a commitment, not a model"
        ),
        "exa_ai/search": "is a search tool, not a model",
        "ft:gpt-4o-2024-08-06": "is the price of fine-tuned models, not a model",
        "together-ai-4.1b-8b": "is the price of a range of model sizes, not a model",
        "vertex_ai/search_api": "is a vector store tool, not a model",
    }


@pytest.mark.parametrize(
    ("key", "raw", "reason"),
    [
        ("a", 5, "is a number, not an object"),
        ("a", {}, "has no litellm_provider"),
        ("a", {"litellm_provider": 7}, "its litellm_provider is no id"),
        ("a", {"litellm_provider": " "}, "its litellm_provider is no id"),
        ("", {"litellm_provider": "openai"}, "its id is empty"),
        ("openai/*", {"litellm_provider": "openai"}, "is a pattern of ids, not a model"),
    ],
)
def test_a_bad_record_is_rejected_and_the_others_stay(key: str, raw: Any, reason: str) -> None:
    feed = parsed({key: raw, "good": {"litellm_provider": "openai"}})
    assert [m.raw_id for m in feed.models] == ["good"]
    assert [r.reason for r in feed.rejected] == [reason]


def test_prose_where_a_number_belongs_is_noted() -> None:
    feed = parsed({"m": {"litellm_provider": "openai", "max_input_tokens": "see the docs"}})
    assert feed.models[0].entry == {}
    assert feed.notes[0].position == "[m].max_input_tokens"


def test_an_image_price_of_one_size_is_never_the_models_price() -> None:
    assert prices(found("openai", "dall-e-3")) == {"per_image": "40000"}


@pytest.mark.parametrize("data", [b"[]", b'{"openai": {"models": {}}}', b'{"data": []}'])
def test_an_answer_of_another_shape_is_refused(data: bytes) -> None:
    with pytest.raises(FeedFormatError, match="expected an object of records"):
        KIND.parse(data)


def test_no_record_is_an_empty_feed() -> None:
    assert KIND.parse(b"{}") == ParsedFeed(())
