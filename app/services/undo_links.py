"""The inverse of moves, merges and splits: models go back to the entries they came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Batch, CatalogEntry, Change, EntryAlias, ProviderModel
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
    for line in reversed(of["entry", MERGED]):
        if _unmerge(job, line):
            undone += 1
        else:
            refused.append(Refused("entry", line.record_id, "", MERGED, _SINCE))
    for line in of["entry", ALIASES]:
        undone += _return_aliases(job, line)
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
    return session.scalar(select(CatalogEntry.id).where(CatalogEntry.public_id == public_id))


def _unmerge(job: Relinking, line: ChangeLine) -> bool:
    at = job.session.scalar(
        select(CatalogEntry.merged_into_id).where(CatalogEntry.id == line.record_id)
    )
    if at != _id_of(job.session, line.new):
        return False
    redirect(job, line.record_id, line.new, line.old, _id_of(job.session, line.old))
    return True


def _return_aliases(job: Relinking, line: ChangeLine) -> int:
    """The spellings that a merge took away; or, where it is done again, takes once more."""
    session = job.session
    target = line.record_id
    if line.new:
        target = (
            session.scalar(
                select(CatalogEntry.merged_into_id).where(CatalogEntry.id == line.record_id)
            )
            or line.record_id
        )
    names = line.old or line.new or []
    session.execute(update(EntryAlias).where(EntryAlias.alias.in_(names)).values(entry_id=target))
    row = change_row(
        job.batch_id, "entry", line.record_id, ALIASES, (line.new, False), (line.old, False)
    )
    insert_rows(session, Change, [row])
    return 1


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
        if home is None or at != _id_of(session, line.new):
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
