"""How long a page of the catalog takes at 5,000 and at 100,000 entries, on both databases.

    .venv/bin/python -m tests.bench.bench_catalog_queries [--engine sqlite|postgresql] [--cold]

Prints the median in milliseconds of `list_entries` for 50 rows in a fresh session each time, as a
request does it, and the ratio of the two sizes, which is to stay below 1.3. `--cold` measures once
more with nothing remembered: the first look after a change of the catalog.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from flask import Flask

from app.models import db
from app.queries import record_pages
from app.queries.entries import list_entries
from app.queries.entry_filter import EntryFilter
from tests.bench.seed_catalog import seed_catalog
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.postgres import running_postgres

SIZES = (5_000, 100_000)
LIMIT = 50
LAST = -1
MIDDLE = -2
CASES: dict[str, tuple[EntryFilter, int]] = {
    "plain, first page": (EntryFilter(), 0),
    "plain, last page": (EntryFilter(), LAST),
    "plain, middle page": (EntryFilter(), MIDDLE),
    "search dense": (EntryFilter(q="reasoning"), 0),
    "search dense, last page": (EntryFilter(q="reasoning"), LAST),
    "search dense, by name": (EntryFilter(q="chat", sort="model_display_name", order="asc"), 0),
    "search sparse": (EntryFilter(q="-4999"), 0),
    "search one in a thousand": (EntryFilter(q="chat-1"), 0),
    "search nothing": (EntryFilter(q="no such model"), 0),
    "search two letters": (EntryFilter(q="ai"), 0),
    "search and filter": (EntryFilter(q="coding", flags={"supports_tools": True}), 0),
    "one flag": (EntryFilter(flags={"supports_tools": True}), 0),
    "one flag false": (EntryFilter(flags={"supports_tools": False}), 0),
    "rare flag": (EntryFilter(flags={"supports_browser": True}), 0),
    "three filters": (
        EntryFilter(active=True, flags={"supports_tools": True, "supports_reasoning": True}),
        0,
    ),
    "three filters, last page": (
        EntryFilter(active=True, flags={"supports_tools": True, "supports_reasoning": True}),
        LAST,
    ),
    "family": (EntryFilter(family="openai-mini"), 0),
    "tag": (EntryFilter(tag="vip"), 0),
    "manual": (EntryFilter(manual=True), 0),
    "drift": (EntryFilter(drift=True), 0),
    "not retired": (EntryFilter(retired=False), 0),
    "by context": (EntryFilter(sort="context_length"), 0),
    "by context, last page": (EntryFilter(sort="context_length"), LAST),
    "by id": (EntryFilter(sort="id", order="asc"), 0),
    "by version (no index)": (EntryFilter(sort="version"), 0),
}


@contextmanager
def catalog(engine: str, size: int) -> Iterator[Flask]:
    """An application on a database of ``size`` entries."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        app = migrated_app(make_settings(url, folder))
        started = time.perf_counter()
        with app.app_context():
            seed_catalog(db.session(), size)
            db.session.remove()
            if engine == "postgresql":
                with db.engine.connect() as connection:
                    autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
                    autocommit.exec_driver_sql("VACUUM")  # autovacuum is off in test servers
        print(f"{engine}: {size:,} entries in {time.perf_counter() - started:.0f} s", flush=True)
        yield app
        with app.app_context():
            db.engine.dispose()


def timed(app: Flask, wanted: EntryFilter, place: int, *, cold: bool) -> tuple[float, int]:
    """Milliseconds of one page in a fresh session, and how many entries match."""
    with app.app_context():
        total = list_entries(db.session(), wanted, limit=1, offset=0).total
        offset = {LAST: max(0, total - LIMIT), MIDDLE: total // 2}.get(place, place)
        db.session.remove()
        if cold:
            record_pages.forget()
        started = time.perf_counter()
        list_entries(db.session(), wanted, limit=LIMIT, offset=offset)
        milliseconds = (time.perf_counter() - started) * 1000
        db.session.remove()
        return milliseconds, total


def compare(small: Flask, large: Flask, *, cold: bool) -> None:
    """Both sizes in turn, so that a busy machine slows both alike."""
    for name, (wanted, place) in CASES.items():
        times: tuple[list[float], list[float]] = ([], [])
        matches = 0
        for _ in range(9 if cold else 61):
            for app, found in zip((small, large), times, strict=True):
                milliseconds, matches = timed(app, wanted, place, cold=cold)
                found.append(milliseconds)
        few, many = (statistics.median(found) for found in times)
        figures = f"{few:>7.2f} ms {many:>7.2f} ms {many / few:>6.2f}"
        print(f"  {name:<28} {figures}   {matches:,}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        with catalog(engine, SIZES[0]) as small, catalog(engine, SIZES[1]) as large:
            print(f"{engine:<30} {'5,000':>10} {'100,000':>10} {'ratio':>6}   matches at 100,000")
            compare(small, large, cold=False)
            if options.cold:
                print("  nothing remembered:")
                compare(small, large, cold=True)


if __name__ == "__main__":
    main()
