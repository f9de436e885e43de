"""Finding the row that a public id, or another spelling of it, means."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry, EntryAlias

_BY_ID = select(CatalogEntry.id, CatalogEntry.merged_into_id).where(
    CatalogEntry.public_id == bindparam("public_id")
)
_BY_ALIAS = (
    select(CatalogEntry.id, CatalogEntry.merged_into_id)
    .join(EntryAlias, EntryAlias.entry_id == CatalogEntry.id)
    .where(EntryAlias.alias == bindparam("alias"))
)
_BY_PK = select(CatalogEntry.id, CatalogEntry.merged_into_id).where(
    CatalogEntry.id == bindparam("pk")
)


def find_entry_id(session: Session, public_id: str) -> int:
    """The row id of an entry by its id, else by an alias; raises `NotFoundError`.

    Ids and aliases are looked up as written first, then in lower case. What was
    merged into another entry means that one.
    """
    folded = public_id.lower()
    connection = session.connection()
    for spelling in dict.fromkeys((public_id, folded)):
        found = connection.execute(_BY_ID, {"public_id": spelling}).first()
        if found is not None:
            return _standing(connection, *found)
    found = connection.execute(_BY_ALIAS, {"alias": folded}).first()
    if found is None:
        raise NotFoundError(f"there is no catalog entry {public_id!r}")
    return _standing(connection, *found)


def _standing(connection: Connection, pk: int, merged_into: int | None) -> int:
    """The entry that stands for this one at the end of all merges."""
    passed = {pk}
    while merged_into is not None and merged_into not in passed:
        passed.add(merged_into)
        pk, merged_into = connection.execute(_BY_PK, {"pk": merged_into}).one()
    return pk
