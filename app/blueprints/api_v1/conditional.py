"""ETags of records: what a client has already, and what it believes it is changing."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from flask import request

from app.core.errors import PreconditionError

_TAG = re.compile(r'\s*(?:W/)?"(\d{1,9})(?:\.[0-9a-f]+)?"\s*')


class Versioned(Protocol):
    """A row of either kind of record."""

    @property
    def version(self) -> int: ...
    @property
    def last_synced_at(self) -> int | None: ...
    @property
    def retired_at(self) -> int | None: ...
    @property
    def drift(self) -> dict[str, Any] | None: ...
    @property
    def sources(self) -> dict[str, str]: ...


def etag_of(row: Versioned, *elsewhere: object) -> str:
    """The version, then a digest of what changes without making a new version: what a sync
    notes, and what the answer shows from ``elsewhere``.
    """
    noted = f"{row.last_synced_at} {row.retired_at} {row.drift} {row.sources} {elsewhere}"
    return f"{row.version}.{zlib.crc32(noted.encode(errors='replace')):08x}"


def if_match_version(public_id: str, read_version: Callable[[], int]) -> int | None:
    """The version that `If-Match` demands, None where it demands nothing.

    A tag stands for a version, so proxies that mark it weak do no harm. Raises
    `PreconditionError` where no tag can be the current version, and whatever
    `read_version` raises where there is nothing to have one.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in header.split(",")]
    versions = {int(tag[1]) for tag in tags if tag}
    if len(versions) == 1:
        return versions.pop()
    current = read_version()
    if current in versions:
        return current
    raise PreconditionError(f"{public_id} has version {current} now; If-Match names another")
