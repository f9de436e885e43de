"""The consumer inside a process: what it does, how often at once, and what stops it."""

import json
import pickle
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.core.errors import FeedError
from app.core.permissions import SYSTEM
from app.jobs.consumer import RunningConsumer
from app.jobs.drain import Drain
from app.jobs.election import AdvisoryLock, FileLock
from app.jobs.nudge import EXTENSION, Nudger, nudge
from app.jobs.performer import Performer, Work
from app.jobs.standby import Standby
from app.jobs.storage import open_storage
from app.jobs.tasks import ask, declare
from app.models import Delivery, Feed, SyncRun, db, now
from app.services.heartbeat import Heartbeat
from app.services.runs import LostLeaseError, claim_run, finish, renew_lease, request_run
from app.services.transaction import writing
from app.services.webhooks import emit
from tests.support.database import make_settings
from tests.support.feeds import make_feed
from tests.support.postgres import PostgresServer
from tests.support.processes import wait_until
from tests.support.webhooks import make_webhook

NOBODY = "redis://127.0.0.1:1/0"


class Fake:
    """Does runs by ending them; ``before`` may wait or fail."""

    def __init__(self, before: Callable[..., None] = lambda **_: None) -> None:
        self.before = before
        self.done: list[int] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def __call__(self, session: Session, run_id: int, holder: str, **options: Any) -> None:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            self.before(**options)
            with writing(session) as open_session:
                finish(open_session, run_id, holder, "applied")
            self.done.append(run_id)
        finally:
            with self._lock:
                self.at_once -= 1


@pytest.fixture
def work(app: Flask, tmp_path: Path) -> Iterator[Callable[..., Work]]:
    """Makes work on the test's database, whose queue is a file of its own."""

    def make(perform: Fake, **changes: Any) -> Work:
        with app.app_context():
            engine = db.engine
        settings = make_settings(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, **changes)
        return Work(engine, settings, perform, lambda *_args, **_options: 0, beat=0.1)

    yield make
    wait_until(lambda: not any(t.name.startswith("lease-") for t in threading.enumerate()))


def ask_for(session: Session, *names: str) -> list[int]:
    for name in names:
        make_feed(session, name)
    runs = [request_run(session, SYSTEM, name, trigger="console").id for name in names]
    session.rollback()
    return runs


def status(session: Session, run: int) -> str | None:
    session.rollback()
    return session.scalar(select(SyncRun.status).where(SyncRun.id == run))


def test_all_that_is_due_is_done(session: Session, work: Callable[..., Work]) -> None:
    fake = Fake()
    runs = ask_for(session, "a", "b", "c")
    Performer(work(fake)).do_runs()
    assert fake.done == runs
    assert {status(session, run) for run in runs} == {"applied"}


def test_two_runs_go_on_at_once_and_no_more(session: Session, work: Callable[..., Work]) -> None:
    fake = Fake(lambda **_: time.sleep(0.2))
    runs = ask_for(session, *"abcde")
    performer = Performer(work(fake), threads=2)
    threads = [threading.Thread(target=performer.do_runs) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fake.done) == runs
    assert fake.most_at_once == 2


def test_a_run_that_fails_is_noted_with_its_feed_and_stops_no_other(
    session: Session, work: Callable[..., Work]
) -> None:
    failures = [FeedError("answered 503", transient=True), RuntimeError("a mistake of ours")]

    def fail(**_: Any) -> None:
        if failures:
            raise failures.pop(0)

    fake = Fake(fail)
    runs = ask_for(session, "a", "b", "c")
    Performer(work(fake)).do_runs()
    assert fake.done == runs[2:]
    session.rollback()
    assert session.scalar(select(Feed.failures).where(Feed.name == "a")) == 1


def test_old_deliveries_are_removed_once_a_day(
    session: Session, work: Callable[..., Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    def delivered(session: Session) -> int:
        session.rollback()
        return session.scalar(select(func.count()).select_from(Delivery)) or 0

    def add_old() -> None:
        with writing(session) as open_session:
            old = {"state": "delivered", "delivered_at": 1}
            open_session.execute(update(Delivery).values(old))

    with writing(session) as open_session:
        make_webhook(open_session)
        emit(open_session, "sync.applied", {})
    add_old()
    performer = Performer(work(Fake()))
    performer.tidy()
    assert delivered(session) == 1
    at = time.monotonic()
    monkeypatch.setattr("app.jobs.performer.time.monotonic", lambda: at + 601)
    performer.tidy()
    assert delivered(session) == 0
    with writing(session) as open_session:
        emit(open_session, "sync.applied", {})
    add_old()
    performer.tidy()
    assert delivered(session) == 1


def test_a_lease_is_renewed_while_the_work_goes_on(
    session: Session, work: Callable[..., Work]
) -> None:
    def look(**_: Any) -> None:
        with writing(session) as open_session:
            open_session.execute(update(SyncRun).values(lease_until=now() + 5))
        wait_until(lambda: lease(session) > now() + 30)

    [run] = ask_for(session, "a")
    Performer(work(Fake(look))).do_runs()
    assert status(session, run) == "applied"


def lease(session: Session) -> int:
    session.rollback()
    return session.scalar(select(SyncRun.lease_until)) or 0


def test_work_on_a_lost_lease_stops_at_its_next_step(
    session: Session, work: Callable[..., Work]
) -> None:
    def lose(progress: Callable[[str, int, int], None], **_: Any) -> None:
        with writing(session) as open_session:
            open_session.execute(update(SyncRun).values(holder="elsewhere:1:1"))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            progress("parse", 1, 4)
            time.sleep(0.02)

    fake = Fake(lose)
    [run] = ask_for(session, "a")
    Performer(work(fake)).do_runs()
    assert fake.done == []
    assert status(session, run) == "running"  # the other one's
    assert session.scalar(select(Feed.failures).where(Feed.name == "a")) == 0


def test_a_lease_that_cannot_be_renewed_now_is_renewed_later(
    session: Session, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    [run] = ask_for(session, "a")
    claim_run(session, "here:1:1")
    session.rollback()
    renewed = threading.Event()
    troubles = [OSError("the database is away")]

    def renew(*args: Any) -> None:
        if troubles:
            raise troubles.pop()
        renew_lease(*args)
        renewed.set()

    monkeypatch.setattr("app.services.heartbeat.renew_lease", renew)
    with Heartbeat(db.engine, run, "here:1:1", pause=0.05) as heartbeat:
        assert renewed.wait(10)
        heartbeat.check()
        heartbeat.lose()
        with pytest.raises(LostLeaseError):
            heartbeat.check()


def test_who_comes_while_all_are_busy_leaves_and_is_not_forgotten() -> None:
    left, first, go_on = [1], threading.Event(), threading.Event()

    def once() -> bool:
        if not left:
            return False
        left.pop()
        first.set()
        go_on.wait(10)
        return bool(left)

    drain = Drain(once, 1)
    thread = threading.Thread(target=drain)
    thread.start()
    assert first.wait(10)
    drain()  # returns at once
    assert not drain.wait(0)
    left.append(2)
    go_on.set()
    thread.join(10)
    assert left == []
    drain.stop()
    left.append(3)
    drain()
    assert left == [3]


def test_a_consumer_does_what_it_is_nudged_to(session: Session, work: Callable[..., Work]) -> None:
    fake = Fake()
    doing = work(fake)
    consumer = RunningConsumer(doing)
    try:
        nudger = Nudger(doing.settings)
        time.sleep(0.5)  # the first tick is over
        [run] = ask_for(session, "a")
        assert nudger.ask("work")
        wait_until(lambda: fake.done == [run])
    finally:
        assert consumer.stop(10)


def test_a_message_that_is_due_between_two_ticks_is_sent_in_seconds(
    session: Session, work: Callable[..., Work]
) -> None:
    doing, sent = work(Fake()), threading.Event()

    def deliver(*_args: Any, **_options: Any) -> int:
        sent.set()
        return 0

    doing.deliver = deliver
    consumer = RunningConsumer(doing)
    try:
        time.sleep(0.5)  # the first tick is over
        with writing(session) as open_session:
            make_webhook(open_session)
            emit(open_session, "sync.applied", {})
        assert sent.wait(20)
    finally:
        assert consumer.stop(10)


def test_without_its_queue_a_consumer_still_does_what_is_due(
    session: Session, work: Callable[..., Work], caplog: pytest.LogCaptureFixture
) -> None:
    fake = Fake()
    [run] = ask_for(session, "a")
    consumer = RunningConsumer(work(fake, redis_url=NOBODY))
    try:
        wait_until(lambda: fake.done == [run])
    finally:
        assert consumer.stop(10)
    assert [record for record in caplog.records if record.exc_info] == []


def test_a_queue_that_is_away_fails_no_request(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    settings = make_settings(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, redis_url=NOBODY)
    nudger = app.extensions[EXTENSION] = Nudger(settings)
    try:
        [run] = ask_for(session, "a")
        begun = time.monotonic()
        nudge()
        nudge()  # does not even try
        assert time.monotonic() - begun < 1
        assert not nudger.ask("work")
    finally:
        del app.extensions[EXTENSION]
    assert status(session, run) == "queued"


def test_a_folder_that_cannot_hold_the_queue_fails_no_request(tmp_path: Path) -> None:
    settings = make_settings(f"sqlite:///{tmp_path / 'x.db'}", tmp_path / "missing")
    assert not Nudger(settings).ask("work")


def test_messages_to_webhooks_are_asked_for_after_the_commit_only(
    app: Flask, session: Session
) -> None:
    asked: list[tuple[str, int]] = []

    class Listening(Nudger):
        def __init__(self) -> None:
            pass

        def ask(self, name: str) -> bool:
            with db.engine.connect() as other:
                asked.append((name, other.scalar(text("SELECT count(*) FROM deliveries")) or 0))
            return True

    with writing(session) as open_session:
        make_webhook(open_session)
    app.extensions[EXTENSION] = Listening()
    try:
        with writing(session, keep=False) as open_session:
            emit(open_session, "sync.applied", {})
        with writing(session):
            pass
        assert asked == []
        with writing(session) as open_session:
            emit(open_session, "sync.applied", {})
        assert asked == [("deliver", 1)]
    finally:
        del app.extensions[EXTENSION]


def test_a_message_is_a_name_and_nothing_else(tmp_path: Path) -> None:
    huey = open_storage(make_settings(f"sqlite:///{tmp_path / 'x.db'}", tmp_path))
    declare(huey, None)
    assert ask(huey, "work")
    [stored] = huey.storage.enqueued_items()
    assert json.loads(bytes(stored))[1] == "app.jobs.tasks.work"
    assert huey.dequeue().name == "work"
    huey.storage.enqueue(pickle.dumps(print))
    with pytest.raises(ValueError):
        huey.dequeue()
    assert (tmp_path / "queue.db").stat().st_mode & 0o077 == 0
    huey.storage.close()


def test_the_queue_lives_in_redis_else_in_postgresql_else_in_a_file(
    tmp_path: Path, postgres: PostgresServer
) -> None:
    file, server = f"sqlite:///{tmp_path / 'x.db'}", postgres.create()
    for url, changes, kind in (
        (file, {}, "SqliteHuey"),
        (server, {}, "PostgresHuey"),
        (server, {"redis_url": NOBODY}, "RedisHuey"),
    ):
        huey = open_storage(make_settings(url, tmp_path, **changes))
        assert type(huey).__name__ == kind
        huey.storage.close()


def test_a_file_lock_is_one_processs_and_free_again_after_it(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    assert (first.is_held(), second.is_held()) == (True, False)
    first.release()
    assert second.acquire()
    second.release()


@pytest.mark.engines("postgresql")
def test_a_lock_of_a_session_that_was_cut_is_anothers(session: Session) -> None:
    first, second = AdvisoryLock(db.engine), AdvisoryLock(db.engine)
    assert first.acquire()
    assert not second.acquire()
    assert first.is_held()
    cut(session)
    assert not first.is_held()
    wait_until(lambda: try_to(second))
    first.release()
    second.release()


def cut(session: Session) -> None:
    """End the session that holds the lock, as a restart of the server would."""
    holding = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    )
    session.execute(text(holding))
    session.rollback()


def try_to(lock: AdvisoryLock) -> bool:
    return lock.acquire()


def test_who_stands_by_consumes_again_after_losing_the_lock(
    session: Session, work: Callable[..., Work], engine_kind: str
) -> None:
    fake = Fake()
    [run] = ask_for(session, "a")
    standby = Standby(work(fake), pause=0.1)
    standby.start()
    try:
        wait_until(lambda: fake.done == [run])
        if engine_kind == "postgresql":
            [other] = ask_for(session, "b")  # found by the first look of the one that follows
            cut(session)
            wait_until(lambda: fake.done == [run, other])
    finally:
        standby.end()
        standby.join(10)
    assert not standby.is_alive()
