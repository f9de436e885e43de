"""Where a provider lists its own models, and which headers carry its key there.

Most answer `GET <base URL>/models` with a bearer key; those in `_DIALECTS` differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.core.errors import FeedError, FieldProblem, ValidationError
from app.upstreams import FEED_KINDS
from app.upstreams.base import FeedKind

DEFAULT_KIND = "openai_compatible"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one vendor's list is asked for.

    ``base`` is its address where a provider has none, ``path`` leads from there to the
    list, ``strip`` are ends of a base URL that lead to another of its interfaces.
    """

    base: str | None = None
    path: str = "/models"
    query: str = ""
    key_header: str = "Authorization"
    headers: Mapping[str, str] = field(default_factory=dict)
    strip: tuple[str, ...] = ("/chat/completions",)


_PLAIN = Dialect()
_DIALECTS: dict[str, Dialect] = {
    "anthropic": Dialect(
        "https://api.anthropic.com",
        "/v1/models",
        query="limit=1000",
        key_header="x-api-key",
        headers={"anthropic-version": "2023-06-01"},
        strip=("/v1/messages", "/v1"),
    ),
    "azure": Dialect(key_header="api-key"),
    "cerebras": Dialect("https://api.cerebras.ai/v1"),
    "cohere": Dialect(
        "https://api.cohere.com",
        "/v1/models",
        query="page_size=1000",
        strip=("/compatibility/v1", "/v1", "/v2"),
    ),
    "deepinfra": Dialect("https://api.deepinfra.com/v1/openai"),
    "google": Dialect(
        "https://generativelanguage.googleapis.com/v1beta",
        query="pageSize=1000",
        key_header="x-goog-api-key",
        strip=("/openai",),
    ),
    "groq": Dialect("https://api.groq.com/openai/v1"),
    "mistral": Dialect("https://api.mistral.ai/v1"),
    "ollama": Dialect("http://127.0.0.1:11434", "/api/tags", strip=("/v1", "/api")),
    "openai": Dialect("https://api.openai.com/v1"),
    "openrouter": Dialect("https://openrouter.ai/api/v1"),
    "togetherai": Dialect("https://api.together.xyz/v1"),
    "vercel": Dialect("https://ai-gateway.vercel.sh/v1"),
    "xai": Dialect("https://api.x.ai/v1"),
}
_HOSTS = {urlsplit(d.base).hostname: d for d in _DIALECTS.values() if d.base}
del _HOSTS["127.0.0.1"]


@dataclass(frozen=True, slots=True)
class OwnList:
    """A provider's list: its kind, its address, and how a key is sent there."""

    kind: FeedKind
    url: str
    dialect: Dialect

    def headers(self, key: str | None) -> dict[str, str]:
        """The headers of a request; with the key where there is one."""
        headers = dict(self.dialect.headers)
        if key is not None:
            name = self.dialect.key_header
            headers[name] = f"Bearer {key}" if name == "Authorization" else key
        return headers


def own_kinds() -> list[str]:
    """The feed kinds whose answers are the list of a single provider."""
    return [k.name for k in FEED_KINDS.values() if k.single_provider or k.provider_kind]


def check_own_kind(name: str) -> None:
    """Raise `ValidationError` unless a provider's own list may be of this kind."""
    if name and name not in own_kinds():
        known = "many providers' lists" if name in FEED_KINDS else "no feed kind"
        problem = f"{name!r} is {known}; accepted are {', '.join(own_kinds())}"
        raise ValidationError(f"metadata feed_kind: {problem}", [FieldProblem("metadata", problem)])


def kind_of(vendor: str, base_url: str | None, metadata: Mapping[str, str]) -> str | None:
    """The kind of a provider's own list; None where it has no address to ask."""
    given = metadata.get("feed_kind")
    if given in FEED_KINDS:
        return given
    if vendor.lower() in own_kinds():
        return vendor.lower()
    return DEFAULT_KIND if base_url or _dialect(vendor, None).base else None


def own_list(vendor: str, base_url: str | None, metadata: Mapping[str, str]) -> OwnList:
    """Where and how the provider lists its models.

    Raises `FeedError` where nobody can know.
    """
    name, dialect = kind_of(vendor, base_url, metadata), _dialect(vendor, base_url)
    base = base_url or dialect.base
    if name is None or base is None:
        raise FeedError("the provider has no base URL, so there is nowhere to ask for its models")
    return OwnList(FEED_KINDS[name], list_url(base, dialect), dialect)


def list_url(base: str, dialect: Dialect) -> str:
    """The address of the list below a base URL, which may lead there already."""
    parts = urlsplit(base)
    path = parts.path.rstrip("/")
    if not path.endswith(dialect.path):
        for end in dialect.strip:
            path = path.removesuffix(end)
        path += dialect.path
    query = "&".join(q for q in (parts.query, dialect.query) if q)
    return parts._replace(path=path, query=query, fragment="").geturl()


def _dialect(vendor: str, base_url: str | None) -> Dialect:
    host = urlsplit(base_url).hostname if base_url else None
    return _DIALECTS.get(vendor.lower()) or _HOSTS.get(host) or _PLAIN
