"""Lists of models in the words of many servers."""

import json
from typing import Any

import pytest

from app.core.errors import FeedFormatError
from app.upstreams import FEED_KINDS
from app.upstreams.base import ParsedFeed, UpstreamModel
from tests.support.paths import TEST_DATA

KIND = FEED_KINDS["openai_compatible"]


def sample(name: str) -> bytes:
    return (TEST_DATA / f"upstreams/openai_compatible/{name}.json").read_bytes()


def parsed(top: Any) -> ParsedFeed:
    return KIND.parse(json.dumps(top).encode())


def record(**fields: Any) -> tuple[UpstreamModel, tuple[str, ...]]:
    feed = parsed({"data": [{"id": "m"} | fields]})
    return feed.models[0], tuple(note.reason for note in feed.notes)


def priced(**amounts: str) -> dict[str, Any]:
    lines = [
        {"unit": f"per_1k_{unit}_tokens", "amount_micro_usd": amount, "currency": "USD"}
        for unit, amount in amounts.items()
    ]
    return {"lines": lines}


def limits(context: int | None, completion: int | None = None) -> dict[str, Any]:
    return {"context_length": context, "max_completion_tokens": completion}


GOLDEN: dict[str, list[UpstreamModel]] = {
    "openai": [UpstreamModel("gpt-4-0613"), UpstreamModel("gpt-4")],
    "anthropic": [
        UpstreamModel(
            "claude-opus-4-20250514",
            entry={"model_display_name": "Claude Opus 4"},
            offer={"model_display_name": "Claude Opus 4"},
            release_date="2025-05-22",
        ),
        UpstreamModel(
            "claude-sonnet-4-20250514",
            entry={"model_display_name": "Claude Sonnet 4"},
            offer={"model_display_name": "Claude Sonnet 4"},
            release_date="2025-05-22",
        ),
    ],
    "together": [
        UpstreamModel(
            "mistralai/Mistral-7B-Instruct-v0.3",
            entry={
                "model_display_name": "Mistral (7B) Instruct v0.3",
                "context_length": 32768,
                "supports_embeddings": False,
                "extras": {"license": "apache-2.0"},
            },
            offer={
                "model_display_name": "Mistral (7B) Instruct v0.3",
                "pricing": priced(prompt="200", completion="200"),
                "token_limits": limits(32768),
            },
        ),
        UpstreamModel(
            "togethercomputer/m2-bert-80M-32k-retrieval",
            entry={
                "model_display_name": "M2-BERT-Retrieval-32k",
                "context_length": 32768,
                "supports_embeddings": True,
                "extras": {"license": "apache-2.0"},
            },
            offer={
                "model_display_name": "M2-BERT-Retrieval-32k",
                "pricing": priced(prompt="8", completion="8"),
                "token_limits": limits(32768),
            },
        ),
        UpstreamModel(
            "black-forest-labs/FLUX.1-pro",
            entry={"model_display_name": "FLUX.1 [pro]", "supports_embeddings": False},
            offer={"model_display_name": "FLUX.1 [pro]"},
        ),
    ],
    "cohere": [
        UpstreamModel(
            "embed-english-light-v3.0",
            entry={"context_length": 512, "supports_embeddings": True, "supports_images": False},
            offer={"token_limits": limits(512)},
        ),
        UpstreamModel(
            "command-r-08-2024",
            entry={
                "context_length": 132096,
                "supports_embeddings": False,
                "supports_images": False,
                "supports_tools": True,
                "supports_reasoning": False,
            },
            offer={"token_limits": limits(132096)},
        ),
        UpstreamModel(
            "rerank-v3.5",
            entry={"context_length": 4096, "supports_embeddings": False, "supports_images": False},
            offer={"token_limits": limits(4096)},
        ),
    ],
    "mistral": [
        UpstreamModel(
            "mistral-medium-2505",
            entry={
                "description": "Official mistral-medium-2505 Mistral AI model",
                "context_length": 131072,
                "supports_tools": True,
                "supports_images": True,
                "supports_embeddings": False,
                "extras": {"aliases": ["mistral-medium", "mistral-medium-latest"]},
            },
            offer={"token_limits": limits(131072)},
        ),
        UpstreamModel(
            "mistral-medium-latest",
            entry={
                "model_display_name": "mistral-medium-2505",
                "description": "Official mistral-medium-2505 Mistral AI model",
                "context_length": 131072,
                "supports_tools": True,
                "supports_images": True,
                "supports_embeddings": False,
                "extras": {"aliases": ["mistral-medium", "mistral-medium-2505"]},
            },
            offer={
                "model_display_name": "mistral-medium-2505",
                "token_limits": limits(131072),
            },
        ),
    ],
    "vllm-router-lora": [
        UpstreamModel("meta-llama/Llama-3.1-8B-Instruct"),
        UpstreamModel(
            "llama-3.1-nemoguard-8b-topic-control",
            entry={"extras": {"base_model": "meta-llama/Llama-3.1-8B-Instruct"}},
        ),
    ],
    "ollama-tags": [
        UpstreamModel(
            "codellama:13b",
            entry={
                "family": "llama",
                "extras": {"format": "gguf", "parameter_size": "13B", "quantization": "Q4_0"},
            },
        ),
        UpstreamModel(
            "llama3:latest",
            entry={
                "family": "llama",
                "extras": {"format": "gguf", "parameter_size": "7B", "quantization": "Q4_0"},
            },
        ),
    ],
    "groq": [
        UpstreamModel(
            "qwen/qwen3-32b",
            entry={"context_length": 131072},
            offer={"token_limits": limits(131072, 40960)},
        ),
        UpstreamModel(
            "meta-llama/llama-guard-4-12b",
            entry={"context_length": 131072},
            offer={"token_limits": limits(131072, 1024)},
        ),
    ],
    "chutes": [
        UpstreamModel(
            "deepseek-ai/DeepSeek-R1",
            entry={"context_length": 163840},
            offer={"token_limits": limits(163840)},
        )
    ],
    "cloudflare-ai-gateway": [
        UpstreamModel(
            "google-ai-studio/gemini-3-flash-preview",
            offer={"pricing": priced(prompt="500", completion="3000")},
        )
    ],
    "vercel-ai-gateway": [
        UpstreamModel(
            "alibaba/qwen-3-14b",
            entry={
                "model_display_name": "Qwen3-14B",
                "description": "Qwen3 is the latest generation of large language models in Qwen"
                " series, offering",
                "context_length": 40960,
            },
            offer={
                "model_display_name": "Qwen3-14B",
                "pricing": priced(prompt="80", completion="240"),
                "token_limits": limits(40960, 8192),
            },
        )
    ],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_each_servers_words_are_understood(name: str) -> None:
    feed = KIND.parse(sample(name))
    assert list(feed.models) == GOLDEN[name]
    assert (feed.rejected, feed.notes, feed.providers) == ((), (), ())


def test_fireworks_flags_are_taken_as_they_are() -> None:
    entry = KIND.parse(sample("fireworks")).models[0].entry
    assert (entry["supports_tools"], entry["supports_images"]) == (False, False)


@pytest.mark.parametrize(
    ("top", "cursor"),
    [
        ({"data": [], "has_more": True, "last_id": "claude-x"}, "after_id=claude-x"),
        ({"data": [], "has_more": True, "last_id": "a b&c=d"}, "after_id=a+b%26c%3Dd"),
        ({"data": [], "has_more": False, "last_id": "claude-x"}, None),
        ({"data": [], "has_more": True, "last_id": None}, None),
        ({"data": [], "has_more": True}, None),
        ({"models": [], "next_page_token": "S_=="}, "page_token=S_%3D%3D"),
        ({"models": [], "next_page_token": ""}, None),
        ({"models": [], "nextPageToken": "x"}, "pageToken=x"),
        ({"data": []}, None),
        ([], None),
    ],
)
def test_the_next_page_is_found(top: Any, cursor: str | None) -> None:
    assert KIND.next_page is not None
    assert KIND.next_page(json.dumps(top).encode()) == cursor
    assert parsed(top).next_page == cursor


@pytest.mark.parametrize(
    ("fields", "pricing", "notes"),
    [
        ({"pricing": {"input": "0.000001"}}, priced(prompt="1000"), ()),
        (
            {"pricing": {"input": "0.1", "output": "0", "input_cache_read": "0.01"}},
            priced(prompt="100000000", completion="0", cached_read="10000000"),
            (),
        ),
        (
            {"pricing": {"input": 0.5}},
            None,
            ("a number without a unit (per token, per million?); left out",),
        ),
        ({"pricing": {"input": "0.1"}, "type": "image"}, None, ()),
        ({"pricing": {"input": "0.1"}, "type": ["x"]}, None, ()),
        ({"pricing": {"hourly": 2}}, None, ()),
        ({"pricing": 5}, None, ()),
        ({"cost_in": 0}, priced(prompt="0"), ()),
        (
            {"cost_in": -1, "cost_out": 1e-6},
            priced(completion="1000"),
            ("price '-1' is negative: it varies or is not known; left out",),
        ),
    ],
)
def test_prices_are_taken_where_their_unit_is_certain(
    fields: dict[str, Any], pricing: Any, notes: tuple[str, ...]
) -> None:
    model, reasons = record(**fields)
    assert model.offer.get("pricing") == pricing
    assert reasons == notes


@pytest.mark.parametrize(
    ("fields", "context", "completion"),
    [
        ({"max_model_len": 4096}, 4096, None),
        ({"context_window": 4096, "max_tokens": 100}, 4096, 100),
        ({"max_tokens": 100}, None, None),
        ({"context_length": 0, "context_window": 5}, 5, None),
        ({"context_length": "x", "max_completion_tokens": 5}, None, 5),
        ({"inputTokenLimit": 10, "outputTokenLimit": 20}, 10, None),
    ],
)
def test_limits_are_found_under_their_many_names(
    fields: dict[str, Any], context: int | None, completion: int | None
) -> None:
    model, _ = record(**fields)
    given = model.offer.get("token_limits", limits(None))
    assert (given["context_length"], given["max_completion_tokens"]) == (context, completion)
    assert model.entry.get("context_length") == context


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({"type": "embeddings"}, {"embeddings": True}),
        ({"type": "vlm"}, {"embeddings": False, "images": True}),
        ({"type": "model"}, {}),
        ({"type": 5}, {}),
        ({"supports_chat": False}, {}),
        ({"capabilities": ["completion"]}, {}),
        ({"capabilities": {"completion_chat": False, "vision": False}}, {"images": False}),
        ({"endpoints": ["embed_image"]}, {"embeddings": True, "images": True}),
        ({"tags": ["vision", "tool-use"], "context_window": 9}, {"images": True, "tools": True}),
        ({"tags": ["vision"]}, {}),
        ({"supportedGenerationMethods": ["embedContent"]}, {"embeddings": True}),
        (
            {"supportedGenerationMethods": ["generateContent"], "thinking": True},
            {"embeddings": False, "reasoning": True},
        ),
    ],
)
def test_capabilities_are_taken_where_a_server_states_them(
    fields: dict[str, Any], flags: dict[str, bool]
) -> None:
    entry = record(**fields)[0].entry
    assert {k.removeprefix("supports_"): v for k, v in entry.items() if "supports" in k} == flags


@pytest.mark.parametrize(
    ("fields", "released"),
    [
        ({"type": "model", "created_at": "2025-05-22T00:00:00Z"}, "2025-05-22"),
        ({"type": "model", "created_at": "1970-01-01T00:00:00Z"}, None),
        ({"type": "model", "created_at": "soon"}, None),
        ({"created_at": 1766046035}, None),
        ({"created": 1766046035}, None),
    ],
)
def test_the_start_of_a_server_is_no_release(fields: dict[str, Any], released: str | None) -> None:
    assert record(**fields)[0].release_date == released


def test_gateways_that_answer_in_openrouters_shape_are_read_so() -> None:
    model, _ = record(
        name="A: B",
        architecture={"input_modalities": ["text"], "output_modalities": ["text"]},
        pricing={"prompt": "0.000001", "completion": "0.000002"},
        supported_parameters=["tools"],
    )
    assert model.provider_key is None
    assert model.entry["supports_tools"] is True
    assert model.offer["pricing"] == priced(prompt="1000", completion="2000")


def test_the_id_is_the_word_a_request_would_use() -> None:
    tags = {"models": [{"name": "a:latest", "model": "a:7b"}, {"name": "b"}, {"id": "c"}]}
    assert [m.raw_id for m in parsed(tags).models] == ["a:7b", "b", "c"]
    assert parsed({"data": [{"name": "b"}]}).rejected[0].reason == "has no id"


def test_the_first_of_two_records_with_one_id_stays() -> None:
    feed = parsed({"data": [{"id": "a", "max_model_len": 1}, {"id": "a", "max_model_len": 2}]})
    assert [m.entry for m in feed.models] == [{"context_length": 1}]
    assert [(r.position, r.reason) for r in feed.rejected] == [
        ("data[1]", "an earlier record has this id")
    ]


@pytest.mark.parametrize("top", [{"data": []}, {"models": []}, [], {"object": "list", "data": []}])
def test_no_models_in_the_right_shape_is_an_empty_feed(top: Any) -> None:
    assert parsed(top) == ParsedFeed(())


@pytest.mark.parametrize(
    ("top", "message"),
    [
        ({}, "expected a list of models.*found an object with the keys none"),
        ({"data": None}, "found an object with the keys data"),
        ("models", "found a string"),
        (None, "found null"),
        (True, "found a flag"),
        ({"error": {"message": "Incorrect API key\nprovided"}}, "error message: Incorrect API key"),
        ({"type": "error", "error": {"type": "x", "message": "y"}}, "error message: y"),
    ],
)
def test_an_answer_of_another_shape_is_refused(top: Any, message: str) -> None:
    with pytest.raises(FeedFormatError, match=message) as caught:
        parsed(top)
    assert "\n" not in caught.value.message
