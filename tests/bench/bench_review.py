"""What a page of the review queue costs with a million waiting items, against a thousand.

    .venv/bin/python -m tests.bench.bench_review [--engine sqlite|postgresql] [--size 1000000]

Each page is what the console asks for: the items, the counts of the filters, the number in the
navigation. The bar is 1.5 times a thousand items' time. Facets are counted once per change of
the queue; "cold" is the first page after one.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from sqlalchemy import text

from app.core.permissions import Role
from app.models import Batch, db, now
from app.queries import review
from tests.support.client import IsolatedClient
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.factories import make_entry
from tests.support.people import logged_in
from tests.support.postgres import running_postgres
from tests.support.syncs import make_feed, make_run

SMALL = 1_000
ENTRIES = 20  # those of the records that can be looked at
ROUNDS = 15
FEEDS = 2
REASONS = ("price_jump", "context_drop", "capability_withdrawn", "review", "price_zero")
FIELDS = ("context_length", "family")
PAGES = {
    "all": "/review",
    "oldest first": "/review?sort=oldest",
    "greatest first": "/review?sort=size",
    "feed": "/review?feed=feed-b",
    "reason": "/review?reason=context_drop",
    "field": "/review?field=family",
    "kind": "/review?kind=retired",
    "size": "/review?size_min=100",
    "feed and reason": "/review?feed=feed-b&reason=context_drop",
    "feed, reason, field": "/review?feed=feed-b&reason=context_drop&field=family",
    "record": "/review?record=vendor/entry-7",
    "part of a name": "/review?q=entry-12",
    "no such kind": "/review?kind=reactivated",
    "no such name": "/review?q=nowhere",
    "rejected": "/review?state=rejected",
    "dashboard": "/",
}
# A number that runs from 1 on, and what is derived from it: every combination occurs, and every
# record has 50 items, as no record has more fields.
SPREAD = """
INSERT INTO sync_items
  (run_id, feed_id, kind, record_type, record_id, name, field, old, new, said_old,
   reason, message, size, state, base_version, created_at)
SELECT CAST(:run AS INTEGER) + n % {feeds}, CAST(:feed AS INTEGER) + n % {feeds},
  CASE WHEN n % 20 = 7 THEN 'retired' ELSE 'updated' END, 'entry',
  CAST(:entry AS INTEGER) + n % {records}, 'Entry-' || (n % {entries}),
  CASE (n / 10) % 2 {fields} END, {old}, {new}, {old},
  CASE (n / 2) % 5 {reasons} END, 'down by a lot', 1 + (n % 1009) * 7 % 1009, 'waiting', 1, :now
FROM numbers
"""
NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {})"


def cases(values: tuple[str, ...]) -> str:
    """The branches of a CASE from 0 on."""
    return " ".join(f"WHEN {number} THEN '{value}'" for number, value in enumerate(values))


def fill(size: int) -> None:
    """Let so many items of four feeds wait, and nothing else."""
    session = db.session()
    feeds = [make_feed(session, name=f"feed-{letter}") for letter in "abcd"[:FEEDS]]
    runs = [make_run(session, feed) for feed in feeds]
    entries = [make_entry(session, public_id=f"vendor/entry-{n}") for n in range(ENTRIES)]
    # What is cached is cached for a state of the catalog that has a batch.
    session.add(Batch(public_id="bench", kind="edit", actor_kind="user", actor="x", created_at=1))
    session.flush()
    cast = "{}" if session.get_bind().dialect.name == "sqlite" else "CAST({} AS JSONB)"
    insert = SPREAD.format(
        old=cast.format("'8192'"),
        new=cast.format("'1024'"),
        records=size // 50,
        feeds=FEEDS,
        entries=ENTRIES,
        fields=cases(FIELDS),
        reasons=cases(REASONS),
    ).replace("SELECT CAST", f"{NUMBERS.format(size)} SELECT CAST", 1)
    given = {"run": runs[0].id, "feed": runs[0].feed_id, "entry": entries[0].id, "now": now()}
    session.execute(text(insert), given)
    session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        vacuum = "ANALYZE" if connection.dialect.name == "sqlite" else "VACUUM ANALYZE"
        connection.execute(text(vacuum))


Act = Callable[[IsolatedClient], object]


def compare(small: IsolatedClient, large: IsolatedClient, act: Act) -> tuple[float, float]:
    """Median milliseconds of each, taken in turns: a busy machine slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS + 1):
        for client, spent in zip((small, large), times, strict=True):
            started = time.perf_counter()
            act(client)
            if number:  # the first one warms up
                spent.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[0]), statistics.median(times[1])


def acts() -> Iterator[tuple[str, Act]]:
    """What is measured, by name."""
    for name, address in PAGES.items():
        yield name, lambda client, address=address: fetch(client, address)  # type: ignore[misc]

    def cold(client: IsolatedClient) -> None:
        review._FACETS.clear()  # what a change of the queue does
        fetch(client, "/review")

    yield "all, cold", cold


def fetch(client: IsolatedClient, address: str) -> str:
    """The page; a failure ends the run."""
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    return answer.text


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--size", type=int, default=1_000_000)
    given = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres()) if given.engine == "postgresql" else None
        clients = []
        for size in (SMALL, given.size):
            folder = stack.enter_context(scratch_folder())
            url = server.create() if server else f"sqlite:///{folder / 'bench.db'}"
            app = migrated_app(make_settings(url, folder))
            app.test_client_class = IsolatedClient
            with app.app_context():
                fill(size)
                stack.callback(db.engine.dispose)
            clients.append(logged_in(app, Role.ADMIN))
        print(f"{given.engine}: {SMALL:,} and {given.size:,} waiting items, milliseconds")
        for name, act in acts():
            small, large = compare(clients[0], clients[1], act)
            print(f"{name:22} {small:8.1f} {large:8.1f} {large / small:6.2f} times")


if __name__ == "__main__":
    main()
