"""ETags of records: what a client has already, and what it believes it is changing."""

from __future__ import annotations

import re
import zlib

from flask import request
from sqlalchemy.orm import Session

from app.queries.entries import EntryRow, get_entry

_TAG = re.compile(r'\s*(?:W/)?"(\d{1,9})(?:\.[0-9a-f]+)?"\s*')
NO_VERSION = -1  # no record has it: a precondition that cannot be met


def etag_of(row: EntryRow) -> str:
    """The version, then a digest of what a sync notes without making a new version."""
    noted = f"{row.last_synced_at} {row.retired_at} {row.drift} {row.sources}"
    return f"{row.version}.{zlib.crc32(noted.encode(errors='replace')):08x}"


def if_match_version(session: Session, public_id: str) -> int | None:
    """The version that `If-Match` demands; None demands nothing, `NO_VERSION` cannot be met.

    A tag stands for a version, so proxies that mark it weak do no harm. Of
    several tags one has to be the current version.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in header.split(",")]
    versions = {int(tag[1]) for tag in tags if tag}
    if len(versions) < 2:
        return versions.pop() if versions else NO_VERSION
    current = get_entry(session, public_id).version
    return current if current in versions else NO_VERSION
