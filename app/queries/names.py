"""What the records of the change log are called, also those that are gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import (
    CatalogEntry,
    FeatureFlag,
    Feed,
    Provider,
    ProviderModel,
    Token,
    User,
    Webhook,
)
from app.queries.flags import flag_keys
from app.queries.lookup import find_entry_id
from app.queries.states import chunks

RecordKey = tuple[str, int]


class RecordName(NamedTuple):
    """A record as a list names it; ``where`` says more, ``gone``: it has no page (any more)."""

    name: str
    public_id: str | None = None
    where: str | None = None
    gone: bool = False


def name_records(session: Session, keys: Iterable[RecordKey]) -> dict[RecordKey, RecordName]:
    """The names of records, one query for each kind of them."""
    by_type: dict[str, set[int]] = {}
    for record_type, record_id in keys:
        by_type.setdefault(record_type, set()).add(record_id)
    return {
        (record_type, record_id): name
        for record_type, ids in by_type.items()
        for some in chunks(sorted(ids))
        for record_id, name in _names(session, record_type, some).items()
    }


def _names(session: Session, record_type: str, ids: Collection[int]) -> dict[int, RecordName]:
    if record_type == "feature_flag":
        keys = flag_keys(session, ids)
        left = set(session.scalars(select(FeatureFlag.id).where(FeatureFlag.id.in_(ids))))
        return {i: RecordName(key, gone=i not in left) for i, key in keys.items()}
    if record_type not in _COLUMNS:
        return {}
    columns = _COLUMNS[record_type]
    statement: Select[Any] = select(*(column.label(name) for name, column in columns.items()))
    if record_type == "provider_model":
        statement = statement.join(Provider, Provider.id == ProviderModel.provider_id)
    rows = session.execute(statement.where(columns["id"].in_(ids))).mappings()
    return {
        row["id"]: RecordName(
            row["name"], row.get("public_id"), row.get("where"), bool(row.get("gone"))
        )
        for row in rows
    }


_COLUMNS: dict[str, dict[str, Any]] = {
    "entry": {
        "id": CatalogEntry.id,
        "name": func.coalesce(CatalogEntry.model_display_name, CatalogEntry.public_id),
        "public_id": CatalogEntry.public_id,
    },
    "provider_model": {
        "id": ProviderModel.id,
        "name": func.coalesce(ProviderModel.model_display_name, ProviderModel.raw_id),
        "public_id": ProviderModel.public_id,
        "where": Provider.name,
        "gone": Provider.deleted_at,
    },
    "provider": {
        "id": Provider.id,
        "name": Provider.name,
        "public_id": Provider.public_id,
        "gone": Provider.deleted_at,
    },
    "feed": {
        "id": Feed.id,
        "name": Feed.name,
        "public_id": Feed.name,
        "gone": Feed.removed_at,
    },
    "user": {"id": User.id, "name": User.email},
    "token": {"id": Token.id, "name": Token.name},
    # Not its URL, which may be a secret.
    "webhook": {
        "id": Webhook.id,
        "name": func.coalesce(Webhook.description, Webhook.public_id),
        "public_id": Webhook.public_id,
    },
}


def find_records(session: Session, text: str) -> set[RecordKey]:
    """The records that a person means: by id, alias, key, name of a provider, raw id of a model.

    None of that name: an empty set.
    """
    found: set[RecordKey] = set()
    with suppress(NotFoundError):
        found.add(("entry", find_entry_id(session, text)))
    folded = func.lower(text)
    for record_type, column, test in (
        ("provider_model", ProviderModel.id, ProviderModel.public_id == text),
        (
            "provider",
            Provider.id,
            or_(Provider.public_id == text, func.lower(Provider.name) == folded),
        ),
        ("feed", Feed.id, func.lower(Feed.name) == folded),
        ("user", User.id, User.email == folded),
        ("token", Token.id, Token.name == text),
        ("feature_flag", FeatureFlag.id, FeatureFlag.key == text),
        ("webhook", Webhook.id, Webhook.public_id == text),
    ):
        found |= {
            (record_type, record_id) for record_id in session.scalars(select(column).where(test))
        }
    return found
