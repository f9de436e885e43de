import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.core.identity import canonical_id, is_own_provider, lab_of

WEIRD = [
    "Llama-3.3+(3.1v3.3)-70B-Hanami-x1",
    "TheDrummer 2/Cydonia-24B-v4.1",
    "~anthropic/claude-haiku-latest",
    "claude-sonnet-4-5@20250929",
    "models/*",
    "gpt-4o/",
    "a/b/c/d/e/f/g",
    "通义千问/千问-最大",
    "///",
    "@",
    " ",
    ":free",
    "x" * 5000,
    "y" * 300 + "/" + "z" * 300,
]


@pytest.mark.parametrize(
    ("kind", "raw_id", "expected"),
    [
        ("openrouter", "anthropic/claude-3.5-sonnet", "anthropic/claude-3.5-sonnet"),
        ("openrouter", "meta-llama/Llama-3-8B-Instruct", "meta/llama-3-8b-instruct"),
        (
            "aws_bedrock",
            "anthropic.claude-3-5-sonnet-20240620-v1:0",
            "anthropic/claude-3-5-sonnet-20240620-v1",
        ),
        ("aws_bedrock", "meta.llama3-70b-instruct-v1:0", "meta/llama3-70b-instruct-v1"),
        ("ollama", "llama3:8b-instruct", "meta/llama3-8b-instruct"),
        ("ollama", "qwen2:7b", "qwen/qwen2-7b"),
        ("vercel_ai", "openai:gpt-4o-mini", "openai/gpt-4o-mini"),
        ("google", "models/gemini-1.5-flash-001", "google/gemini-1.5-flash-001"),
        ("groq", "mixtral-8x7b-32768", "mistral/mixtral-8x7b-32768"),
        ("custom", "mixtral-8x7b-32768", "mistral/mixtral-8x7b-32768"),
        ("groq", "llama-3.1-70b-versatile", "meta/llama-3.1-70b-versatile"),
        ("custom", "llama-3.1-70b-versatile", "meta/llama-3.1-70b-versatile"),
        ("jan", "aibrix/jan-v1-4b", "jan/jan-v1-4b"),
        ("jan", "jan-v1-4b", "jan/jan-v1-4b"),
    ],
)
def test_reference_table(kind: str, raw_id: str, expected: str) -> None:
    assert canonical_id(kind, raw_id) == expected


@pytest.mark.parametrize(
    ("kind", "raw_id", "expected"),
    [
        ("openai", "o4-mini", "openai/o4-mini"),
        ("openai", "text-embedding-3-small", "openai/text-embedding-3-small"),
        ("openai", "dall-e-3", "openai/dall-e-3"),
        ("openrouter", "z-ai/glm-4.6:free", "zai/glm-4.6"),
        ("huggingface", "zai-org/GLM-4.6", "zai/glm-4.6"),
        ("openrouter", "x-ai/grok-4", "xai/grok-4"),
        ("deepinfra", "deepseek-ai/DeepSeek-V3", "deepseek/deepseek-v3"),
        ("amazon-bedrock", "us.deepseek.r1-v1:0", "deepseek/r1-v1"),
        ("fireworks", "accounts/fireworks/models/kimi-k2p5", "moonshotai/kimi-k2p5"),
        ("cloudflare", "@cf/meta/llama-3.1-8b-instruct", "meta/llama-3.1-8b-instruct"),
        ("litellm", "bedrock/eu-west-3/mistral.mistral-large-2402-v1:0", None),
        ("azure", "azure/global/gpt-4o-2024-11-20", "openai/gpt-4o-2024-11-20"),
        ("sambanova", "sambanova/QwQ-32B", "qwen/qwq-32b"),
        ("deepinfra", "Sao10K/L3.3-70B-Euryale-v2.3", "sao10k/l3.3-70b-euryale-v2.3"),
        ("nvidia", "nvidia/llama-3.1-nemotron-70b-instruct", None),
    ],
)
def test_vendor_comes_from_organisation_then_family(
    kind: str, raw_id: str, expected: str | None
) -> None:
    vendors = {"litellm": "mistral", "nvidia": "nvidia"}
    result = canonical_id(kind, raw_id)
    assert result == expected or (expected is None and result.startswith(vendors[kind] + "/"))


def test_openrouter_slug_replaces_the_id() -> None:
    slug = "anthropic/claude-4.5-haiku-20251001"
    assert canonical_id("openrouter", "anthropic/claude-haiku-4.5", slug) == slug
    assert canonical_id("openrouter", "z-ai/glm-5", "") == "zai/glm-5"
    assert canonical_id("groq", "qwen/qwen3-32b", slug) == "qwen/qwen3-32b"


@pytest.mark.parametrize("kind", ["openrouter", "aws_bedrock", "ollama", "custom", ""])
@pytest.mark.parametrize("raw_id", WEIRD)
def test_weird_ids_keep_the_shape(kind: str, raw_id: str) -> None:
    result = canonical_id(kind, raw_id)
    vendor, slash, name = result.partition("/")
    assert vendor
    assert slash
    assert name
    assert "/" not in name
    assert len(result) <= 255


@given(kind=st.sampled_from(["openrouter", "aws_bedrock", "ollama", "jan"]), raw_id=st.text())
@example(kind="aws_bedrock", raw_id="us..")
@example(kind="openrouter", raw_id="İ/ẞ")
def test_never_raises_and_is_lower_case(kind: str, raw_id: str) -> None:
    result = canonical_id(kind, raw_id)
    assert len(result) <= 255
    assert result == result.lower()
    assert bool(result) == bool(raw_id)


@given(
    raw_id=st.from_regex(
        r"(?:[a-z]{2,9}/)?[a-zA-Z]{2,9}[-.0-9a-zA-Z]{0,12}(?::[a-z]+)?", fullmatch=True
    )
)
def test_a_canonical_id_stays_itself(raw_id: str) -> None:
    once = canonical_id("openrouter", raw_id)
    assert canonical_id("openrouter", once) == once


@pytest.mark.parametrize(
    ("provider", "lab"),
    [
        ("anthropic", "anthropic"),
        ("zhipuai-coding-plan", "zai"),
        ("alibaba-cn", "qwen"),
        ("xiaomi-token-plan-ams", "xiaomi"),
        ("llama", "meta"),
        ("minimax-cn-coding-plan", "minimax"),
        ("nvidia", "nvidia"),
        ("amazon-bedrock", None),
        ("azure", None),
        ("google-vertex", None),
        ("openrouter", None),
        ("", None),
    ],
)
def test_lab_behind_a_provider(provider: str, lab: str | None) -> None:
    assert lab_of(provider) == lab


def test_a_lab_speaks_only_for_its_own_models() -> None:
    assert is_own_provider("nvidia", "nvidia")
    assert not is_own_provider("nvidia", "deepseek")
    assert is_own_provider("zai", "zhipuai")
    assert not is_own_provider("openrouter", "openrouter")
