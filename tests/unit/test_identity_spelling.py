import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identity import identity_key
from app.core.identity.spelling import MAX_KEY_LENGTH, parse_key

ONE_MODEL = [
    [
        "claude-sonnet-4-5",
        "anthropic/claude-sonnet-4.5",
        "claude-4-5-sonnet",
        "us.anthropic.claude-sonnet-4-5",
        "claude-sonnet-4-5@default",
        "databricks-claude-sonnet-4-5",
        "anthropic--claude-4.5-sonnet",
        "anthropic/claude-sonnet-4.5:free",
        "anthropic/claude-sonnet-latest-4.5",
    ],
    ["claude-opus-4-0", "anthropic/claude-opus-4", "claude-4.0-opus"],
    [
        "claude-haiku-4-5-20251001",
        "claude-haiku-4-5@20251001",
        "au.anthropic.claude-haiku-4-5-20251001-v1:0",
        "anthropic/claude-haiku-4.5-2025-10-01",
    ],
    [
        "moonshotai/Kimi-K2.6",
        "kimi-k2-6",
        "accounts/fireworks/models/kimi-k2p6",
        "moonshotai/chat-completion/models/Kimi-K2_6",
        "@cf/moonshotai/kimi-k2.6",
        "workers-ai/@cf/moonshotai/kimi-k2.6",
        "hf:moonshotai/Kimi-K2.6",
        "moonshotai/Kimi-K2.6-TEE",
        "route/kimi-k2.6-6bit",
        "kimi/kimi-k2.6",
    ],
    ["minimax-m25", "MiniMaxAI/MiniMax-M2.5", "minimax.minimax-m2.5", "minimax-m2-5"],
    [
        "Qwen/Qwen3.5-397B-A17B",
        "qwen3-5-397b-a17b",
        "qwen35-397b-a17b",
        "qwen3.5:397b",
        "Qwen/Qwen3.5-397B-A17B-FP8",
        "Qwen/Qwen3.5-397B-A17B-fast",
    ],
    ["zai-org-glm-4.7", "z-ai/glm-4.7", "GLM-4.7", "zai-org/GLM-4.7-FP8", "glm-4.7-maas"],
    ["openai-gpt-54-mini", "gpt-5.4-mini", "databricks-gpt-5-4-mini", "openai.gpt-5.4-mini"],
    ["gpt-oss:120b", "openai.gpt-oss-120b-1:0", "@cf/openai/gpt-oss-120b"],
    ["us.deepseek.r1-v1:0", "deepseek-ai/DeepSeek-R1", "deepseek-r1"],
    ["nvidia.nemotron-nano-3-30b", "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B", "nemotron-3-nano:30b"],
    [
        "meta-llama/Meta-Llama-3.1-8B-Instruct",
        "meta.llama3-1-8b-instruct-v1:0",
        "@cf/meta/llama-3.1-8b-instruct-awq",
        "llama-3.1-8b-instant",
    ],
    ["command-r-08-2024", "cohere-command-r-08-2024", "cohere/command-r-08-2024"],
    ["bytedance-seed/seed-1.6", "doubao-seed-1-6"],
]

TWO_MODELS = [
    ("gpt-4o", "gpt-4o-mini"),
    ("gpt-4", "gpt-4-turbo"),
    ("gpt-5", "gpt-5-pro"),
    ("gpt-5.1", "gpt-5.1-chat-latest"),
    ("gpt-5.1-codex", "gpt-5.1-codex-max"),
    ("gpt-4.1-nano", "gpt-4.1-mini"),
    ("gemini-2.5-flash", "gemini-2.5-flash-lite"),
    ("gemini-2.5-flash", "gemini-3-flash"),
    ("glm-4.7-flash", "glm-4.7-flashx"),
    ("glm-4.6", "glm-4.6v"),
    ("llama-3.1-8b-instruct", "llama-3.1-70b-instruct"),
    ("llama-3.1-8b-instruct", "llama-3.2-8b-instruct"),
    ("kimi-k2", "kimi-k2-thinking"),
    ("kimi-k2-0711", "kimi-k2-0905"),
    ("qwen3-30b-a3b", "qwen3-coder-30b-a3b"),
    ("qwen3-vl-30b-a3b-instruct", "qwen3-30b-a3b-instruct"),
    ("deepseek-r1", "deepseek-r1-distill-qwen-32b"),
    ("deepseek-r1-distill-qwen-32b", "deepseek-r1-distill-llama-70b"),
    ("deepseek-v3.2", "deepseek-v3.2-exp"),
    ("llama-3-70b-instruct", "hermes-3-llama-3-70b"),
    ("grok-4-fast-reasoning", "grok-4-fast-non-reasoning"),
    ("mistralai/mistral-nemotron", "nvidia/nemotron"),
    ("command-r", "command-r7b"),
    ("nemotron-nano-9b-v2", "nemotron-nano-9b-v1"),
    ("mimo-v2-flash", "mimo-v2-pro"),
    ("moonshot-v1-8k", "moonshot-v1-32k"),
]


@pytest.mark.parametrize("spellings", ONE_MODEL, ids=lambda spellings: spellings[0])
def test_spellings_of_one_model_share_a_key(spellings: list[str]) -> None:
    keys = {raw_id: identity_key("databricks", raw_id) for raw_id in spellings}
    assert len(set(keys.values())) == 1, keys


@pytest.mark.parametrize(("one", "other"), TWO_MODELS)
def test_different_models_have_different_keys(one: str, other: str) -> None:
    assert identity_key("host", one) != identity_key("host", other)


def test_names_without_a_family_belong_to_their_owner() -> None:
    assert identity_key("openrouter", "openrouter/auto") != identity_key("kilo", "kilo/auto")
    assert identity_key("cohere", "embed-v4.0") == identity_key("azure", "cohere/embed-v4.0")


def test_the_name_explains_an_abbreviation_only() -> None:
    plain = identity_key("moonshotai", "kimi-k2.7")
    assert identity_key("host", "k2p7", name="Kimi K2.7") == plain
    assert identity_key("host", "k2p7") != plain
    thinking = identity_key("host", "claude-sonnet-4.5-thinking", name="Claude Sonnet 4.5")
    assert thinking != identity_key("host", "claude-sonnet-4.5")


@given(provider=st.text(max_size=20), raw_id=st.text(max_size=400), name=st.none() | st.text())
def test_never_raises_and_fits_its_column(provider: str, raw_id: str, name: str | None) -> None:
    key = identity_key(provider, raw_id, name=name)
    assert 0 < len(key) <= MAX_KEY_LENGTH


ids = st.from_regex(
    r"(?:[a-z]{2,8}/)?(?:claude|gpt|qwen|foo)[-0-9a-z.]{0,20}(?::free|-fp8|-instruct|-2507)?",
    fullmatch=True,
).filter(lambda raw_id: ".." not in raw_id)  # which reads as a step up in a path


@given(raw_id=ids)
def test_case_and_route_do_not_matter(raw_id: str) -> None:
    key = identity_key("host", raw_id)
    assert identity_key("HOST", raw_id.upper()) == key
    name = raw_id.rpartition("/")[2]
    routed = identity_key("host", f"accounts/fireworks/models/{name}")
    assert routed == identity_key("host", name)


@given(raw_id=ids)
def test_a_key_can_be_read_back(raw_id: str) -> None:
    key = identity_key("host", raw_id)
    assert parse_key(key).key == key
