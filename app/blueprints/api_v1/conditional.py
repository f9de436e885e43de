"""ETags of records: what a client has already, and what it believes it is changing."""

from __future__ import annotations

import re
import zlib

from flask import request
from sqlalchemy.orm import Session

from app.core.errors import PreconditionError
from app.queries.entries import EntryRow, get_entry

_TAG = re.compile(r'\s*(?:W/)?"(\d{1,9})(?:\.[0-9a-f]+)?"\s*')


def etag_of(row: EntryRow) -> str:
    """The version, then a digest of what a sync notes without making a new version."""
    noted = f"{row.last_synced_at} {row.retired_at} {row.drift} {row.sources}"
    return f"{row.version}.{zlib.crc32(noted.encode(errors='replace')):08x}"


def if_match_version(session: Session, public_id: str) -> int | None:
    """The version that `If-Match` demands, None where it demands nothing.

    A tag stands for a version, so proxies that mark it weak do no harm. Raises
    `PreconditionError` where no tag can be the current version, `NotFoundError`
    where there is nothing to have one.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in header.split(",")]
    versions = {int(tag[1]) for tag in tags if tag}
    if len(versions) == 1:
        return versions.pop()
    current = get_entry(session, public_id).version
    if current in versions:
        return current
    raise PreconditionError(f"{public_id} has version {current} now; If-Match names another")
