"""Who makes a model: vendor names, their aliases, and the name families that give a vendor away.

These are the only tables of the package. They hold words, never models: a new model of a known
family needs no line here, and a vendor without a line keeps the name its feed gives it.
"""

import re
from functools import lru_cache
from typing import Final


def word_set(*lines: str) -> frozenset[str]:
    """Return the words of the lines: a long table of words reads better as prose."""
    return frozenset(word for line in lines for word in line.split())


# Vendor -> the words that open its models' names (letters only; a version may follow directly).
_FAMILIES: Final[dict[str, str]] = {
    "ai21": "jamba jurassic",
    "aion-labs": "aion",
    "allenai": "olmo molmo tulu",
    "amazon": "nova titan",
    "anthropic": "claude",
    "arcee-ai": "trinity maestro virtuoso spotlight",
    "baai": "bge",
    "baichuan": "baichuan",
    "baidu": "ernie qianfan",
    "black-forest-labs": "flux",
    "bytedance": "doubao seedream seedance seed",
    "cohere": "command aya c4ai north",
    "deepcogito": "cogito",
    "deepseek": "deepseek janus",
    "google": "gemini gemma codegemma medgemma imagen veo lyria palm bard learnlm",
    "ibm": "granite",
    "inception": "mercury",
    "inclusionai": "ling ring",
    "inflection": "inflection",
    "internlm": "internlm internvl",
    "jan": "jan",
    "kuaishou": "kling kat",
    "liquid": "lfm lfm2",
    "meituan": "longcat",
    "meta": "llama codellama llamaguard",
    "microsoft": "phi wizardlm orca mai",
    "minimax": "minimax abab hailuo",
    "mistral": "mistral mixtral codestral devstral ministral magistral pixtral voxtral mathstral",
    "moonshotai": "kimi moonshot",
    "nousresearch": "hermes deephermes",
    "nvidia": "nemotron nv",
    "openai": "gpt chatgpt codex whisper dall davinci babbage sora omni",
    "perplexity": "sonar pplx",
    "primeintellect": "intellect",
    "qwen": "qwen qwq qvq codeqwen tongyi wan",
    "reka": "reka",
    "sakana": "fugu",
    "sarvam": "sarvam",
    "stabilityai": "stable stablediffusion sdxl stablelm",
    "stepfun": "step",
    "tencent": "hunyuan hy",
    "tii": "falcon",
    "upstage": "solar",
    "voyage": "voyage",
    "v0": "v0",
    "writer": "palmyra",
    "xai": "grok",
    "xiaomi": "mimo",
    "zai": "glm chatglm codegeex cogview cogvideox autoglm",
    "01-ai": "yi",
}
FAMILY_VENDOR: Final[dict[str, str]] = {
    word: vendor for vendor, words in _FAMILIES.items() for word in words.split()
}

# Vendor -> other spellings of it as an organisation, a feed's provider id or a name's prefix.
_ALIASES: Final[dict[str, str]] = {
    "01-ai": "01ai 01.ai",
    "ai21": "ai21-labs ai21labs",
    "allenai": "allen-ai ai2",
    "amazon": "amazon-nova",
    "anthropic": "~anthropic",
    "arcee-ai": "arcee arcee_ai",
    "baidu": "qianfan",
    "black-forest-labs": "bfl blackforestlabs",
    "bytedance": "bytedance-seed volcengine doubao",
    "cohere": "cohereai coherelabs cohereforai",
    "deepseek": "deepseek-ai deepseekai",
    "google": "~google google-ai-studio gemini",
    "ibm": "ibm-granite watsonx",
    "inclusionai": "bailing",
    "kuaishou": "kwaipilot kwaivgi",
    "liquid": "liquidai liquid-ai",
    "meituan": "meituan-longcat",
    "meta": "meta-llama metaai facebook llama",
    "minimax": "minimaxai minimax-ai minimax-cn",
    "mistral": "mistralai mistral-ai",
    "moonshotai": "moonshot moonshot-ai moonshotai-cn kimi ~moonshotai",
    "nousresearch": "nous-research nous",
    "nvidia": "nvidia_nim",
    "openai": "~openai open-ai text-completion-openai",
    "perplexity": "perplexity-ai",
    "primeintellect": "prime-intellect",
    "qwen": "alibaba alibaba-cn alibabacloud alicloud dashscope tongyi",
    "reka": "rekaai reka-ai",
    "sarvam": "sarvamai",
    "stabilityai": "stability stability-ai",
    "stepfun": "stepfun-ai",
    "tii": "tiiuae",
    "xai": "x-ai ~xai grok",
    "xiaomi": "xiaomimimo",
    "zai": "z-ai zai-org zhipuai zhipu zhipu-ai bigmodel thudm z.ai",
}
VENDOR_ALIAS: Final[dict[str, str]] = {
    **{vendor: vendor for vendor in _FAMILIES},
    **{alias: vendor for vendor, aliases in _ALIASES.items() for alias in aliases.split()},
}

# Organisations that pack, serve or route others' weights: never the maker of what they name.
_HOSTS: Final = word_set(
    "aibrix unsloth route router fireworks accounts workers-ai cf hf pro tee public",
    "lmstudio-community neuralmagic redhatai thebloke bartowski mlx-community gguf",
    "databricks azure azure-openai azure_ai bedrock aws-bedrock amazon-bedrock vertex vertex_ai",
    "vertex-ai google-vertex google-vertex-ai groq ollama openrouter custom models publishers",
    "us eu global global-standard low medium high hd standard",
    "cerebras together deepinfra novita chutes siliconflow baseten",
)

# A lab's further storefronts end so: other prices, the same models.
_STOREFRONT = re.compile(r"(?:-cn|-intl|-(?:coding|token|subscription)-plan.*|-plan|-ai-studio)$")
_LABS_WITH_OTHER_IDS: Final[dict[str, str]] = {"llama": "meta", "nova": "amazon", "v0": "v0"}
_NOT_LABS: Final = frozenset({"azure", "google-vertex", "google-vertex-anthropic", "tongyi"})
_PLACE = re.compile(r"[a-z]{2}(?:-gov)?-[a-z]+-\d|\d+-x-\d+")
_LEADING_WORD = re.compile(r"[^\W\d_]+")
_OPENAI_REASONING = re.compile(r"o[1-9]\d?(?![a-z0-9])")


def vendor_of(organisation: str) -> str:
    """Return the vendor's own name for any known spelling of it, else the spelling, lower case."""
    organisation = organisation.lower()
    return VENDOR_ALIAS.get(organisation, organisation)


def is_host(organisation: str) -> bool:
    """Whether the folder only packs, serves or places (`us-east-1`) models that others made."""
    return organisation in _HOSTS or _PLACE.fullmatch(organisation) is not None


def family_vendor(name: str) -> str | None:
    """Return the vendor whose name family opens `name` (lower case), or None when none does."""
    match = _LEADING_WORD.match(name)
    if match is None:
        return None
    word = match.group()
    if word in FAMILY_VENDOR:
        return FAMILY_VENDOR[word]
    if word == "o" and _OPENAI_REASONING.match(name):
        return "openai"
    return (
        "openai" if name.startswith(("text-embedding-3", "text-embedding-ada", "tts-1")) else None
    )


@lru_cache(maxsize=4096)
def lab_of(provider: str) -> str | None:
    """Return the vendor that runs this feed's provider, or None for hosts and resellers.

    `zhipuai-coding-plan` is zai's and `alibaba-cn` is qwen's: a lab may have several storefronts.
    """
    provider = provider.lower().strip()
    if provider in _NOT_LABS or provider in _HOSTS:
        return None
    if provider in _LABS_WITH_OTHER_IDS:
        return _LABS_WITH_OTHER_IDS[provider]
    bare = provider
    while (shorter := _STOREFRONT.sub("", bare)) != bare:
        bare = shorter
    return VENDOR_ALIAS.get(bare)


def is_own_provider(provider: str, vendor: str) -> bool:
    """Whether the vendor itself runs this feed's provider, so that it speaks for its models."""
    lab = lab_of(provider)
    return lab is not None and lab == vendor_of(vendor)
