"""Feeds are read by themselves: once per due time, later after a failure, sooner if it may pass."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.errors import BusyError, FeedError, FeedFormatError, GuardError, RaceError
from app.core.permissions import SYSTEM
from app.models import Feed, SyncRun, db, now
from app.services.runs import LostLeaseError, RunRef, claim_run, hold, request_run
from app.services.schedule import enqueue_due, give_back, note_outcome, wait_after
from app.services.transaction import writing
from tests.support.factories import make_provider
from tests.support.feeds import make_feed

HOUR = 3600
LATER = FeedError("answered 503", transient=True)


def schedule(session: Session, name: str = "hourly", **values: Any) -> int:
    """A feed that is due since a minute, hourly unless said otherwise; its row id."""
    make_feed(session, name)
    with writing(session) as open_session:
        said = {"interval_minutes": 60, "next_run_at": now() - 60} | values
        open_session.execute(update(Feed).where(Feed.name == name).values(said))
    return feed(session, name).id


def feed(session: Session, name: str = "hourly") -> Feed:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Feed).where(Feed.name == name)).one()


def run_of(session: Session, trigger: str = "schedule", **options: Any) -> int:
    return request_run(session, SYSTEM, "hourly", trigger=trigger, **options).id


def test_a_due_feed_gets_a_run_and_its_next_time(session: Session) -> None:
    schedule(session)
    [run] = enqueue_due(session)
    row = session.get_one(SyncRun, run.id)
    assert (row.status, row.trigger, row.actor_kind, row.actor) == (
        "queued",
        "schedule",
        "system",
        "almanac",
    )
    assert 0.98 * HOUR <= (feed(session).next_run_at or 0) - now() <= 1.05 * HOUR
    assert enqueue_due(session) == []


@pytest.mark.parametrize(
    "values",
    [
        {"enabled": False},
        {"interval_minutes": None},
        {"removed_at": 1},
        {"next_run_at": now() + 9999},
    ],
)
def test_a_feed_that_is_off_unscheduled_removed_or_early_is_left_alone(
    session: Session, values: dict[str, Any]
) -> None:
    schedule(session, **values)
    assert enqueue_due(session) == []


def test_the_feed_of_a_deleted_provider_is_left_alone(session: Session) -> None:
    with writing(session) as open_session:
        provider_id = make_provider(open_session, deleted_at=now()).id
    schedule(session, provider_id=provider_id)
    assert enqueue_due(session) == []


def test_a_feed_that_just_got_an_interval_begins_at_once(session: Session) -> None:
    schedule(session, next_run_at=None)
    assert len(enqueue_due(session)) == 1


def test_a_run_under_way_serves_for_the_due_one(session: Session) -> None:
    schedule(session)
    run_of(session, "console")
    assert enqueue_due(session) == []
    assert (feed(session).next_run_at or 0) > now()


def test_a_rehearsal_under_way_only_puts_the_due_run_off(session: Session) -> None:
    schedule(session)
    run_of(session, "console", dry_run=True)
    assert enqueue_due(session) == []
    assert (feed(session).next_run_at or 0) <= now()


def test_two_clocks_make_one_run_of_one_due_time(app: Flask, session: Session) -> None:
    names = [f"feed-{number}" for number in range(8)]
    for name in names:
        schedule(session, name)
    session.rollback()
    clocks, start = 4, Barrier(4)

    def clock(_number: int) -> list[RunRef]:
        with app.app_context():
            start.wait()
            found = enqueue_due(db.session())
            db.session.remove()
            return found

    with ThreadPoolExecutor(clocks) as pool:
        made = [run for found in pool.map(clock, range(clocks)) for run in found]
    made += enqueue_due(session)
    assert len(made) == len({run.id for run in made}) == len(names)
    assert len(session.scalars(select(SyncRun.id)).all()) == len(names)


@pytest.mark.parametrize(
    "error",
    [LATER, BusyError("busy"), RaceError("race"), OperationalError("x", None, Exception())],
)
def test_a_failure_that_may_pass_is_tried_again_soon(session: Session, error: Exception) -> None:
    schedule(session, next_run_at=now() + HOUR)
    run = run_of(session)
    note_outcome(session, run, error)
    assert feed(session).failures == 1
    assert 0 <= (feed(session).next_run_at or 0) - now() <= 60
    note_outcome(session, run, error)
    assert feed(session).failures == 2


@pytest.mark.parametrize(
    "error",
    [
        FeedError("the key was refused"),
        FeedFormatError("no JSON"),
        GuardError("empty"),
        LostLeaseError("taken over"),
        RuntimeError("a mistake of ours"),
    ],
)
def test_a_failure_that_stays_waits_for_the_interval(session: Session, error: Exception) -> None:
    at = now() + HOUR
    schedule(session, next_run_at=at)
    note_outcome(session, run_of(session), error)
    assert (feed(session).failures, feed(session).next_run_at) == (0, at)


def test_success_ends_the_row_of_failures(session: Session) -> None:
    at = now() + HOUR
    schedule(session, next_run_at=at, failures=3)
    note_outcome(session, run_of(session), None)
    assert (feed(session).failures, feed(session).next_run_at) == (0, at)


@pytest.mark.parametrize("options", [{"dry_run": True}, {"path": "other.json"}])
def test_rehearsals_and_other_files_say_nothing_about_a_feed(
    session: Session, options: dict[str, Any]
) -> None:
    schedule(session, failures=3)
    run = run_of(session, "console", **options)
    note_outcome(session, run, None)
    note_outcome(session, run, LATER)
    assert feed(session).failures == 3


def test_a_feed_without_interval_only_counts_its_failures(session: Session) -> None:
    schedule(session, interval_minutes=None, next_run_at=None)
    note_outcome(session, run_of(session, "console"), LATER)
    assert (feed(session).failures, feed(session).next_run_at) == (1, None)


def test_a_server_is_left_alone_for_as_long_as_it_asks(session: Session) -> None:
    schedule(session)
    asked = FeedError("answered 429", transient=True, retry_after=2 * HOUR)
    note_outcome(session, run_of(session), asked)
    assert 2 * HOUR - 5 <= (feed(session).next_run_at or 0) - now() <= 2 * HOUR


def test_waits_grow_to_the_interval_or_six_hours_and_grant_at_most_a_day() -> None:
    def longest(failures: int, interval: int) -> int:
        return max(wait_after(failures, interval) for _ in range(400))

    assert 50 <= longest(1, 24 * HOUR) <= 60
    assert 210 <= longest(3, 24 * HOUR) <= 240
    assert 550 <= longest(12, 600) <= 600
    assert 5 * HOUR <= longest(10_000, 24 * HOUR) <= 6 * HOUR
    assert min(wait_after(3, HOUR) for _ in range(400)) < 30  # spread over all of the wait
    assert wait_after(1, HOUR, 10**12) == 24 * HOUR


def test_a_run_given_back_is_due_at_once_and_the_try_does_not_count(session: Session) -> None:
    schedule(session)
    run = run_of(session)
    assert claim_run(session, "here:1:1") == run
    assert not give_back(session, run, "there:1:1")
    assert give_back(session, run, "here:1:1")
    with pytest.raises(LostLeaseError), writing(session) as open_session:
        hold(open_session, run, "here:1:1", stage="apply")
    assert claim_run(session, "there:1:1") == run
    assert session.get_one(SyncRun, run).attempts == 1
