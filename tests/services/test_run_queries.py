"""Reading sync runs."""

import pytest
from sqlalchemy.orm import Session

from app.core.errors import NotFoundError
from app.core.permissions import Actor, Role
from app.models import Batch, SyncRun
from app.queries.feeds import get_feed
from app.queries.runs import get_run, latest_runs, list_runs, run_json
from app.services.feeds import add_feed

ADMIN = Actor("user", "ann", Role.ADMIN)


@pytest.fixture
def runs(session: Session) -> list[str]:
    """Three runs of one feed, one of another."""
    for name in ("one", "two"):
        add_feed(session, ADMIN, name, "models_dev")
    batch = Batch(public_id="batch_1", kind="sync", actor_kind="feed", actor="one", created_at=1)
    session.add(batch)
    session.flush()
    for number, (name, status) in enumerate(
        (("one", "applied"), ("one", "failed"), ("two", "planned"), ("one", "queued"))
    ):
        session.add(
            SyncRun(
                public_id=f"run_{number}",
                feed_id=get_feed(session, name).id,
                trigger="api",
                actor_kind="user",
                actor="ann",
                status=status,
                batch_id=batch.id if status == "applied" else None,
                run_at=100,
                created_at=100 + number,
            )
        )
    session.commit()
    return [f"run_{number}" for number in range(4)]


def test_runs_are_listed_newest_first(session: Session, runs: list[str]) -> None:
    page = list_runs(session, limit=3)
    assert ([row.public_id for row in page.rows], page.total) == (["run_3", "run_2", "run_1"], 4)
    assert [row.public_id for row in list_runs(session, limit=3, offset=3).rows] == runs[:1]


def test_runs_are_found_by_feed_and_status(session: Session, runs: list[str]) -> None:
    found = list_runs(session, feed="one", limit=10)
    assert [row.public_id for row in found.rows] == [runs[3], runs[1], runs[0]]
    assert [row.public_id for row in list_runs(session, status="planned", limit=9).rows] == [
        runs[2]
    ]
    assert list_runs(session, feed="two", status="failed", limit=9).total == 0


def test_the_latest_runs_of_a_feed(session: Session, runs: list[str]) -> None:
    feed = get_feed(session, "one")
    assert [row.public_id for row in latest_runs(session, feed.id, 2)] == [runs[3], runs[1]]


def test_a_run_says_all_of_itself(session: Session, runs: list[str]) -> None:
    assert run_json(get_run(session, runs[0])) == {
        "id": "run_0",
        "feed": "one",
        "status": "applied",
        "stage": None,
        "trigger": "api",
        "dry_run": False,
        "counts": None,
        "entries": None,
        "error": None,
        "batch_id": "batch_1",
        "created_at": 100,
        "started_at": None,
        "finished_at": None,
    }
    assert get_run(session, runs[3]).is_open


def test_an_unknown_run_is_named(session: Session) -> None:
    with pytest.raises(NotFoundError, match="there is no sync run 'run_9'"):
        get_run(session, "run_9")
