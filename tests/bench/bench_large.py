"""What feeds of 25,000, 50,000 and 100,000 provider models cost: seconds and peak memory.

    .venv/bin/python -m tests.bench.bench_large [--engine sqlite|postgresql] [--size N ...]

Every step runs in a process of its own on the same database, so that the memory is its own.
Columns: seconds, seconds of this process's CPU, peak memory, CPU milliseconds per 1,000 models.
The bar is 600 MB, and time that grows as the size does (the last column stays the same).
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Actor, Role
from app.models import Batch, Feed, SyncItem, SyncRun, db
from app.services.feeds import add_feed
from app.services.review import decide_items
from app.services.run_actions import apply_run, revert_run
from app.services.sync import sync_feed
from app.services.undo import undo_batch
from tests.bench.feed_documents import document
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.postgres import running_postgres

FEED = "bench"
ACTOR = Actor("user", "bench@example.org", Role.ADMIN)
WAITING = select(SyncItem.id).where(SyncItem.state == "waiting")


def sync(session: Session, folder: Path, *, dry_run: bool = False) -> str:
    """Read the answer that lies ready; returns what it did, in a few words."""
    result = sync_feed(session, SYSTEM, FEED, path=str(folder / "feed.json"), dry_run=dry_run)
    return ", ".join(f"{word} {n:,}" for word, n in result.counts.items() if n)


def review_mode(session: Session, folder: Path) -> str:
    """The same with a feed of which nothing is believed."""
    session.execute(update(Feed).values(mode="review"))
    session.commit()
    return sync(session, folder)


def _newest_run(session: Session, status: str) -> str:
    newest = select(SyncRun.public_id).where(SyncRun.status == status)
    if status == "applied":
        newest = newest.where(SyncRun.batch_id.is_not(None))
    return session.scalars(newest.order_by(SyncRun.id.desc())).first() or ""


def apply_kept(session: Session, _folder: Path) -> str:
    """Apply the plan that the dry run kept."""
    return f"applied {apply_run(session, ACTOR, _newest_run(session, 'planned')).applied:,}"


def revert(session: Session, _folder: Path) -> str:
    """Take the last applied run back."""
    return f"taken back {revert_run(session, ACTOR, _newest_run(session, 'applied')).applied:,}"


def approve(session: Session, _folder: Path) -> str:
    """Approve all that waits."""
    return f"approved {decide_items(session, ACTOR, 'approve', WAITING).decided:,}"


def undo(session: Session, _folder: Path) -> str:
    """Undo the last batch of a person."""
    newest = select(Batch.public_id).where(Batch.kind == "review").order_by(Batch.id.desc())
    return f"undone {undo_batch(session, ACTOR, session.scalars(newest).first() or '').undone:,}"


# Name, work, and the turn of the answer that lies ready; None: none is read.
Steps = Mapping[str, tuple[Callable[[Session, Path], str], int | None]]
STEPS: Steps = {
    "first import": (sync, 0),
    "all changed": (sync, 1),
    "nothing changed": (sync, 1),
    "revert that run": (revert, None),
    "dry run": (lambda session, folder: sync(session, folder, dry_run=True), 2),
    "apply its plan": (apply_kept, None),
    "all wait (review)": (review_mode, 3),
    "approve all": (approve, None),
    "undo approve": (undo, None),
}
# The same for new records, on an empty database.
NEW: Steps = {
    "all new wait (review)": (review_mode, 0),
    "approve all new": (approve, None),
    "undo approve new": (undo, None),
}


@contextmanager
def _session(url: str, folder: Path) -> Iterator[Session]:
    app = migrated_app(make_settings(url, folder))
    with app.app_context():
        yield db.session()
        db.session.remove()
        db.engine.dispose()


def run_step(name: str, url: str, folder: Path, size: int) -> None:
    """One step, in this process."""
    work, _ = {**STEPS, **NEW}[name]
    with _session(url, folder) as session:
        start, worked = time.perf_counter(), time.process_time()
        did = work(session, folder)
        took, worked = time.perf_counter() - start, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    per = worked / size * 1e6
    print(f"  {name:<22} {took:7.1f} s {worked:7.1f} s {peak:5} MB {per:6.0f} ms   {did}")


def run_steps(engine: str, size: int, steps: Steps) -> None:
    """All steps on a fresh database, each in a process of its own."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        with _session(url, folder) as session:
            add_feed(session, SYSTEM, FEED, "models_dev", path="nowhere.json")
        print(f"{engine}, {size:,} provider models", flush=True)
        for name, (_, turn) in steps.items():
            if turn is not None:
                (folder / "feed.json").write_bytes(document(size, turn))
            command = [sys.executable, "-m", "tests.bench.bench_large", "--step", name]
            command += ["--url", url, "--folder", str(folder), "--size", str(size)]
            subprocess.run(command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--size", type=int, nargs="+", default=[25_000, 50_000, 100_000])
    for hidden in ("--step", "--url", "--folder"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        run_step(options.step, options.url, Path(options.folder), options.size[0])
        return
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        for size in options.size:
            run_steps(engine, size, STEPS)
            run_steps(engine, size, NEW)


if __name__ == "__main__":
    main()
