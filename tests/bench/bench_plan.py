"""What planning a feed of 5,000 provider models costs, and finding that nothing changed.

    .venv/bin/python -m tests.bench.bench_plan [--engine sqlite|postgresql] [--size 5000]

The bars: a plan against as many known models at most 1.5 s; nothing changed at most three
times what parsing the answer's JSON takes, measured in the same run.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import db
from app.queries.feeds import get_feed
from app.services.feeds import add_feed
from app.services.sync import sync_feed
from app.services.sync_plan import make_plan
from app.upstreams import feed_kind, parse_pages
from tests.bench.feed_documents import document, reordered
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.postgres import running_postgres

FEED = "bench"
ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    """The shortest time of the work: a busy machine must not count."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def plan(session: Session, body: bytes) -> float:
    """Seconds for the plan of an answer that is parsed already."""
    parsed = parse_pages(feed_kind("models_dev"), [body])

    def once() -> None:
        session.rollback()
        session.expire_all()
        make_plan(session, get_feed(session, FEED), parsed)

    return seconds(once)


def sync(session: Session, path: Path, *bodies: bytes) -> float:
    """Seconds for a whole sync in which nothing is new; the answers take turns."""
    turns = itertools.cycle(bodies)

    def once() -> None:
        path.write_bytes(next(turns))
        result = sync_feed(session, SYSTEM, FEED, path=str(path))
        if result.batch_id is not None:
            raise RuntimeError(f"something changed: {result.counts}")

    return seconds(once)


def measure(engine: str, session: Session, folder: Path, size: int) -> None:
    """Print one line for each figure."""
    add_feed(session, SYSTEM, FEED, "models_dev", path="nowhere.json")
    path, body = folder / "feed.json", document(size)
    path.write_bytes(body)
    sync_feed(session, SYSTEM, FEED, path=str(path))
    for what, other in (("all", document(size, 1)), ("10 %", document(size, 1, 0.1))):
        print(f"{engine:12} plan, {what:5} changed     {plan(session, other):6.3f} s", flush=True)
    json_parse = seconds(lambda: json.loads(body))
    print(f"{engine:12} json.loads of the answer {json_parse:6.3f} s   {len(body):,} bytes")
    for what, same in (("same bytes", (body,)), ("other order", (reordered(body), body))):
        took = sync(session, path, *same)
        print(f"{engine:12} nothing new, {what:11} {took:6.3f} s   {took / json_parse:.1f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--size", type=int, default=5_000)
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            url = f"sqlite:///{folder / 'bench.db'}"
            if engine == "postgresql":
                url = stack.enter_context(running_postgres()).create()
            app = migrated_app(make_settings(url, folder))
            with app.app_context():
                measure(engine, db.session(), folder, options.size)
                db.session.remove()
                db.engine.dispose()


if __name__ == "__main__":
    main()
