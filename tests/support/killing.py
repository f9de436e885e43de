"""Processes of Almanac that are killed at random moments, and what must be true afterwards."""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.core.permissions import SYSTEM
from app.models import (
    Batch,
    CatalogEntry,
    Claim,
    Delivery,
    Feed,
    Override,
    ProviderModel,
    SyncItem,
    SyncRun,
    db,
)
from app.queries.states import TABLES, load_records
from app.services.decide import settled
from app.services.feeds import add_feed
from app.services.records import edit_record
from app.services.review import decide_items
from app.services.run_actions import revert_run
from app.services.sync import sync_feed
from tests.bench.feed_documents import document
from tests.support.feeds import EDITOR
from tests.support.processes import Installation
from tests.support.webhooks import make_webhook

FEED = "killed"
WAITING = select(SyncItem.id).where(SyncItem.state == "waiting")
# Forked from a process in which Almanac is loaded already: a start takes milliseconds.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "app.factory", "app.cli"])
State = dict[tuple[str, int], dict[str, Any]]


@dataclass
class Outcome:
    """What came of one kill: what was killed, and at which stage; None: it was done already."""

    work: str
    stage: str | None


@dataclass
class Victims:
    """An installation whose processes are killed, and what people decided there."""

    almanac: Installation
    chance: random.Random
    size: int
    turn: int = 0
    manual: State = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    @property
    def answer(self) -> Path:
        """Where the feed's answer lies."""
        return self.almanac.folder / "answer.json"

    def next_answer(self) -> None:
        """The feed says something else of every model, and a tenth of them come and go."""
        self.turn += 1
        size = self.size - (self.size // 10 if self.turn % 2 else 0)
        self.answer.write_bytes(document(size, self.turn))

    def start(self) -> None:
        """First import, some decisions of people, and a webhook that is told of every sync."""
        self.answer.write_bytes(document(self.size))
        with self.almanac.session() as session:
            add_feed(session, SYSTEM, FEED, "models_dev", path=str(self.answer))
            make_webhook(session, events=["sync.applied"])
            session.commit()
            sync_feed(session, SYSTEM, FEED)
            self._decide(session, "entry", "family")
            self._decide(session, "provider_model", "category")

    def _decide(self, session: Session, record_type: RecordType, name: str) -> None:
        ids = session.scalars(select(TABLES[record_type].id)).all()
        for pk in self.chance.sample(list(ids), 15):
            edit_record(session, EDITOR, record_type, pk, {name: f"mine-{pk}"})
            self.manual[record_type, pk] = {name: f"mine-{pk}"}


def sync_by_command(path: str) -> None:
    """What `almanac sync` does, in this process."""
    from app.cli import almanac

    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        almanac(["sync", FEED, "--file", path], prog_name="almanac", standalone_mode=False)


def decide_all(session: Session) -> None:
    """Approve all that waits."""
    decide_items(session, EDITOR, "approve", WAITING)


def revert_last(session: Session) -> None:
    """Take the newest applied run back."""
    applied = select(SyncRun.public_id).where(
        SyncRun.status == "applied", SyncRun.batch_id.is_not(None)
    )
    newest = session.scalars(applied.order_by(SyncRun.id.desc()).limit(1)).one()
    revert_run(session, EDITOR, newest)


ACTS: dict[str, Callable[[Session], None]] = {"approve": decide_all, "revert": revert_last}


def _child(ready: Connection, environ: dict[str, str], work: str, path: str) -> None:
    os.environ.update(environ)
    if work == "sync":
        ready.send(os.getpid())
        sync_by_command(path)
        return
    from app.factory import create_app

    with create_app().app_context():
        db.session.execute(select(1))
        ready.send(os.getpid())
        ACTS[work](db.session())


def run_child(victims: Victims, work: str, kill_after: float | None) -> float:
    """Do work in a process of its own; kill it after so many seconds, or let it end.

    Returns how long it ran.
    """
    here, there = _FORKS.Pipe(duplex=False)
    arguments = (there, victims.almanac.environ, work, str(victims.answer))
    process = _FORKS.Process(target=_child, args=arguments)
    process.start()
    there.close()
    pid = here.recv()
    start = time.perf_counter()
    if kill_after is not None:
        process.join(kill_after)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.join(60)
    took = time.perf_counter() - start
    assert kill_after is not None or process.exitcode == 0, (work, process.exitcode)
    process.close()
    here.close()
    return took


def kill_once(victims: Victims, work: str) -> Outcome:
    """Begin some work, kill it at a random moment, look at the database, and do the work."""
    _prepare(victims, work)
    usual = victims.took.get(work)
    if usual is None:
        victims.took[work] = usual = run_child(victims, work, None)
        _prepare(victims, work)
    before = _newest_run(victims)
    run_child(victims, work, victims.chance.uniform(usual / 3, usual * 1.05))
    with victims.almanac.session() as session:
        stage = _stage(session, work)
        if work == "sync" and _newest_run(victims) == before:
            stage = "not begun"
        check(session, victims.manual)
        # Found to be done already: the next one of its kind is killed earlier, else later.
        victims.took[work] = usual * (0.75 if stage is None else 1.15)
        _finish(session, victims, work)
        check(session, victims.manual)
        under_way = select(func.count()).where(SyncRun.status.in_(("queued", "running")))
        assert session.scalar(under_way) == 0
    return Outcome(work, stage)


def _newest_run(victims: Victims) -> int:
    with victims.almanac.session() as session:
        return session.scalar(select(func.max(SyncRun.id))) or 0


def _prepare(victims: Victims, work: str) -> None:
    """Something to do for the work."""
    victims.next_answer()
    if work == "sync":
        return
    with victims.almanac.session() as session:
        mode = {"approve": "review", "revert": "auto"}[work]
        session.execute(update(Feed).values(mode=mode))
        session.commit()
        sync_feed(session, SYSTEM, FEED, path=str(victims.answer))
        session.execute(update(Feed).values(mode="auto"))
        session.commit()


def _stage(session: Session, work: str) -> str | None:
    """Where the killed process was; None: it had done its work."""
    if work != "sync":
        kind = {"approve": "review", "revert": "undo"}[work]
        newest = select(Batch.kind).order_by(Batch.id.desc()).limit(1)
        return None if session.scalar(newest) == kind else work
    run = session.scalars(select(SyncRun).order_by(SyncRun.id.desc()).limit(1)).one()
    if run.status == "running":
        return run.stage
    return "queued" if run.status == "queued" else None


def _finish(session: Session, victims: Victims, work: str) -> None:
    """The next of its kind starts at once, and completes."""
    if work == "sync":
        result = sync_feed(session, SYSTEM, FEED, path=str(victims.answer))
        run = session.scalars(select(SyncRun).where(SyncRun.public_id == result.run_id)).one()
        assert run.status == "applied", run.error
    elif _stage(session, work) is not None:
        ACTS[work](session)


def check(session: Session, manual: State) -> None:
    """All that is written belongs together, and nobody's decision is lost."""
    session.rollback()
    _check_engine(session)
    _check_references(session)
    _check_told(session)
    for record_type in TABLES:
        _check_records(session, record_type, manual)
    session.rollback()


def _check_engine(session: Session) -> None:
    if session.connection().dialect.name == "sqlite":
        assert session.execute(text("PRAGMA integrity_check")).all() == [("ok",)]
        assert session.execute(text("PRAGMA foreign_key_check")).all() == []


def _check_references(session: Session) -> None:
    entries = select(CatalogEntry.id)
    lost = select(func.count()).where(ProviderModel.entry_id.not_in(entries))
    assert session.scalar(lost) == 0
    for record_type, table in TABLES.items():
        claims = select(func.count()).where(
            Claim.record_type == record_type, Claim.record_id.not_in(select(table.id))
        )
        assert session.scalar(claims) == 0, record_type
    once = select(Claim.feed_id).group_by(Claim.feed_id, Claim.record_type, Claim.record_id)
    assert session.scalars(once.having(func.count() > 1)).all() == []


def _check_told(session: Session) -> None:
    """Items, runs, batches and messages are of the same transactions."""
    applied = SyncItem.state == "applied"
    no_batch = SyncItem.batch_id.is_(None) | SyncItem.batch_id.not_in(select(Batch.id))
    assert session.scalar(select(func.count()).where(applied, no_batch)) == 0
    with_batch = (SyncRun.batch_id.is_not(None), SyncRun.status.in_(("applied", "reverted")))
    runs = set(session.scalars(select(SyncRun.public_id).where(*with_batch)))
    batches = session.scalar(select(func.count()).where(Batch.kind == "sync"))
    told = [payload["data"]["run_id"] for payload in session.scalars(select(Delivery.payload))]
    assert batches == len(runs)
    assert sorted(told) == sorted(runs)
    unfinished = select(func.count()).where(
        applied, SyncItem.run_id.in_(select(SyncRun.id).where(SyncRun.status == "running"))
    )
    assert session.scalar(unfinished) == 0


def _check_records(session: Session, record_type: RecordType, manual: State) -> None:
    """Every record is what claims and people say, no more and no less."""
    ids = session.scalars(select(TABLES[record_type].id)).all()
    for record in load_records(session, record_type, ids).values():
        assert not settled(record, 0).has_effect(), (record_type, record.public_id)
    mine = {pk: values for (kind, pk), values in manual.items() if kind == record_type}
    rows = select(Override.record_id, Override.field, Override.value)
    found: dict[int, dict[str, Any]] = {}
    for pk, name, value in session.execute(rows.where(Override.record_type == record_type)):
        found.setdefault(pk, {})[name] = value
    assert found == mine, json.dumps([found, mine])[:500]
    for pk, record in load_records(session, record_type, mine).items():
        assert {name: record.state.values[name] for name in mine[pk]} == mine[pk]


def kill_loop(
    victims: Victims, kills: int, say: Callable[[str], None] = lambda _line: None
) -> Counter[tuple[str, str]]:
    """So many kills; returns how many hit which work at which stage."""
    works = ("sync", "sync", "sync", "approve", "revert")
    hits: Counter[tuple[str, str]] = Counter()
    for number in range(kills):
        outcome = kill_once(victims, works[number % len(works)])
        hits[outcome.work, outcome.stage or "done already"] += 1
        say(f"{number + 1:4} {outcome.work:8} {outcome.stage or 'done already'}")
    return hits
