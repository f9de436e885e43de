"""Reads of providers. There are a few hundred at most: names are compared in Python, where
every database agrees about upper and lower case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.core.values import MAX_TEXT
from app.models import Batch, CatalogEntry, Change, Feed, Override, Provider, ProviderModel
from app.queries.list_args import nearest
from app.upstreams._own_lists import kind_of

PARAMETERS = ("kind", "active", "search")
MAX_HISTORY = 50
_COLUMNS = (
    Provider.id,
    Provider.public_id,
    Provider.name,
    Provider.vendor,
    Provider.base_url,
    Provider.endpoints,
    Provider.active,
    Provider.category,
    Provider.default_provider_image_generate,
    Provider.default_provider_image_edit,
    Provider.meta,
    Provider.api_key_hint,
    Provider.api_key_encrypted.is_not(None),
    Provider.version,
    Provider.last_synced_at,
    Provider.created_at,
    Provider.updated_at,
)


class ProviderRow(NamedTuple):
    """A provider as people and programs may see it: of its key only the hint."""

    id: int
    public_id: str
    name: str
    vendor: str
    base_url: str | None
    endpoints: list[dict[str, Any]]
    active: bool
    category: str
    default_provider_image_generate: bool
    default_provider_image_edit: bool
    metadata: dict[str, str]
    api_key_hint: str | None
    has_key: bool
    version: int
    last_synced_at: int | None
    created_at: int
    updated_at: int
    models: int = 0
    active_models: int = 0

    @property
    def feed_kind(self) -> str | None:
        """The kind of its own list; None where there is nowhere to ask for one."""
        return kind_of(self.vendor, self.base_url, self.metadata)


class Consequences(NamedTuple):
    """What goes out of sight with a provider."""

    models: int
    active_models: int
    available: int
    entries_left_without: int
    decisions: int
    feeds: tuple[str, ...]


class ProviderChange(NamedTuple):
    """A change of a provider, with the batch that an undo names."""

    id: int
    field: str
    old: Any
    new: Any
    old_manual: bool
    new_manual: bool
    batch: str
    kind: str
    actor_kind: str
    actor: str
    reason: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class ProviderFilter:
    """Which providers: by vendor or kind of list, by switch, by words."""

    kind: str | None = None
    active: bool | None = None
    search: str | None = None

    def takes(self, row: ProviderRow) -> bool:
        """Whether the provider is one of them."""
        if self.active is not None and row.active is not self.active:
            return False
        if self.kind is not None and self.kind.casefold() not in _kinds(row):
            return False
        words = (self.search or "").casefold()
        texts = (row.name, row.vendor, row.base_url or "", row.public_id)
        return not words or any(words in text.casefold() for text in texts)


def _kinds(row: ProviderRow) -> tuple[str, str]:
    return row.vendor.casefold(), row.feed_kind or ""


def parse_provider_filter(args: Mapping[str, str], *, also: Collection[str] = ()) -> ProviderFilter:
    """Read `kind`, `active` and `search`; raises `ValidationError` naming what is malformed."""
    known = (*PARAMETERS, *also)
    problems = [
        FieldProblem(name[:MAX_TEXT], f"is not a parameter here{nearest(name, known)}")
        for name in args
        if name not in known
    ]
    given = {name: args[name] for name in PARAMETERS if name in args}
    problems += [
        FieldProblem(name, problem)
        for name, text in given.items()
        if (problem := _parameter_problem(args, name, text))
    ]
    if problems:
        raise ValidationError("; ".join(f"{p.field} {p.message}" for p in problems[:5]), problems)
    active = given.get("active")
    return ProviderFilter(
        kind=given.get("kind"),
        active=None if active is None else active.lower() == "true",
        search=given.get("search", "").strip() or None,
    )


def _parameter_problem(args: Mapping[str, str], name: str, text: str) -> str | None:
    if len(getattr(args, "getlist", lambda _: [text])(name)) > 1:
        return "is given more than once"
    if name == "active":
        return None if text.lower() in ("true", "false") else "must be true or false"
    if len(text) > MAX_TEXT:
        return f"must have at most {MAX_TEXT} characters"
    if "\x00" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        return "must be valid text"
    return "must not be empty" if name == "kind" and not text.strip() else None


def list_providers(session: Session, wanted: ProviderFilter | None = None) -> list[ProviderRow]:
    """The living providers that match, by name, with their numbers of models."""
    counts = _counts(session, None)
    chosen = wanted or ProviderFilter()
    rows = (ProviderRow(*row) for row in session.execute(_living()))
    found = [_counted(row, counts) for row in rows if chosen.takes(row)]
    return sorted(found, key=lambda row: (row.name.casefold(), row.id))


def get_provider(session: Session, public_id: str) -> ProviderRow:
    """One living provider; raises `NotFoundError`."""
    found = session.execute(_living().where(Provider.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFoundError(f"there is no provider {public_id[:MAX_TEXT]!r}")
    return _counted(ProviderRow(*found), _counts(session, found[0]))


def count_available(session: Session, provider_ids: Collection[int]) -> dict[int, int]:
    """The available models of these providers: their own switch, the entry's, the provider's."""
    statement = (
        select(ProviderModel.provider_id, func.count())
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
        .where(ProviderModel.provider_id.in_(provider_ids), *_available(ProviderModel))
        .group_by(ProviderModel.provider_id)
    )
    return dict(session.execute(statement).all())


def count_consequences(session: Session, provider_id: int) -> Consequences:
    """What deleting the provider would take out of sight."""
    mine = ProviderModel.provider_id == provider_id
    models, active = session.execute(
        select(func.count(), func.count().filter(ProviderModel.active)).where(mine)
    ).one()
    decisions = (
        select(func.count())
        .select_from(Override)
        .where(
            Override.record_type == "provider_model",
            Override.record_id.in_(select(ProviderModel.id).where(mine)),
        )
    )
    feeds = select(Feed.name).where(Feed.provider_id == provider_id, Feed.removed_at.is_(None))
    return Consequences(
        models=models,
        active_models=active,
        available=count_available(session, [provider_id]).get(provider_id, 0),
        entries_left_without=session.scalar(_left_without(provider_id)) or 0,
        decisions=session.scalar(decisions) or 0,
        feeds=tuple(session.scalars(feeds.order_by(Feed.name))),
    )


def list_provider_history(
    session: Session, provider_id: int, limit: int = MAX_HISTORY
) -> list[ProviderChange]:
    """The newest changes of a provider, newest first."""
    statement = (
        select(
            Change.id,
            Change.field,
            Change.old,
            Change.new,
            Change.old_manual,
            Change.new_manual,
            Batch.public_id,
            Batch.kind,
            Batch.actor_kind,
            Batch.actor,
            Batch.reason,
            Batch.created_at,
        )
        .join(Batch, Batch.id == Change.batch_id)
        .where(Change.record_type == "provider", Change.record_id == provider_id)
        .order_by(Change.id.desc())
        .limit(limit)
    )
    return [ProviderChange._make(row) for row in session.execute(statement)]


def list_provider_feeds(session: Session, provider_id: int) -> list[Feed]:
    """The feeds that read this provider's own list, oldest first."""
    bound = select(Feed).where(Feed.provider_id == provider_id, Feed.removed_at.is_(None))
    return list(session.scalars(bound.order_by(Feed.id)))


def vendors_in_use(session: Session) -> dict[str, int]:
    """The vendors of the living providers, and how many providers each has."""
    statement = (
        select(Provider.vendor, func.count())
        .where(Provider.deleted_at.is_(None))
        .group_by(Provider.vendor)
    )
    return dict(sorted(session.execute(statement).all()))


def provider_json(row: ProviderRow) -> dict[str, Any]:
    """A provider as programs get it."""
    return {
        "id": row.public_id,
        "name": row.name,
        "vendor": row.vendor,
        "base_url": row.base_url,
        "endpoints": row.endpoints,
        "active": row.active,
        "category": row.category,
        "default_provider_image_generate": row.default_provider_image_generate,
        "default_provider_image_edit": row.default_provider_image_edit,
        "metadata": row.metadata,
        "api_key_hint": row.api_key_hint,
        "model_count": row.models,
        "model_active_count": row.active_models,
        "last_synced_at": row.last_synced_at,
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _living() -> Select[Any]:
    return select(*_COLUMNS).where(Provider.deleted_at.is_(None))


def _counts(session: Session, provider_id: int | None) -> dict[int, tuple[int, int]]:
    statement = select(
        ProviderModel.provider_id, func.count(), func.count().filter(ProviderModel.active)
    ).group_by(ProviderModel.provider_id)
    if provider_id is not None:
        statement = statement.where(ProviderModel.provider_id == provider_id)
    return {key: (models, active) for key, models, active in session.execute(statement)}


def _counted(row: ProviderRow, counts: Mapping[int, tuple[int, int]]) -> ProviderRow:
    models, active = counts.get(row.id, (0, 0))
    return row._replace(models=models, active_models=active)


def _available(model: Any) -> tuple[Any, ...]:
    return (
        model.active,
        CatalogEntry.active,
        Provider.active,
        Provider.deleted_at.is_(None),
    )


def _left_without(provider_id: int) -> Select[Any]:
    """How many entries are available by this provider only."""
    other, its = aliased(ProviderModel), aliased(Provider)
    elsewhere = exists().where(
        and_(
            other.entry_id == CatalogEntry.id,
            other.provider_id != provider_id,
            other.active,
            its.id == other.provider_id,
            its.active,
            its.deleted_at.is_(None),
        )
    )
    return (
        select(func.count(CatalogEntry.id.distinct()))
        .select_from(ProviderModel)
        .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .where(ProviderModel.provider_id == provider_id, *_available(ProviderModel), ~elsewhere)
    )
