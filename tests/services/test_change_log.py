"""Finding batches in the change log: by every filter, from any place on, however it is spread."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.bulk import switch
from app.core.errors import ValidationError
from app.core.permissions import Role
from app.models import Batch, BatchField, Change, Feed, SyncRun
from app.queries import change_find
from app.queries.change_filter import ChangeFilter, parse_change_filter
from app.queries.change_find import count_batches, find_batches, get_place
from app.queries.changes import get_batch, list_actors, list_kinds, list_sources
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.records import edit_record
from app.services.undo import undo_batch
from app.services.users import create_user
from app.services.write import insert_rows
from tests.support.factories import make_entry
from tests.support.people import actor_of

EDITOR = actor_of(Role.EDITOR)
FIELDS = ("family", "notes", "description")


def make_feed(session: Session, name: str) -> int:
    feed = Feed(name=name, kind="models_dev", miss_limit=2, minimum_share=80, created_at=0)
    session.add(feed)
    session.flush()
    return feed.id


def make_batch(session: Session, **values: Any) -> int:
    number = len(session.scalars(select(Batch.id)).all())
    defaults = {"kind": "edit", "actor_kind": "user", "actor": "a@example.org", "summary": {}}
    batch = Batch(**defaults | {"public_id": f"batch_{number}", "created_at": number} | values)
    session.add(batch)
    session.flush()
    return batch.id


def make_change(session: Session, batch: int, field: str, record: int = 1) -> None:
    row = {"batch_id": batch, "record_type": "entry", "record_id": record, "field": field}
    marks = {"old": 1, "new": 2, "old_manual": False, "new_manual": False}
    insert_rows(session, Change, [row | marks])


@pytest.fixture
def log(session: Session) -> list[int]:
    """60 batches of one change: three actors, two kinds, a feed for every fifth; two at a time."""
    feeds = [make_feed(session, "one"), make_feed(session, "two")]
    made = []
    for number in range(60):
        feed = feeds[number % 2] if number % 5 == 0 else None
        batch = make_batch(
            session,
            public_id=f"batch_{number}",
            kind="sync" if feed else "edit",
            actor=f"{'abc'[number % 3]}@example.org",
            actor_kind="feed" if feed else "user",
            feed_id=feed,
            created_at=number // 2,
        )
        make_change(session, batch, FIELDS[number % len(FIELDS)], record=number % 7)
        made.append(batch)
    session.commit()
    return made


def walked(session: Session, wanted: ChangeFilter, limit: int = 7) -> list[int]:
    """All that is found, page by page, towards the older ones."""
    found: list[int] = []
    start = None
    for _page in range(100):
        stretch = find_batches(session, wanted, limit, start)
        assert len(stretch.ids) <= limit
        found += stretch.ids
        start = stretch.further
        if start is None:
            return found
    raise AssertionError("it does not end")


FILTERS: Sequence[tuple[ChangeFilter, Any]] = (
    (ChangeFilter(), lambda _n: True),
    (ChangeFilter(actor="b@example.org"), lambda n: n % 3 == 1),
    (ChangeFilter(kind="sync"), lambda n: n % 5 == 0),
    (ChangeFilter(feed="two"), lambda n: n % 10 == 5),
    (ChangeFilter(feed="none"), lambda _n: False),
    (ChangeFilter(actor="a@example.org", kind="edit"), lambda n: n % 3 == 0 and n % 5),
    (ChangeFilter(feed="one", actor="a@example.org"), lambda n: n % 30 == 0),
    (ChangeFilter(feed="one", kind="edit"), lambda _n: False),
    (ChangeFilter(field="notes"), lambda n: n % 3 == 1),
    (ChangeFilter(field="notes", kind="sync"), lambda n: n % 3 == 1 and n % 5 == 0),
    (ChangeFilter(field="notes", batch="batch_4"), lambda n: n == 4),
    (ChangeFilter(field="notes", batch="batch_5"), lambda _n: False),
    (ChangeFilter(since=10, until=19), lambda n: 20 <= n < 40),
    (ChangeFilter(actor="c@example.org", since=10), lambda n: n % 3 == 2 and n >= 20),
    (ChangeFilter(field="family", until=4), lambda n: n % 3 == 0 and n < 10),
    (ChangeFilter(by_people=True), lambda n: n % 5),
    (ChangeFilter(actor_kind="user"), lambda n: n % 5),
    (ChangeFilter(actor_kind="feed", since=10), lambda n: n % 5 == 0 and n >= 20),
    (ChangeFilter(actor_kind="feed", kind="edit"), lambda _n: False),
    (ChangeFilter(actor_kind="token"), lambda _n: False),
)


@pytest.mark.parametrize("window", [4, 2_000])
@pytest.mark.parametrize(("wanted", "is_meant"), FILTERS, ids=[str(i) for i in range(len(FILTERS))])
def test_pages_hold_all_that_match_once_newest_first(
    session: Session,
    log: list[int],
    monkeypatch: pytest.MonkeyPatch,
    window: int,
    wanted: ChangeFilter,
    is_meant: Any,
) -> None:
    monkeypatch.setattr(change_find, "WINDOW", window)
    meant = [batch for number, batch in enumerate(log) if is_meant(number)][::-1]
    assert walked(session, wanted) == meant
    if window > 60:
        assert count_batches(session, wanted) == (len(meant), True)
        assert count_batches(session, wanted, most=3) == (min(3, len(meant)), len(meant) <= 3)


def test_the_newer_page_is_the_one_before(session: Session, log: list[int]) -> None:
    wanted = ChangeFilter(kind="edit")
    edits = walked(session, wanted)
    place = get_place(session, "after", "batch_31")
    newer = find_batches(session, wanted, 5, place, forward=True)
    at = edits.index(log[31])
    assert newer.ids == edits[at - 5 : at]
    assert newer.further is not None
    newest = find_batches(session, wanted, 50, place, forward=True)
    assert (newest.ids, newest.further) == (edits[:at], None)
    with pytest.raises(ValidationError, match="before names no batch"):
        get_place(session, "before", "batch_x")


def test_what_can_be_chosen_is_what_there_is(session: Session, log: list[int]) -> None:
    assert list_actors(session) == ["a@example.org", "b@example.org", "c@example.org"]
    assert list_kinds(session) == ["edit", "sync"]
    make_feed(session, "silent")
    assert list_sources(session) == ["one", "two"]


def test_nothing_to_choose_in_an_empty_log(session: Session) -> None:
    assert (list_actors(session), list_kinds(session), list_sources(session)) == ([], [], [])
    assert find_batches(session, ChangeFilter(), 5).ids == []


def test_every_way_of_writing_is_found_by_field(session: Session) -> None:
    entry = make_entry(session)
    session.commit()
    edited = edit_record(
        session, EDITOR, "entry", entry.id, {"family": "x"}, default_protection="fields"
    )
    bulk = run_bulk(session, EDITOR, switch("entry", False), Selection("entry"))
    undone = undo_batch(session, EDITOR, str(bulk.batch))
    create_user(session, actor_of(Role.ADMIN), "new@example.org", "correct horse", "viewer")

    def found(field: str) -> list[str]:
        ids = find_batches(session, ChangeFilter(field=field), 9).ids
        rows = select(Batch.id, Batch.public_id).where(Batch.id.in_(ids))
        names = {row.id: row.public_id for row in session.execute(rows)}
        return [names[i] for i in ids]

    assert found("family") == [edited.batch]
    assert found("active") == [undone.batch_id, bulk.batch]
    logged = select(Change.batch_id, Change.field).distinct()
    noted = select(BatchField.batch_id, BatchField.field)
    assert set(session.execute(noted)) == set(session.execute(logged))


def test_a_batch_knows_its_run_feed_and_request(session: Session) -> None:
    feed = make_feed(session, "one")
    batch = make_batch(session, feed_id=feed, request_id="req-1")
    run = SyncRun(public_id="run_1", feed_id=feed, trigger="cli", actor_kind="system", actor="x")
    run.batch_id, run.run_at, run.created_at = batch, 0, 0
    session.add(run)
    session.commit()
    row = get_batch(session, "batch_0")
    assert (row.run_id, row.feed, row.request_id) == ("run_1", "one", "req-1")


@pytest.mark.parametrize("since", ["-1", "253402300800", "x", "0001-01-01", "9999-12-31T24:00"])
def test_moments_beyond_reason_are_refused(since: str) -> None:
    with pytest.raises(ValidationError, match="since must be a day"):
        parse_change_filter({"since": since})
