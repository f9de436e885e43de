"""Almanac as it really runs: installations of their own, and processes that can be killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import SyncRun, db
from app.services.feeds import add_feed
from app.services.runs import request_run
from tests.support.database import ENCRYPTION_KEY, SECRET_KEY, make_settings, migrated_app
from tests.support.paths import ROOT

CONSUMES = re.compile(r'"holder": "[^"]*?:(\d+):\d+", "event": "jobs are consumed here"')


@dataclass
class Process:
    """A child and what it has said."""

    popen: subprocess.Popen[bytes]
    log: Path

    def said(self) -> str:
        """Everything so far, both streams."""
        return self.log.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT, seconds: float = 20) -> int:
        """Send a signal and wait; the exit code."""
        self.popen.send_signal(number)
        return self.popen.wait(seconds)


@dataclass
class Installation:
    """A migrated database and a data folder, for processes of the command `almanac`."""

    app: Flask
    folder: Path
    environ: dict[str, str]
    processes: list[Process] = field(default_factory=list)

    def start(self, *arguments: str, **environ: str) -> Process:
        """Start `almanac` with the arguments."""
        log = self.folder / f"log-{len(self.processes)}"
        own = {k: v for k, v in os.environ.items() if not k.startswith("ALMANAC_")}
        with log.open("wb") as output:
            child = subprocess.Popen(
                [sys.executable, "-m", "app.cli", *arguments],
                cwd=ROOT,
                env=own | self.environ | environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        process = Process(child, log)
        self.processes.append(process)
        return process

    def add_feed(self, url: str, name: str = "list") -> None:
        """Register a feed of the OpenAI-compatible kind."""
        with self.session() as session:
            add_feed(session, SYSTEM, name, "openai_compatible", url=url)

    def request(self, name: str = "list") -> int:
        """Ask for a run, without telling anybody; its row id."""
        with self.session() as session:
            return request_run(session, SYSTEM, name, trigger="console").id

    def run(self, run_id: int) -> SyncRun:
        """The run as it is now."""
        with self.session() as session:
            run = session.get_one(SyncRun, run_id)
            session.expunge(run)
            return run

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session of the test's own process."""
        with self.app.app_context():
            yield db.session()
            db.session.remove()

    def consumers(self) -> list[int]:
        """The process ids of those that said that they consume, in the order of time."""
        said = "".join(process.said() for process in self.processes)
        return [int(pid) for pid in CONSUMES.findall(said)]


@contextmanager
def installation(database_url: str, folder: Path) -> Iterator[Installation]:
    """An empty installation; at the end all its processes are killed."""
    app = migrated_app(make_settings(database_url, folder))
    environ = {
        "ALMANAC_DATABASE_URL": database_url,
        "ALMANAC_DATA_DIR": str(folder),
        "ALMANAC_SECRET_KEY": SECRET_KEY,
        "ALMANAC_ENCRYPTION_KEYS": ENCRYPTION_KEY,
    }
    made = Installation(app, folder, environ)
    try:
        yield made
    finally:
        for process in made.processes:
            if process.popen.poll() is None:
                process.popen.send_signal(signal.SIGINT)
        for process in made.processes:
            try:
                process.popen.wait(15)
            except subprocess.TimeoutExpired:
                process.popen.kill()
                process.popen.wait()
        with app.app_context():
            db.engine.dispose()


def wait_until(true: Callable[[], Any], seconds: float = 60, what: str = "") -> None:
    """Look again and again; fail where it does not become true in time."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what or "it did not come about in time"
        time.sleep(0.05)
