"""A provider kind's own model id becomes the catalog's `vendor/model`.

The provider's spelling of version and date is kept, so that the id stays recognisable; which
spellings mean the same model is decided in `spelling` and `grouping`.
"""

import re
from typing import Final

from app.core.identity.vendors import (
    VENDOR_ALIAS,
    family_vendor,
    is_host,
    lab_of,
    vendor_of,
)

MAX_LENGTH: Final = 255

_UNSAFE = re.compile(r"[^\w.\-]+")
_DASHES = re.compile(r"-{2,}")
_REGION = re.compile(r"^(?:us|eu|au|jp|apac|ap|ca|sa|uk|us-gov|global)\.(?=[a-z0-9-]+\.)")
_BEDROCK_REVISION = re.compile(r"(-v\d+):\d+(?::\w+)?$")
_ROUTE_SUFFIX = re.compile(
    r":(?:free|beta|extended|nitro|floor|online|exacto|paid|thinking|web|cloud|latest|default)$"
)
_PIN = re.compile(r"@(?:default|latest)?")
_WORD = re.compile(r"[^\W\d_]{3}")


def canonical_id(kind: str, raw_id: str, canonical_slug: str | None = None) -> str:
    """Return `vendor/model` for a provider kind's own model id.

    Lower case, at most 255 characters, not empty unless `raw_id` is. OpenRouter's canonical slug,
    when given, replaces its id. Never raises, whatever the id.
    """
    kind = kind.lower()
    source = canonical_slug if canonical_slug and kind == "openrouter" else raw_id
    text = source.strip().lower()
    text = _ROUTE_SUFFIX.sub("", text)
    organisation, name = _split(text, kind)
    name = _tidy(name)
    if not name:
        name = _tidy(text) or text.replace("/", "-").strip() or raw_id.lower()
    vendor = _vendor(kind, organisation, name)
    # A pathological id must not cut the vendor off: the model's part gives way.
    return f"{vendor[:100]}/{name}"[:MAX_LENGTH] if name else ""


def _split(text: str, kind: str) -> tuple[str, str]:
    """Split an id into the organisation nearest to the name, if it names one, and the name."""
    parts = [part for part in text.split("/") if part]
    if not parts:
        return "", ""
    *folders, name = parts
    if len(folders) > 1 and folders[-1] not in VENDOR_ALIAS and not _WORD.search(name):
        name = f"{folders.pop()}-{name}"  # `flux-pro/v1.1`
    name = _REGION.sub("", name)
    dotted = "bedrock" in kind
    if dotted:
        name = _BEDROCK_REVISION.sub(r"\1", name)
    head, dot, tail = name.partition(".")
    if dot and tail[:1].isalpha() and (dotted or head in VENDOR_ALIAS) and head.isalnum():
        return head, tail
    head, dot, tail = name.partition(":")
    if dot and tail[:1].isalpha() and head in VENDOR_ALIAS and not folders:
        return head, tail
    return _organisation(folders, kind), name


def _organisation(folders: list[str], kind: str) -> str:
    """Return the innermost folder that is a known vendor, else the outermost that is no host."""
    cleaned = [folder.removeprefix("hf:").lstrip("@~") for folder in folders]
    for folder in reversed(cleaned):
        if folder in VENDOR_ALIAS:
            return folder
    # A provider's own name before its ids says who serves the model, not who made it.
    served = (folder for folder in cleaned if folder and not kind.startswith(folder))
    return next((folder for folder in served if not is_host(folder)), "")


def _tidy(name: str) -> str:
    """Return the name with only word characters, dots and single dashes."""
    name = _PIN.sub("-", name.removeprefix("hf:"))
    return _DASHES.sub("-", _UNSAFE.sub("-", name)).strip("-._")


def _vendor(kind: str, organisation: str, name: str) -> str:
    """Return the maker: the organisation named, else the name's family, else the provider."""
    if organisation:
        return _tidy(vendor_of(organisation)) or "unknown"
    return family_vendor(name) or lab_of(kind) or _tidy(kind) or "unknown"
