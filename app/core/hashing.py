"""A stable hash of plain JSON data."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """The one JSON text of a value: keys sorted, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Whether two values mean the same. Python's 1 == True, which are two values in JSON."""
    if one is other:
        return True
    if isinstance(one, dict | list) and isinstance(other, dict | list):
        return bool(one == other) and canonical(one) == canonical(other)
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def content_hash(*values: Any) -> str:
    """32 hexadecimal digits that change when, and only when, the meaning of the values does."""
    digest = hashlib.blake2b(digest_size=16)
    for value in values:
        digest.update(canonical(value).encode("utf-8", "surrogatepass"))
        digest.update(b"\n")
    return digest.hexdigest()
