"""The inverse of decisions about items: what was approved waits again, what was reverted counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.models import SyncItem, SyncRun
from app.services.relink import lock_feeds
from app.services.review import applied_in, approve, take_back
from app.services.reword import ITEM_RECORD, SINCE, ItemLine, Rewording, load_items, set_states
from app.services.undo_records import ChangeLine, Refused
from app.services.write import Action


def undo_item_changes(
    session: Session, batch_id: int, action: Action, lines: Sequence[ChangeLine]
) -> tuple[int, list[Refused]]:
    """Take these decisions back, inside the caller's transaction and in its batch.

    Returns how many were, and those that were not: their items were decided again since.
    """
    lock_feeds(session)
    job = Rewording(session, batch_id, action)
    changes = {line.record_id: line for line in lines}
    items = load_items(session, set(changes))
    stands = [i for i in items if _stands(i, changes[i.id])]
    refused = [_refused(i, SINCE) for i in items if not _stands(i, changes[i.id])]
    _return(job, stands, changes)
    refused += [_refused(kept.item, kept.why) for kept in job.kept]
    return len(job.done), refused


def _stands(item: ItemLine, line: ChangeLine) -> bool:
    return item.state == line.new and item.batch_id == line.batch_id


def _refused(item: ItemLine, why: str) -> Refused:
    return Refused(ITEM_RECORD, item.id, item.name, item.field or item.kind, why)


def _return(job: Rewording, items: Sequence[ItemLine], changes: Mapping[int, ChangeLine]) -> None:
    """Each item to the state it had."""
    was_applied = [i for i in items if changes[i.id].old == "applied"]
    approve(job, [i for i in was_applied if i.kind != "claimed" and _is_own(i)])
    runs = {item.run_id for item in was_applied}
    again = update(SyncRun).where(SyncRun.id.in_(runs), SyncRun.status == "reverted")
    job.session.execute(again.values(status="applied"))
    for state in ("waiting", "rejected"):
        mine = [i for i in items if changes[i.id].old == state]
        back = [i for i in mine if i.state == "applied"]
        followed = _followed(job.session, back)
        take_back(job, [*back, *followed], state)
        plain = [i for i in mine if i.state != "applied"]
        set_states(job, plain, state)
        job.done += plain


def _is_own(item: ItemLine) -> bool:
    """Whether the item is decided by itself: an entry comes with the models that are added."""
    return item.kind != "added" or item.record_type == "provider_model"


def _followed(session: Session, items: Sequence[ItemLine]) -> list[ItemLine]:
    """What came with these approved items in their batch: entries, providers, other claims."""
    batches = {item.batch_id for item in items}
    mine = {item.id for item in items}
    found = applied_in(session, SyncItem.batch_id.in_(batches)) if batches else []
    return [item for item in found if item.id not in mine]
