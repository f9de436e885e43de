"""Whom LiteLLM's provider words mean, in the ids that models.dev uses for the same company."""

from __future__ import annotations

# LiteLLM's word -> (provider id, name). What is not here keeps its own word, `_` spelt `-`.
PROVIDERS: dict[str, tuple[str, str]] = {
    "ai21": ("ai21", "AI21 Labs"),
    "aiml": ("aiml", "AI/ML API"),
    "amazon_nova": ("nova", "Amazon Nova"),
    "anthropic": ("anthropic", "Anthropic"),
    "assemblyai": ("assemblyai", "AssemblyAI"),
    "aws_polly": ("aws-polly", "Amazon Polly"),
    "azure": ("azure", "Azure"),
    "azure_ai": ("azure", "Azure"),
    "azure_text": ("azure", "Azure"),
    "bedrock": ("amazon-bedrock", "Amazon Bedrock"),
    "bedrock_converse": ("amazon-bedrock", "Amazon Bedrock"),
    "bedrock_mantle": ("amazon-bedrock", "Amazon Bedrock"),
    "black_forest_labs": ("black-forest-labs", "Black Forest Labs"),
    "chatgpt": ("chatgpt", "ChatGPT subscription"),
    "cloudflare": ("cloudflare-workers-ai", "Cloudflare Workers AI"),
    "codestral": ("mistral", "Mistral"),
    "cohere": ("cohere", "Cohere"),
    "cohere_chat": ("cohere", "Cohere"),
    "dashscope": ("alibaba", "Alibaba"),
    "deepinfra": ("deepinfra", "Deep Infra"),
    "deepseek": ("deepseek", "DeepSeek"),
    "elevenlabs": ("elevenlabs", "ElevenLabs"),
    "fal_ai": ("fal-ai", "fal.ai"),
    "featherless_ai": ("featherless-ai", "Featherless AI"),
    "fireworks_ai": ("fireworks-ai", "Fireworks AI"),
    "fireworks_ai-embedding-models": ("fireworks-ai", "Fireworks AI"),
    "friendliai": ("friendli", "Friendli"),
    "gemini": ("google", "Google"),
    "gigachat": ("gigachat", "GigaChat"),
    "github_copilot": ("github-copilot", "GitHub Copilot"),
    "gmi": ("gmicloud", "GMI Cloud"),
    "gradient_ai": ("digitalocean", "DigitalOcean"),
    "jina_ai": ("jina-ai", "Jina AI"),
    "lambda_ai": ("lambda-ai", "Lambda"),
    "llamagate": ("llamagate", "LlamaGate"),
    "meta_llama": ("llama", "Llama"),
    "minimax": ("minimax", "MiniMax"),
    "moonshot": ("moonshotai", "Moonshot AI"),
    "nlp_cloud": ("nlp-cloud", "NLP Cloud"),
    "novita": ("novita-ai", "NovitaAI"),
    "nvidia_nim": ("nvidia", "Nvidia"),
    "oci": ("oci", "Oracle Cloud"),
    "openai": ("openai", "OpenAI"),
    "openrouter": ("openrouter", "OpenRouter"),
    "ovhcloud": ("ovhcloud", "OVHcloud"),
    "palm": ("google", "Google"),
    "publicai": ("publicai", "PublicAI"),
    "runwayml": ("runwayml", "Runway"),
    "sagemaker": ("sagemaker", "Amazon SageMaker"),
    "sambanova": ("sambanova", "SambaNova"),
    "text-completion-codestral": ("mistral", "Mistral"),
    "text-completion-openai": ("openai", "OpenAI"),
    "together_ai": ("togetherai", "Together AI"),
    "v0": ("v0", "v0"),
    "vercel_ai_gateway": ("vercel", "Vercel AI Gateway"),
    "vertex_ai": ("google-vertex", "Vertex"),
    "vertex_ai-anthropic_models": ("google-vertex-anthropic", "Vertex (Anthropic)"),
    "wandb": ("wandb", "Weights & Biases"),
    "watsonx": ("watsonx", "IBM watsonx"),
    "xai": ("xai", "xAI"),
    "zai": ("zai", "Z.AI"),
}

# First parts of keys that name the provider although they are not its word.
PREFIXES: dict[str, tuple[str, ...]] = {
    "amazon_nova": ("amazon-nova",),
    "azure_text": ("azure",),
    "bedrock_converse": ("bedrock",),
    "fireworks_ai-embedding-models": ("fireworks_ai",),
}


def provider_of(word: str) -> tuple[str, str]:
    """The provider id and name for LiteLLM's word."""
    if word in PROVIDERS:
        return PROVIDERS[word]
    if word.startswith("vertex_ai-"):
        return PROVIDERS["vertex_ai"]
    key = word.replace("_", "-")
    return key, key.replace("-", " ").title()


def prefixes_of(word: str) -> tuple[str, ...]:
    """The first parts of a key that only repeat the provider."""
    if word.startswith("vertex_ai-"):
        return ("vertex_ai",)
    return PREFIXES.get(word, (word,))
