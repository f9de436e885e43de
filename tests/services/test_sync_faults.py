"""Runs whose process, database or lease goes away: a clean end, and the next one completes."""

import signal
import socket
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, event, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.core.errors import BusyError, ConflictError
from app.core.permissions import SYSTEM
from app.models import Batch, Claim, Delivery, Feed, ProviderModel, SyncItem, SyncRun, db
from app.services.runs import LostLeaseError, claim_run, holder_name, is_gone, request_run
from app.services.sync import perform_run, sync_feed
from tests.support.database import make_settings, migrated_app
from tests.support.feeds import answer, filler, make_feed, model
from tests.support.postgres import running_postgres
from tests.support.processes import wait_until
from tests.support.webhooks import make_webhook

FEED = "models-dev"
DEAD = f"{socket.gethostname()[:80]}:999999999:1"
ELSEWHERE = "another-host:1:1"


def sync(session: Session, path: Path, body: bytes, **how: Any) -> Any:
    path.write_bytes(body)
    return sync_feed(session, SYSTEM, FEED, path=str(path), **how)


def runs(session: Session) -> list[tuple[str, str | None]]:
    session.rollback()
    found = session.execute(select(SyncRun.status, SyncRun.error_code).order_by(SyncRun.id))
    return [(status, code) for status, code in found]


def begin(session: Session, holder: str, *, attempts: int = 1, **how: Any) -> int:
    """A run that somebody works on."""
    run = request_run(session, SYSTEM, FEED, trigger="cli", **how).id
    assert claim_run(session, holder, run_id=run) == run
    session.execute(update(SyncRun).where(SyncRun.id == run).values(attempts=attempts))
    session.commit()
    return run


def written(session: Session) -> dict[str, int]:
    session.rollback()
    tables = (Batch, Claim, ProviderModel, SyncItem, Delivery)
    return {
        table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
        for table in tables
    }


def lease_ends(session: Session) -> None:
    session.rollback()
    session.execute(update(SyncRun).where(SyncRun.status == "running").values(lease_until=1))
    session.commit()


def test_a_process_that_ended_is_gone_even_before_its_parent_looked_after_it() -> None:
    assert not is_gone(holder_name())
    assert not is_gone(ELSEWHERE)
    child = subprocess.Popen(["sleep", "60"])
    began = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    holder = f"{socket.gethostname()[:80]}:{child.pid}:{began}"
    assert not is_gone(holder)
    child.kill()
    wait_until(lambda: is_gone(holder), 5)
    child.wait()
    assert is_gone(holder)


def test_the_run_of_a_process_that_is_gone_is_taken_over_at_once(
    session: Session, tmp_path: Path
) -> None:
    make_feed(session)
    path = tmp_path / "a.json"
    begin(session, DEAD, path=str(path))
    assert sync(session, path, answer(filler(3))).counts["added"] == 3
    assert runs(session) == [("applied", None)]


def test_a_run_that_was_interrupted_too_often_does_not_stop_the_next(
    session: Session, tmp_path: Path
) -> None:
    make_feed(session)
    path = tmp_path / "a.json"
    begin(session, DEAD, attempts=3, path=str(path))
    assert sync(session, path, answer(filler(3))).counts["added"] == 3
    assert runs(session) == [("failed", "interrupted"), ("applied", None)]


def test_another_kind_of_run_need_not_wait_for_one_that_nobody_works_on(
    session: Session, tmp_path: Path
) -> None:
    make_feed(session)
    begin(session, DEAD, path="a file that is gone", dry_run=True)
    assert sync(session, tmp_path / "a.json", answer(filler(3))).counts["added"] == 3
    assert runs(session) == [("failed", "interrupted"), ("applied", None)]
    begin(session, ELSEWHERE, path="another file")
    with pytest.raises(ConflictError, match="under way"):
        sync(session, tmp_path / "a.json", answer(filler(4)))
    assert runs(session)[2:] == [("running", None)]


def test_of_many_that_ask_at_once_one_gets_a_run_and_one_the_lease(
    app: Flask, session: Session
) -> None:
    make_feed(session)
    session.commit()

    def ask(number: int) -> tuple[bool, bool]:
        with app.app_context():
            own = db.session()
            ref = request_run(own, SYSTEM, FEED, trigger="api")
            claimed = claim_run(own, f"another-host:{number}:1", run_id=ref.id)
            db.session.remove()
            return ref.is_new, claimed is not None

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert [sum(column) for column in zip(*answers, strict=True)] == [1, 1]
    assert runs(session) == [("running", None)]


@contextmanager
def when(engine: Engine, statement: str, then: Callable[[Any], object]) -> Iterator[list[str]]:
    """Calls once, in the middle of a transaction, before the statement of that beginning.

    It is given the driver's connection.
    """
    seen: list[str] = []

    def before(_c: Any, cursor: Any, sent: str, *_rest: Any) -> None:
        if sent.startswith(statement) and not seen:
            seen.append(sent)
            then(cursor.connection)

    event.listen(engine, "before_cursor_execute", before)
    yield seen
    event.remove(engine, "before_cursor_execute", before)


def test_a_run_whose_lease_another_took_meanwhile_writes_nothing(
    session: Session, tmp_path: Path, engine_kind: str
) -> None:
    make_feed(session)
    make_webhook(session)
    session.commit()
    path = tmp_path / "a.json"
    path.write_bytes(answer(filler(5)))
    run = begin(session, holder_name(), path=str(path))
    before = written(session)
    other = create_engine(session.connection().engine.url)
    session.rollback()

    def take_over(driver: Any) -> None:
        taken = update(SyncRun).where(SyncRun.id == run).values(holder=ELSEWHERE)
        if engine_kind == "sqlite":  # nobody else can write now; it looks as if somebody had
            driver.execute("UPDATE sync_runs SET holder = ?", (ELSEWHERE,))
        else:
            with other.begin() as connection:
                connection.execute(taken)

    with (
        when(db.engine, "INSERT INTO sync_items", take_over) as seen,
        pytest.raises(LostLeaseError),
    ):
        perform_run(session, run, holder_name(), vault=None, allow_private=True)
    other.dispose()
    assert len(seen) == 1
    assert written(session) == before
    assert session.scalars(select(Feed.last_error)).one() is None
    holder = holder_name() if engine_kind == "sqlite" else ELSEWHERE
    assert session.execute(select(SyncRun.status, SyncRun.holder)).one() == ("running", holder)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("soon", [True, False], ids=["a while", "longer than a run waits"])
def test_a_locked_database_is_waited_for_and_then_given_up(
    session: Session, tmp_path: Path, soon: bool
) -> None:
    make_feed(session)
    path = tmp_path / "a.json"
    sync(session, path, answer(filler(5)))
    before = written(session)
    session.connection().exec_driver_sql("PRAGMA busy_timeout=50")
    session.rollback()
    file = str(session.connection().engine.url.database)
    session.rollback()
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        stages: list[str] = []

        def progress(stage: str, _done: int, _total: int) -> None:
            stages.append(stage)
            if stage == "apply" and len(stages) == 4:
                other.execute("BEGIN IMMEDIATE")
            elif soon and len(stages) == 5:
                other.rollback()

        body = answer(filler(6) | {"gpt-4": model()})
        if soon:
            assert sync(session, path, body, progress=progress).counts["added"] == 2
            return
        with pytest.raises(BusyError):
            sync(session, path, body, progress=progress)
        assert written(session) == before
        other.rollback()
    assert runs(session)[1:] == [("running", None)]
    lease_ends(session)
    assert sync(session, path, body).counts["added"] == 2
    assert runs(session)[1:] == [("applied", None)]


def test_postgresql_stopped_during_apply_leaves_nothing_half_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with running_postgres(synchronous_commit="on") as server:
        app = migrated_app(make_settings(server.create(), tmp_path))
        with app.app_context():
            session = db.session()
            make_feed(session)
            make_webhook(session)
            session.commit()
            sync(session, path, answer(filler(5)))
            before, body = written(session), answer(filler(6) | {"gpt-4": model()})
            for number, statement in enumerate(
                ("INSERT INTO batches", "INSERT INTO claims", "INSERT INTO sync_items"), 1
            ):
                with when(
                    db.engine, statement, lambda _driver: server.stop(signal.SIGQUIT)
                ) as seen:
                    with pytest.raises(OperationalError) as failed:
                        sync(session, path, body)
                    assert len(seen) == 1
                assert "could not be noted" in "".join(failed.value.__notes__)
                server.start()
                with suppress(OperationalError):
                    session.execute(text("SELECT 1"))
                assert written(session) == before
                run = session.scalars(select(SyncRun).where(SyncRun.status == "running")).one()
                assert run.attempts == number
                lease_ends(session)
            result = sync(session, path, body)
            assert result.counts["added"] == 2
            assert runs(session)[1:] == [("failed", "interrupted"), ("applied", None)]
            db.session.remove()
            db.engine.dispose()
