"""How long a page takes at 5,000 and at 100,000 entries or provider models, on both databases.

    .venv/bin/python -m tests.bench.bench_catalog_queries [--of entries|models]
        [--engine sqlite|postgresql] [--cold]

Prints the median in milliseconds of `list_entries` (or `list_provider_models`) for 50 rows in a
fresh session each time, as a request does it, and the ratio of the two sizes, which is to stay
below 1.3. `--cold` measures once more with nothing remembered: the first look after a change of
the catalog.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy.orm import Session

from app.models import db
from app.queries import record_pages
from app.queries.entries import list_entries
from app.queries.entry_filter import EntryFilter
from app.queries.page import Page
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_models import list_provider_models
from tests.bench.seed_catalog import seed_catalog, seed_provider_models
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
    "context range": (EntryFilter(context_min=100_000, context_max=250_000), 0),
    "context and flag": (EntryFilter(context_min=1_000_000, flags={"supports_tools": True}), 0),
    "by id": (EntryFilter(sort="id", order="asc"), 0),
    "by version (no index)": (EntryFilter(sort="version"), 0),
}

Only = ProviderModelFilter
MODEL_CASES: dict[str, tuple[ProviderModelFilter, int]] = {
    "plain, first page": (Only(), 0),
    "plain, last page": (Only(), LAST),
    "plain, middle page": (Only(), MIDDLE),
    "one provider": (Only(provider_id=f"prov_{1:020x}"), 0),
    "one provider, last page": (Only(provider_id=f"prov_{1:020x}"), LAST),
    "model key": (Only(model_key="no such model"), 0),
    "available": (Only(available=True), 0),
    "not available": (Only(available=False), 0),
    "active": (Only(active=True), 0),
    "one flag": (Only(flags={"supports_tools": True}), 0),
    "rare flag": (Only(flags={"supports_browser": True}), 0),
    "three filters": (Only(available=True, category="Code", flags={"supports_tools": True}), 0),
    "family": (Only(family="openai-mini"), 0),
    "category": (Only(category="Chat"), 0),
    "manual": (Only(manual=True), 0),
    "drift": (Only(drift=True), 0),
    "not retired": (Only(retired=False), 0),
    "context from": (Only(context_min=128_000), 0),
    "price range": (
        Only(prompt_price_min=Decimal("0.1"), prompt_price_max=Decimal("0.5")),
        0,
    ),
    "three ranges": (
        Only(context_max=200_000, prompt_price_max=Decimal(1), completion_price_min=Decimal("0.2")),
        0,
    ),
    "search dense": (Only(search="reasoning"), 0),
    "search dense, last page": (Only(search="reasoning"), LAST),
    "search dense, by name": (Only(search="openai", sort="model_display_name", order="asc"), 0),
    "search sparse": (Only(search=":4999"), 0),
    "search one in a thousand": (Only(search="chat-1"), 0),
    "search nothing": (Only(search="no such model"), 0),
    "search two letters": (Only(search="ai"), 0),
    "search and filter": (Only(search="coding", flags={"supports_tools": True}), 0),
    "by name": (Only(sort="model_display_name", order="asc"), 0),
    "by context": (Only(sort="context_length"), 0),
    "by price": (Only(sort="prompt_price"), 0),
    "by price, last page": (Only(sort="prompt_price"), LAST),
    "by category": (Only(sort="category"), 0),
    "by raw id": (Only(sort="provider_original_model_id"), 0),
    "by provider": (Only(sort="provider_vendor", order="asc"), 0),
    "by provider, available": (Only(sort="provider_vendor", order="asc", available=True), 0),
    "by entry": (Only(sort="model_public_id", order="asc"), 0),
    "by entry, last page": (Only(sort="model_public_id", order="asc"), LAST),
    "by family": (Only(sort="family"), 0),
    "by flag": (Only(sort="supports_tools"), 0),
    "by flag, searched": (Only(sort="supports_tools", search="coding"), 0),
    "by update (no index)": (Only(sort="updated_at"), 0),
    "by availability (no index)": (Only(sort="available"), 0),
}


class Kind(NamedTuple):
    """What is listed, and how a database of it is made."""

    cases: Mapping[str, tuple[Any, int]]
    page: Callable[..., Page[Any]]
    seed: Callable[[Session, int], None]


KINDS = {
    "entries": Kind(CASES, list_entries, seed_catalog),
    "models": Kind(MODEL_CASES, list_provider_models, seed_provider_models),
}


@contextmanager
def catalog(engine: str, kind: str, size: int) -> Iterator[Flask]:
    """An application on a database of ``size`` records."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        app = migrated_app(make_settings(url, folder))
        started = time.perf_counter()
        with app.app_context():
            KINDS[kind].seed(db.session(), size)
            db.session.remove()
            if engine == "postgresql":
                with db.engine.connect() as connection:
                    autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
                    autocommit.exec_driver_sql("VACUUM")  # autovacuum is off in test servers
        print(f"{engine}: {size:,} {kind} in {time.perf_counter() - started:.0f} s", flush=True)
        yield app
        with app.app_context():
            db.engine.dispose()


def timed(app: Flask, kind: Kind, wanted: Any, place: int, *, cold: bool) -> tuple[float, int]:
    """Milliseconds of one page in a fresh session, and how many records match."""
    with app.app_context():
        total = kind.page(db.session(), wanted, limit=1, offset=0).total
        offset = {LAST: max(0, total - LIMIT), MIDDLE: total // 2}.get(place, place)
        db.session.remove()
        if cold:
            record_pages.forget()
        started = time.perf_counter()
        kind.page(db.session(), wanted, limit=LIMIT, offset=offset)
        milliseconds = (time.perf_counter() - started) * 1000
        db.session.remove()
        return milliseconds, total


def compare(small: Flask, large: Flask, kind: Kind, *, cold: bool) -> None:
    """Both sizes in turn, so that a busy machine slows both alike."""
    for name, (wanted, place) in kind.cases.items():
        times: tuple[list[float], list[float]] = ([], [])
        matches = 0
        for _ in range(9 if cold else 61):
            for app, found in zip((small, large), times, strict=True):
                milliseconds, matches = timed(app, kind, wanted, place, cold=cold)
                found.append(milliseconds)
        few, many = (statistics.median(found) for found in times)
        figures = f"{few:>7.2f} ms {many:>7.2f} ms {many / few:>6.2f}"
        print(f"  {name:<28} {figures}   {matches:,}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=tuple(KINDS), default="entries")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        few, many = (catalog(engine, options.of, size) for size in SIZES)
        with few as small, many as large:
            print(f"{engine:<30} {'5,000':>10} {'100,000':>10} {'ratio':>6}   matches at 100,000")
            compare(small, large, KINDS[options.of], cold=False)
            if options.cold:
                print("  nothing remembered:")
                compare(small, large, KINDS[options.of], cold=True)


if __name__ == "__main__":
    main()
