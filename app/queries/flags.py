"""Reads of feature flags."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Integer, Select, func, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry, Change, FeatureFlag


class FlagRow(NamedTuple):
    """A feature flag, and how many entries require it."""

    id: int
    key: str
    name: str | None
    description: str | None
    version: int
    created_at: int
    updated_at: int
    entries: int


def list_flags(session: Session, *, limit: int, offset: int) -> list[FlagRow]:
    """Feature flags by key."""
    statement = _rows().order_by(func.lower(FeatureFlag.key), FeatureFlag.key)
    return [FlagRow._make(row) for row in session.execute(statement.limit(limit).offset(offset))]


def get_flag(session: Session, flag_id: int) -> FlagRow:
    """One feature flag by row id; raises `NotFoundError`."""
    row = session.execute(_rows().where(FeatureFlag.id == flag_id)).one_or_none()
    if row is None:
        raise NotFoundError("there is no such feature flag")
    return FlagRow._make(row)


def count_flags(session: Session) -> int:
    """How many feature flags there are."""
    return session.execute(select(func.count(FeatureFlag.id))).scalar_one()


def list_flag_keys(session: Session, limit: int) -> list[str]:
    """The keys of all feature flags, also of those that no entry requires."""
    return list(session.scalars(select(FeatureFlag.key).order_by(FeatureFlag.key).limit(limit)))


def flag_keys(session: Session, flag_ids: Collection[int]) -> dict[int, str]:
    """The keys of these flags, also of deleted ones: the change log keeps those."""
    there = select(FeatureFlag.id, FeatureFlag.key).where(FeatureFlag.id.in_(flag_ids))
    keys: dict[int, str] = {row.id: row.key for row in session.execute(there)}
    gone = set(flag_ids) - keys.keys()
    if gone:
        logged = select(Change.record_id, Change.old, Change.new).where(
            Change.record_type == "feature_flag", Change.record_id.in_(gone), Change.field == "*"
        )
        keys |= {i: (old or new or {}).get("key", "") for i, old, new in session.execute(logged)}
    return {flag_id: keys.get(flag_id) or f"number {flag_id}" for flag_id in flag_ids}


def _rows() -> Select[int, str, str | None, str | None, int, int, int, int]:
    required = CatalogEntry.requires_feature_flag
    counts = (
        select(required.label("key"), func.count().label("entries"))
        .where(required.is_not(None), CatalogEntry.merged_into_id.is_(None))
        .group_by(required)
        .subquery("counts")
    )
    return select(
        FeatureFlag.id,
        FeatureFlag.key,
        FeatureFlag.name,
        FeatureFlag.description,
        FeatureFlag.version,
        FeatureFlag.created_at,
        FeatureFlag.updated_at,
        func.coalesce(counts.c.entries, 0, type_=Integer),
    ).outerjoin(counts, counts.c.key == FeatureFlag.key)
