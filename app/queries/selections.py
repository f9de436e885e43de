"""Which records a bulk action reaches, and what it would mean, in a few set-based reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    cast,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from app.core.bulk import BulkChange
from app.core.fields import RecordType
from app.core.hashing import content_hash
from app.models import CatalogEntry, EntryTag, Override, Provider, ProviderModel
from app.queries.conditions import among
from app.queries.states import TABLES

SHOWN = 10
# Spreads ids over 32 bits: two sets of the same size differ in the sum, but for one in 10^9.
_FACTOR, _PRIME = 2_654_435_761, 4_294_967_291


@dataclass(frozen=True, slots=True)
class Selection:
    """Records to act on: those of ``ids``, or those that ``where`` (a query for ids) finds.

    Neither means all. ``kept`` are row ids that stay as they are all the same.
    """

    record_type: RecordType
    ids: Collection[int] | None = None
    where: Select[int] | None = None
    kept: Collection[int] = field(default=())


class Named(NamedTuple):
    """A record as a sentence names it."""

    id: int
    public_id: str
    name: str | None


class Availability(NamedTuple):
    """What programs are offered: available provider models now and after the action.

    ``lost`` are entries that have an available offer now and would have none;
    ``lost_names`` the first of them by id.
    """

    before: int
    after: int
    lost: int
    lost_names: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a bulk action would do. ``total`` records are selected, ``changing`` of them change.

    ``kept`` are those that were excepted. ``fingerprint`` names the selected and
    the changing records: another set has another one.
    """

    total: int
    changing: int
    kept: int
    fingerprint: str

    @property
    def unchanged(self) -> int:
        """How many are as they should be already."""
        return self.total - self.changing - self.kept


def scope(session: Session, selection: Selection) -> ColumnElement[bool]:
    """The condition on the record's table that holds for what is selected, kept ones included."""
    table = TABLES[selection.record_type]
    tests = [visible(session, selection.record_type)]
    if selection.ids is not None:
        tests.append(among(session, table.id, selection.ids))
    if selection.where is not None:
        tests.append(table.id.in_(selection.where))
    return and_(*tests)


def target(session: Session, selection: Selection, change: BulkChange) -> ColumnElement[bool]:
    """The condition that holds for the records that the change makes different."""
    return and_(scope(session, selection), acted_on(session, selection), differs(change))


def visible(session: Session, record_type: RecordType) -> ColumnElement[bool]:
    """Not merged into another entry; not a deleted provider's.

    The deleted providers are looked up first: nearly always there is none, and a
    condition without a subquery lets SQLite update the records in one pass.
    """
    if record_type == "entry":
        return CatalogEntry.merged_into_id.is_(None)
    deleted = session.scalars(select(Provider.id).where(Provider.deleted_at.is_not(None))).all()
    return ProviderModel.provider_id.not_in(deleted) if deleted else true()


def differs(change: BulkChange) -> ColumnElement[bool]:
    """Whether a record is not yet what the change makes of it."""
    table = TABLES[change.record_type]
    if change.action.how == "release":
        if not change.fields:
            return table.protection != "none"
        held = select(Override.record_id).where(
            Override.record_type == change.record_type, Override.field.in_(change.fields)
        )
        return table.id.in_(held)
    if change.field is None:
        raise ValueError("only a release has no field")
    if change.action.how == "set":
        column = getattr(table, change.field.name)
        return column.is_distinct_from(change.value)  # type: ignore[no-any-return]
    tagged = select(EntryTag.entry_id).where(EntryTag.tag.in_(change.value))
    if change.action.how == "remove":
        return table.id.in_(tagged)
    all_of_them = tagged.group_by(EntryTag.entry_id).having(func.count() == len(change.value))
    return table.id.not_in(all_of_them)


def preview_bulk(session: Session, change: BulkChange, selection: Selection) -> Preview:
    """Count what the change would do to the selection, in one statement."""
    table = TABLES[selection.record_type]
    mixed = cast(table.id, BigInteger) * _FACTOR % _PRIME
    # What is about to be overwritten, too: an edit since is not lost without a word.
    written = (cast(table.id, BigInteger) * _FACTOR + table.version) % _PRIME
    acted = acted_on(session, selection)
    changing = and_(acted, differs(change))
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(mixed), 0),
            func.count().filter(changing),
            func.coalesce(func.sum(written).filter(changing), 0),
            func.count().filter(acted),
        )
        .select_from(table)
        .where(scope(session, selection))
    ).one()
    total, all_ids, count, changing_ids, number_acted = (int(number) for number in row)
    what = (change.record_type, change.action.name, change.value, list(change.fields))
    named = change.field.name if change.field else None
    fingerprint = content_hash(*what, named, total, all_ids, count, changing_ids)
    return Preview(total, count, total - number_acted, fingerprint)


def acted_on(session: Session, selection: Selection) -> ColumnElement[bool]:
    """The condition that leaves out what was excepted."""
    if not selection.kept:
        return true()
    table = TABLES[selection.record_type]
    return ~among(session, table.id, selection.kept)


def list_changing(
    session: Session, change: BulkChange, selection: Selection, limit: int = SHOWN
) -> list[Named]:
    """The first records that the change makes different."""
    table = TABLES[selection.record_type]
    columns = (table.id, table.public_id, table.model_display_name)
    statement = select(*columns).where(target(session, selection, change))
    found = session.execute(statement.order_by(table.id).limit(limit))
    return [Named._make(row) for row in found]


def list_selected(session: Session, selection: Selection, limit: int) -> list[str]:
    """The public ids of the first records that are selected and not excepted."""
    table = TABLES[selection.record_type]
    statement = select(table.public_id).where(
        scope(session, selection), acted_on(session, selection)
    )
    return list(session.scalars(statement.order_by(table.id).limit(limit)))


def list_kept(session: Session, selection: Selection) -> list[str]:
    """The public ids of the selected records that are excepted."""
    if not selection.kept:
        return []
    table = TABLES[selection.record_type]
    kept = among(session, table.id, selection.kept)
    statement = select(table.public_id).where(scope(session, selection), kept)
    return list(session.scalars(statement.order_by(table.id)))


def availability(session: Session, change: BulkChange, selection: Selection) -> Availability:
    """What a switch means for the programs that read the catalog.

    A provider model is available when its own switch, its entry's and its
    provider's are on (contract, section 4.1).
    """
    model, entry, provider = ProviderModel, CatalogEntry, Provider
    switched = target(session, selection, change)
    others = and_(entry.active, provider.active, provider.deleted_at.is_(None))
    if selection.record_type == "entry":
        switched = entry.id.in_(select(entry.id).where(switched))
        others = and_(model.active, provider.active, provider.deleted_at.is_(None))
    own = (entry if selection.record_type == "entry" else model).active
    now = and_(others, own)
    after = and_(others, or_(switched, own) if change.value else and_(~switched, own))
    joined = (
        select(model.entry_id, func.count().filter(now), func.count().filter(after))
        .join(entry, entry.id == model.entry_id)
        .join(provider, provider.id == model.provider_id)
        .where(or_(now, after))
        .group_by(model.entry_id)
    )
    counts = joined.cte("counts")
    entry_id, before_count, after_count = counts.c
    gone = and_(before_count > 0, after_count == 0)
    sums = select(
        func.coalesce(func.sum(before_count), 0),
        func.coalesce(func.sum(after_count), 0),
        func.count().filter(gone),
        null(),
    )
    first = select(entry_id).where(gone).order_by(entry_id).limit(SHOWN).subquery()
    named = select(null(), null(), null(), entry.public_id).join(first, first.c[0] == entry.id)
    (before, then, lost, _), *names = session.execute(union_all(sums, named)).all()
    return Availability(int(before), int(then), int(lost), [str(row[3]) for row in names])
