"""The inverse of moves, merges and splits: models go back to the entries they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Batch, CatalogEntry, Change, EntryAlias, ProviderModel
from app.queries.lookup import find_entry_id
from app.services.links import redirect
from app.services.relink import (
    ALIASES,
    LINK,
    MERGED,
    Relinking,
    lock_entries,
    lock_feeds,
    relink,
    settle_entries,
)
from app.services.undo_records import ChangeLine, Refused
from app.services.write import Action, change_row, insert_rows
from app.services.write_many import lock_records

KINDS = ("link", "merge", "split")
_SINCE = "was changed since"


def changes_links(session: Session, batch: Batch) -> bool:
    """Whether the batch, or what it undoes, moved models between entries."""
    at: Batch | None = batch
    while at is not None and at.kind == "undo":
        at = session.get(Batch, at.undoes_id) if at.undoes_id else None
    return at is not None and at.kind in KINDS


def undo_links(
    session: Session, batch_id: int, action: Action, lines: Sequence[tuple[str, ChangeLine]]
) -> tuple[int, list[Refused]]:
    """Take back the links among these changes (each with its record type), in this order:

    merged entries stand for themselves again, aliases return, models go back;
    an entry that a split made is merged into the one it was split from.
    """
    lock_feeds(session)
    job = Relinking(session, batch_id, action)
    refused: list[Refused] = []
    undone = 0
    of: dict[tuple[str, str], list[ChangeLine]] = defaultdict(list)
    for kind, line in lines:
        of[kind, line.field].append(line)
    moved = of["provider_model", LINK]
    _lock(session, moved, [line.record_id for kind, line in lines if kind == "entry"])
    given_to: dict[int, int | None] = {}
    for line in reversed(of["entry", MERGED]):
        given_to[line.record_id] = _merged_into(session, line.record_id)
        if _unmerge(job, line):
            undone += 1
        else:
            refused.append(Refused("entry", line.record_id, "", MERGED, _SINCE))
            given_to.pop(line.record_id)
    for line in of["entry", ALIASES]:
        if line.record_id in given_to and _return_aliases(job, line, given_to[line.record_id]):
            undone += 1
        else:
            refused.append(Refused("entry", line.record_id, "", ALIASES, _SINCE))
    moves: dict[int, int] = {}
    for linked in (False, True):
        ways, stayed = _ways_back(session, [x for x in moved if x.old_manual is linked])
        refused += stayed
        undone += relink(job, ways, linked=linked)
        moves |= ways
    for line in of["entry", "*"]:
        undone += _close(job, line, moves)
    return undone, refused


def _lock(session: Session, moved: Sequence[ChangeLine], entries: Sequence[int]) -> None:
    ids = [line.record_id for line in moved]
    at_now = session.scalars(select(ProviderModel.entry_id).where(ProviderModel.id.in_(ids)))
    names = {name for line in moved for name in (line.old, line.new)}
    named = session.scalars(select(CatalogEntry.id).where(CatalogEntry.public_id.in_(names)))
    lock_entries(session, {*at_now, *named, *entries})
    lock_records(session, "provider_model", ProviderModel.id.in_(ids))


def _id_of(session: Session, public_id: str | None) -> int | None:
    """The entry that this id means by now: it may have been merged into another one since."""
    return None if public_id is None else find_entry_id(session, public_id)


def _merged_into(session: Session, entry_id: int) -> int | None:
    return session.scalar(select(CatalogEntry.merged_into_id).where(CatalogEntry.id == entry_id))


def _unmerge(job: Relinking, line: ChangeLine) -> bool:
    """Back to what the entry was merged into before, or to standing for itself."""
    if _merged_into(job.session, line.record_id) != _id_of(job.session, line.new):
        return False
    target = _id_of(job.session, line.old)
    if target == line.record_id:
        return False
    redirect(job, line.record_id, line.new, line.old, target)
    return True


def _return_aliases(job: Relinking, line: ChangeLine, given_to: int | None) -> bool:
    """The spellings that a merge took away and that still lead where it put them.

    Where a merge is done again (``given_to`` None), it takes them once more.
    """
    session = job.session
    here, there = line.record_id, given_to
    if given_to is None:
        here, there = _merged_into(session, line.record_id) or here, line.record_id
    moved = session.connection().execute(
        update(EntryAlias)
        .where(EntryAlias.alias.in_(line.old or line.new or []), EntryAlias.entry_id == there)
        .values(entry_id=here)
    )
    if not moved.rowcount:
        return False
    row = change_row(
        job.batch_id, "entry", line.record_id, ALIASES, (line.new, False), (line.old, False)
    )
    insert_rows(session, Change, [row])
    return True


def _ways_back(
    session: Session, lines: Sequence[ChangeLine]
) -> tuple[dict[int, int], list[Refused]]:
    """Where each model goes back to; refused where it is elsewhere by now."""
    moves: dict[int, int] = {}
    refused: list[Refused] = []
    for line in lines:
        at = session.scalar(
            select(ProviderModel.entry_id).where(ProviderModel.id == line.record_id)
        )
        home = _id_of(session, line.old)
        own = select(CatalogEntry.id).where(CatalogEntry.public_id == line.new)
        if home is None or at == home or at not in (_id_of(session, line.new), session.scalar(own)):
            refused.append(Refused("provider_model", line.record_id, "", LINK, _SINCE))
        else:
            moves[line.record_id] = home
    return moves, refused


def _close(job: Relinking, line: ChangeLine, moves: dict[int, int]) -> int:
    """Hide an entry that is empty again: its id means the entry it was split from."""
    session = job.session
    left = select(ProviderModel.id).where(ProviderModel.entry_id == line.record_id).limit(1)
    if session.scalar(left) is not None or not moves:
        return 0
    home = next(iter(moves.values()))
    name = session.scalar(select(CatalogEntry.public_id).where(CatalogEntry.id == home))
    redirect(job, line.record_id, None, name, home)
    settle_entries(job, {home})
    return 1
