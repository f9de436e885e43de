"""What holds for every feed kind: it is found, survives anything, and gives checked values."""

import gzip
import json
import time
from decimal import Decimal
from typing import Any, Self

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import FeedFormatError, ValidationError
from app.core.fields import FIELDS
from app.core.values import check
from app.upstreams import FEED_KINDS, feed_kind, parse_pages
from app.upstreams.base import FeedKind, ParsedFeed
from tests.support.paths import SHARED_DATA, TEST_DATA, requires_shared_data

SAMPLES = sorted((TEST_DATA / "upstreams").glob("*/*.json"))
KINDS = list(FEED_KINDS.values())

by_kind = pytest.mark.parametrize("kind", KINDS, ids=FEED_KINDS)

# How long an example takes depends on what else the machine does.
relaxed = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])


def assert_sound(kind: FeedKind, feed: ParsedFeed) -> None:
    """Every value passes its field's check unchanged; nothing is None, nobody is there twice."""
    keys = [(m.provider_key, m.raw_id) for m in feed.models]
    assert len(set(keys)) == len(keys)
    providers: set[str | None] = {p.key for p in feed.providers}
    for model in feed.models:
        assert model.provider_key in (providers or {None})
        assert set(model.entry) <= kind.entry_fields
        for record, values in (("entry", model.entry), ("provider_model", model.offer)):
            for name, value in values.items():
                assert value is not None
                checked = check(FIELDS[record][name], value)  # type: ignore[index]
                assert json.dumps(checked) == json.dumps(value), (model.raw_id, name)
    for report in (*feed.rejected, *feed.notes):
        assert report.position
        assert report.reason
        assert f"{report.position}{report.raw_id}{report.reason}".isprintable()


def test_the_kinds_are_found_by_import() -> None:
    assert list(FEED_KINDS) == ["litellm", "models_dev", "openai_compatible", "openrouter"]
    assert len({kind.priority for kind in KINDS}) == len(KINDS)


@by_kind
def test_a_kind_trusts_itself_only_with_fields_that_feeds_fill(kind: FeedKind) -> None:
    assert kind.entry_fields
    assert all(FIELDS["entry"][name].owner == "feeds" for name in kind.entry_fields)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    assert feed_kind("litellm") is FEED_KINDS["litellm"]
    with pytest.raises(ValidationError, match="the kinds are litellm, models_dev") as caught:
        feed_kind("litelm")
    assert caught.value.details[0].field == "kind"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_samples_give_checked_values(path: Any) -> None:
    kind = FEED_KINDS[path.parent.name]
    feed = kind.parse(path.read_bytes())
    assert feed.models
    assert_sound(kind, feed)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_new_key_in_every_record_changes_nothing(path: Any) -> None:
    """A feed gains a key now and then: that must not touch all its records."""

    def grown(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: grown(v) for k, v in value.items()} | (
                {"x_new": {"y": [1]}} if {"id", "name", "mode"} & set(value) else {}
            )
        return [grown(v) for v in value] if isinstance(value, list) else value

    kind = FEED_KINDS[path.parent.name]
    data = path.read_bytes()
    new = json.dumps(grown(json.loads(data, parse_float=_Number)), default=str).encode()
    assert kind.parse(new).models == kind.parse(data).models


class _Number(float):
    """A fraction that `json.dumps` writes as it stood in the text."""

    def __new__(cls, text: str) -> Self:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str

    def __repr__(self) -> str:
        return self.text


@by_kind
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_answer_for_another_kind_is_refused_or_read_soundly(kind: FeedKind, path: Any) -> None:
    try:
        feed = kind.parse(path.read_bytes())
    except FeedFormatError:
        return
    assert_sound(kind, feed)


numbers = st.integers() | st.decimals() | st.sampled_from([Decimal("1e400"), Decimal("1e-400")])
words = st.text(max_size=8) | st.sampled_from(
    ["chat", "model", "text", "-1", "0.5", "1e9", "2025-01-01", "openai", "\x00", " a ", "1e999999"]
)
KEYS = """
    id name model models data pricing input output prompt cost limit context modalities architecture
    input_modalities top_provider is_moderated supported_parameters default_parameters type created
    context_length litellm_provider mode max_input_tokens supports_vision family aliases parent tags
    input_cost_per_token supported_modalities release_date tool_call capabilities endpoints features
    details has_more last_id created_at cost_in canonical_slug interleaved env api
"""
keys = st.sampled_from(KEYS.split())
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys | words, inner, max_size=6),
    max_leaves=12,
)
records = st.dictionaries(keys, values, max_size=8)
answers = {
    "models_dev": st.dictionaries(
        words,
        st.fixed_dictionaries({"models": st.dictionaries(words, records, max_size=2)}),
        max_size=2,
    ),
    "openrouter": st.fixed_dictionaries({"data": st.lists(records, max_size=3)}),
    "litellm": st.dictionaries(
        words, records | records.map(lambda r: r | {"litellm_provider": "openai"}), max_size=4
    ),
    "openai_compatible": st.lists(records, max_size=3)
    | st.fixed_dictionaries({"models": st.lists(records, max_size=3)}),
}


def _written(value: Any) -> bytes:
    """JSON text of a value, decimals as the numbers they are."""
    if isinstance(value, Decimal):
        return str(value).encode()
    if isinstance(value, dict):
        inner = (b"%b: %b" % (json.dumps(k).encode(), _written(v)) for k, v in value.items())
        return b"{%b}" % b", ".join(inner)
    if isinstance(value, list):
        return b"[%b]" % b", ".join(map(_written, value))
    return json.dumps(value).encode()


@by_kind
@relaxed
@given(value=values)
def test_any_json_is_read_soundly_or_refused(kind: FeedKind, value: Any) -> None:
    try:
        feed = kind.parse(_written(value))
    except FeedFormatError:
        return
    assert_sound(kind, feed)


@by_kind
@relaxed
@given(data=st.data())
def test_nearly_right_answers_are_read_soundly_or_refused(
    kind: FeedKind, data: st.DataObject
) -> None:
    value = data.draw(answers[kind.name])
    try:
        feed = kind.parse(_written(value))
    except FeedFormatError:
        return
    assert_sound(kind, feed)


@relaxed
@given(text=st.binary(max_size=60))
@by_kind
def test_any_bytes_are_read_or_refused(kind: FeedKind, text: bytes) -> None:
    try:
        assert_sound(kind, kind.parse(text))
    except FeedFormatError:
        return


@by_kind
def test_deep_nesting_in_any_field_costs_that_field_only(kind: FeedKind) -> None:
    deep = b"[" * 850 + b"]" * 850
    fields = b", ".join(b'"%b": %b' % (key.encode(), deep) for key in KEYS.split() if key != "id")
    record = b'{%b, "id": "m"}' % fields.replace(b'"litellm_provider": %b' % deep, b'"l": 1')
    texts = {
        "models_dev": b'{"p": {"models": {"m": %b}}}' % record,
        "litellm": b'{"m": %b}' % record.replace(b'"l": 1', b'"litellm_provider": "openai"'),
    }
    feed = kind.parse(texts.get(kind.name, b"[%b]" % record))
    assert [model.raw_id for model in feed.models] == ["m"]
    assert feed.notes
    assert_sound(kind, feed)


def test_one_page_is_the_answer_itself() -> None:
    kind = FEED_KINDS["openai_compatible"]
    assert parse_pages(kind, [b'[{"id": "a"}]']) == kind.parse(b'[{"id": "a"}]')
    assert parse_pages(kind, []) == ParsedFeed(())


# What the captured files hold: records imported, rejected, notes.
COUNTS = {
    "litellm-1.80.9": (1785, 126, 40),
    "litellm-1.84.0": (2543, 160, 48),
    "models-dev-2025-12": (1496, 0, 98),
    "models-dev-2026-02": (2372, 0, 126),
    "models-dev-2026-04": (4108, 0, 171),
    "openrouter-2025-07": (319, 0, 6),
    "openrouter-2026-01": (347, 0, 11),
    "openrouter-2026-05": (364, 0, 27),
    "provider-lists/anthropic-2025-07": (8, 0, 0),
    "provider-lists/cerebras-2025-07": (6, 0, 0),
    "provider-lists/chutes-2025-07": (62, 0, 0),
    "provider-lists/cloudflare-ai-gateway-2025-12": (1498, 0, 2),
    "provider-lists/cohere-2025-07": (21, 0, 4),
    "provider-lists/deepinfra-2025-07": (103, 0, 0),
    "provider-lists/fireworks-2025-07": (27, 0, 0),
    "provider-lists/groq-2025-07": (22, 0, 0),
    "provider-lists/litellm-proxy-2025-07": (37, 0, 0),
    "provider-lists/mistral-2025-07": (62, 0, 0),
    "provider-lists/ollama-tags-2023-12": (2, 0, 0),
    "provider-lists/ollama-v1-2025-07": (11, 0, 0),
    "provider-lists/openai-2025-07": (75, 0, 0),
    "provider-lists/together-2025-07": (88, 0, 4),
    "provider-lists/vercel-ai-gateway-2025-07": (78, 0, 0),
    "provider-lists/vllm-router-lora-2025-05": (2, 0, 0),
    "provider-lists/vllm-router-two-models-2025-01": (2, 0, 0),
}


def _kind_of(name: str) -> FeedKind:
    prefixes = {"litellm-": "litellm", "models-dev-": "models_dev", "openrouter-": "openrouter"}
    return FEED_KINDS[
        next((kind for prefix, kind in prefixes.items() if name.startswith(prefix)), "")
        or "openai_compatible"
    ]


def _records(kind: FeedKind, data: bytes) -> int:
    """How many records the answer has, counted without the parser."""
    top = json.loads(data)
    if kind.name == "models_dev":
        return sum(len(provider["models"]) for provider in top.values())
    if isinstance(top, list) or kind.name == "litellm":
        return len(top)
    return len(top.get("data") or top.get("models"))


@requires_shared_data
@pytest.mark.parametrize("name", COUNTS)
def test_every_record_of_captured_files_is_imported_or_reported(name: str) -> None:
    data = gzip.decompress((SHARED_DATA / f"{name}.json.gz").read_bytes())
    kind = _kind_of(name)
    feed = kind.parse(data)
    assert len(feed.models) + len(feed.rejected) == _records(kind, data)
    assert (len(feed.models), len(feed.rejected), len(feed.notes)) == COUNTS[name]
    assert_sound(kind, feed)


@requires_shared_data
def test_every_captured_file_is_looked_at() -> None:
    files = {str(p.relative_to(SHARED_DATA)) for p in SHARED_DATA.rglob("*.json.gz")}
    counted = {f"{name}.json.gz" for name in COUNTS}
    assert files - counted == {"model-links-sample.json.gz"}


@requires_shared_data
def test_a_large_catalog_is_read_quickly() -> None:
    data = gzip.decompress((SHARED_DATA / "models-dev-2026-04.json.gz").read_bytes())
    times = []
    for _ in range(3):
        before = time.process_time()
        FEED_KINDS["models_dev"].parse(data)
        times.append(time.process_time() - before)
    assert min(times) < 1  # 0.15 s where nothing else runs
