"""Answers kept for later: what a dry run or a refused answer was planned from, in the database."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.holding import Chosen, Key, PlannedItem
from app.models import SyncItem, SyncPlanPart
from app.services.write import insert_rows
from app.upstreams.base import ParsedFeed, UpstreamModel, UpstreamProvider

# Records in one part: few enough to need little memory.
PART = 2_000


def keep_answer(session: Session, run_id: int, parsed: ParsedFeed) -> None:
    """Keep the readable records of an answer with a run."""
    for number, part in enumerate(_parts(parsed)):
        text = json.dumps(part, ensure_ascii=False, separators=(",", ":"))
        body = zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
        insert_rows(session, SyncPlanPart, [{"run_id": run_id, "number": number, "body": body}])


def _parts(parsed: ParsedFeed) -> Iterator[dict[str, Any]]:
    yield {
        "providers": [[p.key, p.name, p.base_url, dict(p.metadata)] for p in parsed.providers],
        "next_page": parsed.next_page,
        "unreadable": [list(pair) for pair in sorted(parsed.unreadable, key=str)],
    }
    for start in range(0, len(parsed.models), PART):
        yield {
            "models": [
                [m.raw_id, m.provider_key, m.canonical_slug, m.entry, m.offer, m.release_date]
                for m in parsed.models[start : start + PART]
            ]
        }


def kept_answer(session: Session, run_id: int) -> ParsedFeed | None:
    """The answer that was kept with a run; None where there is none (any more)."""
    bodies = select(SyncPlanPart.body).where(SyncPlanPart.run_id == run_id)
    parts = [_part(body) for body in session.scalars(bodies.order_by(SyncPlanPart.number))]
    if not parts:
        return None
    head, *rest = parts
    return ParsedFeed(
        models=tuple(UpstreamModel(*values) for part in rest for values in part["models"]),
        providers=tuple(UpstreamProvider(*values) for values in head["providers"]),
        next_page=head["next_page"],
        unreadable=frozenset((provider, raw_id) for provider, raw_id in head["unreadable"]),
    )


def _part(body: bytes) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))
    return read


def drop_answers(session: Session, run_ids: Collection[int]) -> None:
    """Forget the answers kept with these runs."""
    session.execute(delete(SyncPlanPart).where(SyncPlanPart.run_id.in_(run_ids)))


def chosen_items(session: Session, run_id: int, ids: Collection[int] | None) -> Chosen:
    """The planned items of a run, of which ``ids`` are to be applied; None: all but held ones."""
    columns = (SyncItem.record_type, SyncItem.record_id, SyncItem.field, SyncItem.target)
    statement = select(
        SyncItem.id, SyncItem.new, SyncItem.reason, SyncItem.base_version, *columns
    ).where(SyncItem.run_id == run_id, SyncItem.state == "planned")
    records: dict[Key, PlannedItem] = {}
    targets: dict[str, PlannedItem] = {}
    for pk, new, reason, version, record_type, record_id, name, target in session.execute(
        statement
    ):
        item = PlannedItem(pk, new, reason, version)
        if record_id is not None:
            records[record_type, record_id, name] = item
        elif target is not None and record_type == "provider_model":
            targets[target] = item
    return Chosen(records, targets, None if ids is None else frozenset(ids))


def planned_ids(session: Session, run_id: int) -> Sequence[int]:
    """The row ids of the items of a plan that nobody decided."""
    planned = select(SyncItem.id).where(SyncItem.run_id == run_id, SyncItem.state == "planned")
    return session.scalars(planned).all()
