"""A record's past: its changes a page at a time, since when values hold, what was held back."""

from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Batch, CatalogEntry, Feed, SyncItem, SyncRun
from app.queries.history import (
    list_changed_fields,
    list_held,
    list_history,
    list_steps,
    since_when,
)
from app.services.records import edit_record, reset_record
from tests.support.factories import make_entry
from tests.support.people import actor_of

EDITOR = actor_of(Role.EDITOR)
START = 1_700_000_000


def edit(session: Session, entry: int, at: int, **values: Any) -> str:
    """An edit, as if made at that moment."""
    batch = edit_record(session, EDITOR, "entry", entry, values, default_protection="fields").batch
    session.execute(update(Batch).where(Batch.public_id == batch).values(created_at=START + at))
    session.commit()
    return batch


@pytest.fixture
def entry(session: Session) -> CatalogEntry:
    made = make_entry(session, family="one", context_length=8_000, created_at=START)
    session.commit()
    return made


def test_history_comes_in_pages_of_one_field_or_all(session: Session, entry: CatalogEntry) -> None:
    edit(session, entry.id, 0, context_length=8_000)
    for n in range(5):
        edit(session, entry.id, n, family=f"f{n}", notes=f"n{n}")
    seen: list[tuple[str, Any]] = []
    before = None
    while True:
        page = list_history(session, "entry", entry.id, before=before, limit=3)
        seen += [(row.field, row.new) for row in page.rows]
        before = page.older
        if before is None:
            break
    assert [value for field, value in seen if field == "notes"] == ["n4", "n3", "n2", "n1", "n0"]
    assert len(seen) == len(set(seen))
    mine = list_history(session, "entry", entry.id, field="notes", limit=3)
    assert [row.new for row in mine.rows] == ["n4", "n3", "n2"]
    rest = list_history(session, "entry", entry.id, field="notes", before=mine.older)
    assert ([row.new for row in rest.rows], rest.older) == (["n1", "n0"], None)
    assert list_history(session, "entry", entry.id, field="tags").rows == []
    fields = ["context_length", "family", "notes", "protection"]
    assert list_changed_fields(session, "entry", entry.id) == fields


def test_a_value_holds_since_it_changed_last(session: Session, entry: CatalogEntry) -> None:
    edit(session, entry.id, 10, family="two")
    edit(session, entry.id, 20, family="two", context_length=8_000)  # decided, not changed
    edit(session, entry.id, 30, context_length=9_000)
    since = since_when(session, "entry", entry.id)
    assert {n: at - START for n, at in since.items() if n != "protection"} == {
        "family": 10,
        "context_length": 30,
    }


def test_steps_are_the_values_a_field_took(session: Session, entry: CatalogEntry) -> None:
    other = make_entry(session, context_length=1, created_at=START)
    session.commit()
    for at, value in ((10, 16_000), (20, None), (30, 32_000)):
        edit(session, entry.id, at, context_length=value, notes=str(at))
    edit(session, other.id, 40, context_length=2)
    reset_record(session, EDITOR, "entry", entry.id, ["context_length"])
    steps = list_steps(session, "entry", [entry.id, other.id], ["context_length"])
    mine = steps[entry.id, "context_length"]
    assert [(step.old, step.new) for step in mine[:3]] == [
        (8_000, 16_000),
        (16_000, None),
        (None, 32_000),
    ]
    assert [step.created_at - START for step in mine[:3]] == [10, 20, 30]
    assert [step.new for step in steps[other.id, "context_length"]] == [2]
    assert mine[0].actor == EDITOR.name


def test_what_is_held_back_is_listed_until_it_is_decided(
    session: Session, entry: CatalogEntry
) -> None:
    feed = Feed(name="f", kind="openrouter", miss_limit=2, minimum_share=80, created_at=0)
    session.add(feed)
    session.flush()
    run = SyncRun(public_id="run_1", feed_id=feed.id, trigger="cli", actor_kind="system", actor="x")
    run.run_at = run.created_at = 0
    session.add(run)
    session.flush()
    about = {"run_id": run.id, "feed_id": feed.id, "kind": "updated", "record_type": "entry"}
    for state in ("rejected", "waiting", "applied", "superseded"):
        item = SyncItem(**about, record_id=entry.id, name="m", field=state, new=4, state=state)
        item.reason, item.created_at = "context_drop", START
        session.add(item)
    session.commit()
    held = list_held(session, "entry", entry.id)
    assert [(row.field, row.feed, row.new, row.state) for row in held] == [
        ("waiting", "f", 4, "waiting"),
        ("rejected", "f", 4, "rejected"),
    ]
    assert list_held(session, "provider_model", entry.id) == []
    assert session.scalar(select(func.count()).select_from(SyncItem)) == 4
