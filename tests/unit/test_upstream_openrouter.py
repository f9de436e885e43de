"""OpenRouter's list of models, field by field and trap by trap."""

import json
from typing import Any

import pytest

from app.core.errors import FeedFormatError
from app.upstreams import FEED_KINDS
from app.upstreams.base import ParsedFeed, UpstreamModel
from tests.support.paths import TEST_DATA

KIND = FEED_KINDS["openrouter"]
EXCERPT = TEST_DATA / "upstreams/openrouter/excerpt.json"


def found(raw_id: str) -> UpstreamModel:
    return next(m for m in KIND.parse(EXCERPT.read_bytes()).models if m.raw_id == raw_id)


def parsed(**record: Any) -> ParsedFeed:
    return KIND.parse(json.dumps({"data": [{"id": "a/b"} | record]}).encode())


def prices(model: UpstreamModel) -> dict[str, str]:
    return {line["unit"]: line["amount_micro_usd"] for line in model.offer["pricing"]["lines"]}


def test_a_record_is_read_whole() -> None:
    model = found("anthropic/claude-opus-4.1")
    assert (model.provider_key, model.canonical_slug, model.release_date) == (
        "openrouter",
        "anthropic/claude-4.1-opus-20250805",
        None,
    )
    assert model.entry == {
        "model_display_name": "Anthropic: Claude Opus 4.1",
        "description": "Claude Opus 4.1 is an updated version of Anthropic’s flagship model,"
        " offering im",
        "context_length": 200000,
        "is_moderated": True,
        "architecture": {
            "modality": "text+image->text",
            "input_modalities": ["text", "image", "file"],
            "output_modalities": ["text"],
            "tokenizer": "Claude",
            "instruct_type": None,
        },
        "supported_parameters": {
            "names": [
                "include_reasoning",
                "max_tokens",
                "reasoning",
                "response_format",
                "stop",
                "structured_outputs",
                "temperature",
                "tool_choice",
                "tools",
                "top_k",
                "top_p",
            ],
            "default": {},
        },
        "supports_tools": True,
        "supports_reasoning": True,
        "supports_images": True,
        "supports_audio": False,
        "supports_video": False,
        "supports_embeddings": False,
        "extras": {"created": "2025-08-05"},
    }
    assert model.offer["model_display_name"] == "Anthropic: Claude Opus 4.1"
    assert model.offer["token_limits"] == {"context_length": 200000, "max_completion_tokens": None}


def test_prices_per_token_and_per_piece_become_micro_dollars() -> None:
    assert prices(found("anthropic/claude-opus-4.1")) == {
        "per_1k_prompt_tokens": "15000",
        "per_1k_completion_tokens": "75000",
        "per_1k_cached_read_tokens": "1500",
        "per_1k_cached_write_tokens": "18750",
        "per_1k_reasoning_tokens": "0",
        "per_request": "0",
        "per_image": "24000",
        "per_web_search": "0",
    }
    assert prices(found("google/gemini-2.5-flash")) == {
        "per_1k_prompt_tokens": "300",
        "per_1k_completion_tokens": "2500",
        "per_1k_cached_read_tokens": "30",
        "per_1k_cached_write_tokens": "83.33333333333334",
        "per_1k_reasoning_tokens": "2500",
        "per_1k_audio_tokens": "1000",
        "per_web_search": "14000",
    }


def test_an_image_price_per_token_is_not_taken_for_one_per_image() -> None:
    notes = KIND.parse(EXCERPT.read_bytes()).notes
    reasons = {n.raw_id: n.reason for n in notes if n.position.endswith("pricing.image")}
    assert set(reasons) == {"google/gemini-2.5-flash", "openai/gpt-5-image-mini"}


def test_a_price_that_varies_is_unknown_and_noted() -> None:
    model = found("openrouter/auto")
    assert "pricing" not in model.offer
    assert "token_limits" not in model.offer
    assert model.entry["context_length"] == 2000000
    notes = [n for n in KIND.parse(EXCERPT.read_bytes()).notes if n.raw_id == "openrouter/auto"]
    assert [n.reason for n in notes] == [
        "price '-1' is negative: it varies or is not known; left out"
    ] * 2


def test_an_empty_list_of_parameters_says_nothing_about_tools() -> None:
    entry = found("openrouter/auto").entry
    assert not {"supports_tools", "supports_reasoning", "supported_parameters"} & set(entry)


def test_a_model_with_search_options_browses_and_for_others_it_is_unknown() -> None:
    assert found("perplexity/sonar").entry["supports_browser"] is True
    assert found("perplexity/sonar").entry["supports_tools"] is False
    assert "supports_browser" not in found("google/gemini-2.5-flash").entry


@pytest.mark.parametrize(
    ("inputs", "outputs", "flags"),
    [
        (["text"], ["text"], (False, False, False, False)),
        (["image", "text"], ["text"], (True, False, False, False)),
        (["text"], ["audio"], (False, True, False, False)),
        (["Audio", "VIDEO"], ["text"], (False, True, True, False)),
        (["text"], ["embeddings"], (False, False, False, True)),
        (["text"], [], (False, None, False, None)),
        ([], ["text"], (None, None, None, False)),
        ([], [], (None, None, None, None)),
    ],
)
def test_modalities_settle_flags(
    inputs: list[str], outputs: list[str], flags: tuple[bool | None, ...]
) -> None:
    given = {"input_modalities": inputs, "output_modalities": outputs}
    entry = parsed(architecture=given).models[0].entry
    names = ("images", "audio", "video", "embeddings")
    assert tuple(entry.get(f"supports_{name}") for name in names) == flags


def test_the_order_of_lists_and_keys_changes_nothing() -> None:
    raw = json.loads(EXCERPT.read_text())

    def turned(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(v) for v in reversed(value)] if isinstance(value, list) else value

    first = KIND.parse(EXCERPT.read_bytes()).models
    second = KIND.parse(json.dumps(turned(raw)).encode()).models
    assert json.dumps([m.entry for m in first]) == json.dumps([m.entry for m in second[::-1]])
    assert json.dumps([m.offer for m in first]) == json.dumps([m.offer for m in second[::-1]])


def test_defaults_that_are_numbers_are_kept() -> None:
    feed = parsed(default_parameters={"top_p": 0.95, "temperature": None, "top_k": 1.0, "x": "y"})
    assert feed.models[0].entry["supported_parameters"] == {
        "names": [],
        "default": {"top_k": 1, "top_p": 0.95},
    }
    assert [n.reason for n in feed.notes] == ["default.x must be a number or null; left out"]


@pytest.mark.parametrize(
    ("record", "position"),
    [
        ({"canonical_slug": 5}, "canonical_slug"),
        ({"canonical_slug": ""}, "canonical_slug"),
        ({"top_provider": 5}, "top_provider"),
        ({"top_provider": {"is_moderated": "no"}}, "top_provider.is_moderated"),
        ({"created": "yesterday"}, "created"),
        ({"created": -1}, "created"),
        ({"created": 10**30}, "created"),
        ({"knowledge_cutoff": "2025-13"}, "knowledge_cutoff"),
        ({"supported_parameters": {"a": 1}}, "supported_parameters"),
        ({"architecture": []}, "architecture"),
        ({"description": 5}, "description"),
        ({"pricing": "free"}, "pricing"),
    ],
)
def test_a_field_that_is_wrong_is_left_out_and_noted(record: dict[str, Any], position: str) -> None:
    feed = parsed(**record)
    assert feed.models == (UpstreamModel("a/b", "openrouter"),)
    assert [n.position for n in feed.notes] == [f"data[0].{position}"]


def test_bad_and_repeated_records_are_rejected() -> None:
    feed = KIND.parse(b'{"data": [7, {}, {"id": null}, {"id": "a"}, {"id": "a"}, {"id": 5}]}')
    assert [m.raw_id for m in feed.models] == ["a"]
    assert [(r.position, r.raw_id, r.reason) for r in feed.rejected] == [
        ("data[0]", None, "is a number, not an object"),
        ("data[1]", None, "has no id"),
        ("data[2]", None, "has no id"),
        ("data[4]", "a", "an earlier record has this id"),
        ("data[5]", None, "its id is a number, not a string"),
    ]


def test_a_bare_list_is_read_too_and_an_empty_one_is_empty() -> None:
    assert KIND.parse(b'[{"id": "a"}]').models[0].raw_id == "a"
    assert KIND.parse(b'{"data": []}').models == ()


def test_another_shape_is_refused() -> None:
    with pytest.raises(FeedFormatError, match="expected an object with a list `data` of models"):
        KIND.parse(b'{"data": {"id": "a"}}')
