"""models.dev's catalog, field by field and trap by trap."""

import json
from typing import Any

import pytest

from app.core.errors import FeedFormatError
from app.upstreams import FEED_KINDS
from app.upstreams.base import ParsedFeed, Rejected, UpstreamModel, UpstreamProvider
from tests.support.paths import TEST_DATA

KIND = FEED_KINDS["models_dev"]
MODEL = {"id": "m", "name": "M", "limit": {"context": 1000, "output": 100}}


def excerpt() -> ParsedFeed:
    return KIND.parse((TEST_DATA / "upstreams/models_dev/excerpt.json").read_bytes())


def parsed(model: Any, model_id: str = "m") -> ParsedFeed:
    return KIND.parse(json.dumps({"p": {"id": "p", "models": {model_id: model}}}).encode())


def model(**changes: Any) -> tuple[UpstreamModel, list[tuple[str, str]]]:
    feed = parsed(MODEL | changes)
    assert feed.rejected == ()
    return feed.models[0], [(note.position, note.reason) for note in feed.notes]


def test_a_record_is_read_whole() -> None:
    found = next(m for m in excerpt().models if m.raw_id == "gpt-4o")
    assert found == UpstreamModel(
        raw_id="gpt-4o",
        provider_key="openai",
        release_date="2024-05-13",
        entry={
            "model_display_name": "GPT-4o",
            "family": "gpt",
            "context_length": 128000,
            "architecture": {
                "modality": "text+image->text",
                "input_modalities": ["text", "image"],
                "output_modalities": ["text"],
                "tokenizer": None,
                "instruct_type": None,
            },
            "supports_tools": True,
            "supports_reasoning": False,
            "supports_images": True,
            "supports_audio": False,
            "supports_video": False,
            "extras": {
                "attachment": True,
                "knowledge_cutoff": "2023-09",
                "last_updated": "2024-08-06",
                "open_weights": False,
                "release_date": "2024-05-13",
                "structured_output": True,
                "temperature": True,
            },
        },
        offer={
            "model_display_name": "GPT-4o",
            "pricing": {
                "lines": [
                    {"unit": unit, "amount_micro_usd": amount, "currency": "USD"}
                    for unit, amount in (
                        ("per_1k_prompt_tokens", "2500"),
                        ("per_1k_completion_tokens", "10000"),
                        ("per_1k_cached_read_tokens", "1250"),
                    )
                ]
            },
            "token_limits": {"context_length": 128000, "max_completion_tokens": 16384},
        },
    )


def test_providers_are_described_with_what_a_person_needs() -> None:
    assert excerpt().providers[1] == UpstreamProvider(
        key="amazon-bedrock",
        name="Amazon Bedrock",
        base_url=None,
        metadata={
            "models_dev_id": "amazon-bedrock",
            "doc": "https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html",
            "npm": "@ai-sdk/amazon-bedrock",
            "env": "AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY,AWS_REGION,AWS_BEARER_TOKEN_BEDROCK",
        },
    )


def test_ids_with_spaces_and_colons_stay_as_they_are() -> None:
    ids = {m.raw_id for m in excerpt().models}
    assert "anthropic.claude-3-haiku-20240307-v1:0" in ids
    assert any(" " in raw_id for raw_id in ids)


def test_embeddings_are_known_only_from_the_family() -> None:
    flags = {m.raw_id: m.entry.get("supports_embeddings") for m in excerpt().models}
    assert flags["text-embedding-3-small"] is True
    assert flags["gpt-4o"] is None


def test_an_output_limit_above_the_context_is_unknown_and_noted() -> None:
    feed = excerpt()
    found = next(m for m in feed.models if m.raw_id == "cohere-embed-v3-english")
    assert found.offer["token_limits"] == {"context_length": 512, "max_completion_tokens": None}
    assert (
        Rejected(
            "azure.models[cohere-embed-v3-english].limit.output",
            "cohere-embed-v3-english",
            "output limit 1024 is above the context 512; left out",
        )
        in feed.notes
    )


def test_what_is_missing_or_null_stays_unknown() -> None:
    feed = parsed({"id": "m", "cost": {"input": None}, "tool_call": None, "limit": {}})
    assert feed.models == (UpstreamModel("m", "p"),)
    assert feed.notes == ()


@pytest.mark.parametrize(
    ("price", "amount"),
    [
        ("0.049999999999999996", "49.999999999999996"),
        ("1e-3", "1"),
        ("0", "0"),
        ("0.0", "0"),
        ("75", "75000"),
        ("1.5E+1", "15000"),
        ('"0.15"', "150"),
        ("0." + "0" * 23 + "1", "0.00000000000000000000" + "1"),
    ],
)
def test_prices_are_exact(price: str, amount: str) -> None:
    feed = KIND.parse(b'{"p": {"models": {"m": {"cost": {"input": %b}}}}}' % price.encode())
    assert feed.models[0].offer["pricing"]["lines"] == [
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": amount, "currency": "USD"}
    ]


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        ('"abc"', "price 'abc' is not a number; left out"),
        ('""', "price '' is not a number; left out"),
        ('"1_000"', "price '1_000' is not a number; left out"),
        ("-1", "price '-1' is negative: it varies or is not known; left out"),
        ("-0.5", "price '-0.5' is negative: it varies or is not known; left out"),
        ("true", "price 'True' is not a number; left out"),
        ("[1]", "price 'a list' is not a number; left out"),
        ("1e400", "price '1E+400' must be at most 10^15; left out"),
        ("1e-400", "price '1E-400' must have at most 24 decimal places; left out"),
        ("1e99999999999999999999", "price '1e99999999999999999999' is out of range; left out"),
        ("9" * 5000, f"price {'9' * 100 + '…'!r} is out of range; left out"),
        ("0." + "9" * 5000, f"price {'0.' + '9' * 98 + '…'!r} is out of range; left out"),
    ],
)
def test_a_price_that_is_none_is_unknown_and_noted(price: str, reason: str) -> None:
    cost = b'{"input": %b, "output": 2}' % price.encode()
    feed = KIND.parse(b'{"p": {"models": {"m": {"cost": %b}}}}' % cost)
    units = [line["unit"] for line in feed.models[0].offer["pricing"]["lines"]]
    assert units == ["per_1k_completion_tokens"]
    assert feed.notes == (Rejected("p.models[m].cost.input", "m", reason),)


@pytest.mark.parametrize(
    ("changes", "position", "reason"),
    [
        ({"limit": {"context": 0}}, ".limit.context", "a limit of 0 tokens says nothing"),
        ({"limit": {"context": -5}}, ".limit.context", "must not be negative"),
        ({"limit": {"context": 1.5}}, ".limit.context", "must be a whole number"),
        ({"limit": {"context": "128k"}}, ".limit.context", "must be a whole number"),
        ({"limit": {"context": True}}, ".limit.context", "must be a whole number"),
        ({"limit": {"context": 1e30}}, ".limit.context", "must not be negative or above"),
        ({"limit": [1]}, ".limit", "is a list, not an object"),
        ({"release_date": "soon"}, ".release_date", "'soon' is not a date"),
        ({"release_date": "2025-25-11"}, ".release_date", "'2025-25-11' is not a date"),
        ({"release_date": "2025-02-30"}, ".release_date", "'2025-02-30' is not a date"),
        ({"knowledge": 2024}, ".knowledge", "'2024' is not a date"),
        ({"tool_call": "yes"}, ".tool_call", "is yes, neither true nor false"),
        ({"reasoning": 1}, ".reasoning", "is 1, neither true nor false"),
        ({"modalities": {"input": "text"}}, ".modalities.input", "must be a list of strings"),
        ({"modalities": {"input": [1]}}, ".modalities.input", "must be a list of strings"),
        ({"family": 7}, ".family", "must be a string"),
        ({"name": "x" * 300}, ".name", "must have at most 255 characters"),
        ({"name": "a\x00b"}, ".name", "must not contain a NUL"),
        ({"cost": "free"}, ".cost", "is a string, not an object"),
        ({"interleaved": {"field": 5}}, ".interleaved.field", "must be a string"),
    ],
)
def test_a_field_that_is_wrong_is_left_out_and_noted(
    changes: dict[str, Any], position: str, reason: str
) -> None:
    found, notes = model(**changes)
    assert found.raw_id == "m"
    assert [note[0] for note in notes] == [f"p.models[m]{position}"]
    assert notes[0][1].startswith(reason)
    assert notes[0][1].endswith("; left out")


@pytest.mark.parametrize(
    ("model_id", "raw", "reason"),
    [
        ("m", 5, "is a number, not an object"),
        ("m", None, "is null, not an object"),
        ("m", [], "is a list, not an object"),
        ("m", {"id": 5}, "its id is a number, not a string"),
        ("m", {"id": " "}, "its id is empty"),
        ("", {}, "its id is empty"),
        ("  ", {}, "its id is empty"),
        (" m", {}, "its id begins or ends with a space"),
        ("x" * 256, {}, "its id has 256 characters, more than 255"),
        ("a\x00b", {}, "its id contains a control character or half a character"),
        ("a\nb", {}, "its id contains a control character or half a character"),
        ("\ud800", {}, "its id contains a control character or half a character"),
    ],
)
def test_a_bad_record_is_rejected_and_the_others_stay(model_id: str, raw: Any, reason: str) -> None:
    models = {model_id: raw, "good": MODEL | {"id": "good"}}
    feed = KIND.parse(json.dumps({"p": {"models": models}}).encode())
    assert [m.raw_id for m in feed.models] == ["good"]
    assert [r.reason for r in feed.rejected] == [reason]
    text = feed.rejected[0].position + str(feed.rejected[0].raw_id)
    assert text.isprintable()
    assert len(text) < 600
    text.encode()


def test_the_key_counts_where_the_id_differs() -> None:
    feed = parsed({"id": "other"})
    assert feed.models[0].raw_id == "m"
    assert feed.notes[0].reason == "is other, which differs from its key; the key counts"


@pytest.mark.parametrize(
    ("provider", "reason"),
    [
        (5, "no usable provider: is a number, not an object"),
        ({"id": "q"}, "no usable provider: has no object `models`"),
        ({"models": []}, "no usable provider: has no object `models`"),
    ],
)
def test_a_bad_provider_is_rejected_and_the_others_stay(provider: Any, reason: str) -> None:
    feed = KIND.parse(json.dumps({"q": provider, "p": {"models": {"m": MODEL}}}).encode())
    assert [p.key for p in feed.providers] == ["p"]
    assert len(feed.models) == 1
    assert feed.rejected == (Rejected("q", None, reason),)


@pytest.mark.parametrize(
    ("api", "base_url", "pattern"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1", None),
        ("https://${RESOURCE}.example.com", None, "https://${RESOURCE}.example.com"),
        ("javascript:alert(1)", None, "javascript:alert(1)"),
        (None, None, None),
    ],
)
def test_a_base_url_is_one_that_can_be_called(
    api: str | None, base_url: str | None, pattern: str | None
) -> None:
    feed = KIND.parse(json.dumps({"p": {"api": api, "models": {}}}).encode())
    assert feed.providers[0].base_url == base_url
    assert feed.providers[0].metadata.get("api_pattern") == pattern


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"[]", "expected an object of providers, each with an object `models`, found a list"),
        (b"5", "found a number"),
        (b'{"error": {"message": "rate limited"}}', "the answer is an error message: rate limited"),
        (b'{"error": "down"}', "the answer is an error message: down"),
        (b'{"data": [{"id": "a"}]}', "found an object with the keys data"),
        (b'{"gpt-4": {"litellm_provider": "openai"}}', "found an object with the keys gpt-4"),
    ],
)
def test_an_answer_of_another_shape_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(FeedFormatError, match=message):
        KIND.parse(data)


def test_no_provider_is_an_empty_feed() -> None:
    assert KIND.parse(b"{}") == ParsedFeed(())


def test_a_model_that_is_there_twice_is_noted_and_the_last_counts() -> None:
    feed = KIND.parse(b'{"p": {"models": {"m": {"name": "A"}, "m": {"name": "B"}}}}')
    assert [m.offer["model_display_name"] for m in feed.models] == ["B"]
    assert feed.notes[0].position == "p.models"
    assert feed.notes[0].reason == "the key 'm' is there more than once; its last value counts"


def test_the_installed_package_carries_the_same_document() -> None:
    assert KIND.embedded is not None
    data = KIND.embedded()
    raw = json.loads(data)
    feed = KIND.parse(data)
    assert len(feed.models) == sum(len(p["models"]) for p in raw.values()) > 4_000
    assert len(feed.providers) == len(raw) > 100
    assert feed.rejected == ()
