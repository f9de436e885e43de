"""Loads what `app.core.resolve` needs to know of records: values, overrides, claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, select
from sqlalchemy.orm import Session

from app.core.fields import FIELDS, RecordType
from app.core.resolve import Protection, Said, State, Status
from app.models import CatalogEntry, Claim, Feed, Override, ProviderModel
from app.upstreams import FEED_KINDS

Table = type[CatalogEntry] | type[ProviderModel]
TABLES: dict[RecordType, Table] = {"entry": CatalogEntry, "provider_model": ProviderModel}
CHUNK = 500
Id = TypeVar("Id")
NAME = "model_display_name"
ENTRY_NAME_SOURCE = "catalog"
TRUST = ("trusted_fields", "trusted_model_fields")


@dataclass(frozen=True, slots=True)
class Decision:
    """An override: the value a person decided and what was in force before it.

    ``batch_id`` is the batch that decided it; None: the one being written.
    """

    value: Any
    base: Any
    batch_id: int | None = None


@dataclass(slots=True)
class Record:
    """One record with all that decides its state."""

    record_type: RecordType
    id: int
    public_id: str
    version: int
    state: State
    protection_choice: str | None
    retired_at: int | None
    last_synced_at: int | None
    entry_id: int | None = None
    overrides: dict[str, Decision] = field(default_factory=dict)
    claims: dict[int, Said] = field(default_factory=dict)

    def decided(self) -> dict[str, Any]:
        """The overridden fields and their values."""
        return {name: decision.value for name, decision in self.overrides.items()}


def chunks(ids: Iterable[Id], size: int = CHUNK) -> Iterator[Sequence[Id]]:
    """The ids in runs of at most ``size``, so that no statement has too many parameters."""
    listed = list(ids)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def load_records(
    session: Session, record_type: RecordType, ids: Collection[int], *, lock: bool = False
) -> dict[int, Record]:
    """The records by id, with overrides and claims; ``lock`` keeps others from changing them."""
    records: dict[int, Record] = {}
    connection = session.connection()
    for some in chunks(sorted(ids)):
        records |= _load_rows(connection, record_type, some, lock)
        _load_overrides(connection, record_type, some, records)
        _load_claims(connection, record_type, some, records)
    if record_type == "provider_model":
        _add_entry_names(session, records)
    return records


@cache
def _rows_statement(record_type: RecordType, single: bool, lock: bool) -> Select[Any]:
    """Built once: putting a statement together costs more than running it."""
    table = TABLES[record_type].__table__
    names = [
        *FIELDS[record_type],
        *("id", "public_id", "version", "sources", "drift", "protection", "protection_choice"),
        *("status", "manual_fields", "retired_at", "last_synced_at"),
        *(("entry_id",) if record_type == "provider_model" else ()),
    ]
    statement = select(*(table.c[name] for name in names)).where(_among(table.c.id, single))
    # In the order of ids, so that two writers cannot wait for each other; key_share lets
    # rows that refer to these be inserted meanwhile.
    return statement.order_by(table.c.id).with_for_update(key_share=True) if lock else statement


def _among(column: ColumnElement[Any], single: bool) -> ColumnElement[bool]:
    return column == bindparam("ids") if single else column.in_(bindparam("ids", expanding=True))


def _parameters(record_type: RecordType, ids: Sequence[int]) -> dict[str, Any]:
    return {"ids": ids[0] if len(ids) == 1 else list(ids), "record_type": record_type}


def _load_rows(
    connection: Connection, record_type: RecordType, ids: Sequence[int], lock: bool
) -> dict[int, Record]:
    statement = _rows_statement(record_type, len(ids) == 1, lock)
    parameters = {"ids": _parameters(record_type, ids)["ids"]}
    rows = connection.execute(statement, parameters)
    return {row.id: _record(record_type, row) for row in rows}


def _record(record_type: RecordType, row: Row[Any]) -> Record:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor, in spite of its name
    return Record(
        record_type=record_type,
        id=row.id,
        public_id=row.public_id,
        version=row.version,
        state=State(
            values={name: values[name] for name in FIELDS[record_type]},
            sources=row.sources,
            drift=row.drift or {},
            protection=cast("Protection", row.protection),
            status=cast("Status", row.status),
            manual_fields=tuple(sorted(row.manual_fields)),
        ),
        protection_choice=row.protection_choice,
        retired_at=row.retired_at,
        last_synced_at=row.last_synced_at,
        entry_id=values.get("entry_id"),
    )


@cache
def _overrides_statement(single: bool) -> Select[Any]:
    c = Override.__table__.c
    return select(c.record_id, c.field, c.value, c.base, c.batch_id).where(
        c.record_type == bindparam("record_type"), _among(c.record_id, single)
    )


def _load_overrides(
    connection: Connection,
    record_type: RecordType,
    ids: Sequence[int],
    records: Mapping[int, Record],
) -> None:
    statement, parameters = _overrides_statement(len(ids) == 1), _parameters(record_type, ids)
    for record_id, name, *decision in connection.execute(statement, parameters):
        if record_id in records:
            records[record_id].overrides[name] = Decision(*decision)


def trusted_fields(kind: str, own: Sequence[str] | None) -> frozenset[str]:
    """The entry fields a feed is trusted with: its own list, else its kind's."""
    if own is not None:
        return frozenset(own)
    return FEED_KINDS[kind].entry_fields if kind in FEED_KINDS else frozenset()


def trusted_model_fields(own: Sequence[str] | None) -> frozenset[str] | None:
    """The fields of provider models a feed is trusted with; None: all of them."""
    return None if own is None else frozenset(own)


@cache
def _claims_statement(single: bool) -> Select[Any]:
    claim, feed = Claim.__table__, Feed.__table__
    names = ("id", "name", "kind", "priority", *TRUST, "miss_limit")
    return (
        select(claim.c.record_id, claim.c.fields, claim.c.misses)
        .add_columns(*(feed.c[name].label(f"feed_{name}") for name in names))
        .select_from(claim.join(feed, feed.c.id == claim.c.feed_id))
        .where(claim.c.record_type == bindparam("record_type"), _among(claim.c.record_id, single))
    )


def _load_claims(
    connection: Connection,
    record_type: RecordType,
    ids: Sequence[int],
    records: Mapping[int, Record],
) -> None:
    statement, parameters = _claims_statement(len(ids) == 1), _parameters(record_type, ids)
    for row in connection.execute(statement, parameters):
        if row.record_id in records:
            own, own_of_models = row.feed_trusted_fields, row.feed_trusted_model_fields
            records[row.record_id].claims[row.feed_id] = Said(
                feed=row.feed_name,
                priority=row.feed_priority,
                fields=row.fields,
                trusted=(
                    trusted_fields(row.feed_kind, own)
                    if record_type == "entry"
                    else trusted_model_fields(own_of_models)
                ),
                live=row.misses < row.feed_miss_limit,
            )


def _add_entry_names(session: Session, records: Mapping[int, Record]) -> None:
    """A name a person gave an entry is the strongest claim on its provider models' names."""
    by_entry: dict[int, list[Record]] = {}
    for record in records.values():
        if record.entry_id is not None:
            by_entry.setdefault(record.entry_id, []).append(record)
    for entry_id, name in entry_names(session, by_entry).items():
        for record in by_entry[entry_id]:
            record.claims[0] = entry_name_claim(name)


def entry_name_claim(name: str) -> Said:
    """The claim that a person's name for an entry makes on its provider models."""
    return Said(ENTRY_NAME_SOURCE, -1, {NAME: name})


def entry_names(session: Session, entry_ids: Collection[int]) -> dict[int, str]:
    """The names that people gave these entries, by entry id."""
    found: dict[int, str] = {}
    for some in chunks(entry_ids):
        statement = select(Override.record_id, Override.value).where(
            Override.record_type == "entry",
            Override.field == NAME,
            Override.record_id.in_(some),
        )
        found |= {i: value for i, value in session.execute(statement) if value is not None}
    return found
