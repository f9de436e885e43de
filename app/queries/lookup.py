"""Finding the row that a public id, or another spelling of it, means."""

from __future__ import annotations

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.models import CatalogEntry, EntryAlias

_BY_ID = select(CatalogEntry.id).where(CatalogEntry.public_id == bindparam("public_id"))
_BY_ALIAS = select(EntryAlias.entry_id).where(EntryAlias.alias == bindparam("alias"))


def find_entry_id(session: Session, public_id: str) -> int:
    """The row id of an entry by its id, else by an alias; raises `NotFoundError`.

    Ids and aliases are looked up as written first, then in lower case.
    """
    folded = public_id.lower()
    connection = session.connection()
    for spelling in dict.fromkeys((public_id, folded)):
        found = connection.scalar(_BY_ID, {"public_id": spelling})
        if found is not None:
            return int(found)
    found = connection.scalar(_BY_ALIAS, {"alias": folded})
    if found is None:
        raise NotFoundError(f"there is no catalog entry {public_id!r}")
    return int(found)
