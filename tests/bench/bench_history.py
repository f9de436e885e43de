"""What a page of the change log costs with a thousand actions in it, and with a million.

    .venv/bin/python -m tests.bench.bench_history [--engine sqlite|postgresql] [--size 1000000]

Each action has one change; records, actors, kinds, feeds and fields are spread alike at both
sizes. Printed is the median of whole answers (query, rendering, everything) of `/changes` and of
`GET /v1/admin/changes`, and how many times longer it takes in the long log; the bar is 1.5.
"""

import argparse
import logging
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import db
from app.services.maintenance import refresh_statistics
from app.web.logging import configure_logging
from tests.support.client import IsolatedClient
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.people import api_client, logged_in
from tests.support.postgres import running_postgres

SMALL = 1_000
ROUNDS = 30
EACH = 40  # changes of one record
START = 1_600_000_000
STEP = 60

SEED = (
    (
        "INSERT INTO feeds (id, name, kind, mode, enabled, priority, miss_limit, minimum_share,"
        " version, created_at)"
        " SELECT n, 'feed-' || n, 'models_dev', 'auto', {true}, 100, 2, 80, 1, 0"
        " FROM numbers WHERE n <= 4"
    ),
    (
        "INSERT INTO catalog_entries (id, public_id, tags, active, experimental, status,"
        " protection, manual_fields, sources, version, created_at, updated_at)"
        " SELECT n, 'vendor/model-' || n, '[]', {true}, {false}, 'filled', 'none', '[]', '{{}}', 1,"
        f" {START}, {START} FROM numbers WHERE n <= {{size}} / {EACH}"
    ),
    (
        "INSERT INTO batches (id, public_id, kind, actor_kind, actor, feed_id, summary, created_at)"
        " SELECT n, 'batch_' || n,"
        " CASE n % 5 WHEN 0 THEN 'sync' WHEN 1 THEN 'edit' WHEN 2 THEN 'bulk'"
        " WHEN 3 THEN 'reset' ELSE 'undo' END, CASE n % 5 WHEN 0 THEN 'feed' ELSE 'user' END,"
        " 'user-' || (n % 20) || '@example.org',"
        " CASE n % 5 WHEN 0 THEN 1 + (n / 5) % 4 END, '{{}}',"
        f" {START} + n * {STEP} FROM numbers"
    ),
    (
        "INSERT INTO changes (id, batch_id, record_type, record_id, field, old, new, old_manual,"
        f" new_manual) SELECT n, n, 'entry', 1 + n % ({{size}} / {EACH}),"
        " CASE n % 6 WHEN 0 THEN 'family' WHEN 1 THEN 'protection' WHEN 2 THEN 'notes'"
        " WHEN 3 THEN 'description' WHEN 4 THEN 'requires_feature_flag' ELSE"
        " 'model_display_name' END, '\"old\"', '\"new\"', {false}, {true}"
        " FROM numbers"
    ),
    (
        "INSERT INTO batch_fields (field, created_at, batch_id) SELECT c.field, b.created_at, b.id"
        " FROM changes c JOIN batches b ON b.id = c.batch_id"
    ),
)
NUMBERS = (
    "CREATE TEMPORARY TABLE numbers AS WITH RECURSIVE n(n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {size}) SELECT n FROM n"
)


def seed(session: Session, size: int) -> None:
    """Fill an empty log with ``size`` actions of one change each, set by set."""
    sqlite = session.get_bind().dialect.name == "sqlite"
    words = {"true": "1", "false": "0"} if sqlite else {"true": "true", "false": "false"}
    session.execute(text(NUMBERS.format(size=size)))
    for statement in SEED:
        # A colon followed by a letter would be a parameter; there is none.
        asked = statement.format(size=size, **words)
        session.execute(text(asked if sqlite else _typed(asked)))
    session.execute(text("DROP TABLE numbers"))
    session.commit()
    refresh_statistics(session)
    session.commit()
    if not sqlite:
        for table in ("feeds", "catalog_entries", "batches", "changes"):
            sequence = f"pg_get_serial_sequence('{table}', 'id')"
            session.execute(text(f"SELECT setval({sequence}, (SELECT max(id) FROM {table}))"))
        session.commit()
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _typed(statement: str) -> str:
    """The same for PostgreSQL, which reads no text as JSON by itself."""
    for constant in ("'[]'", "'{}'", "'\"old\"'", "'\"new\"'"):
        statement = statement.replace(f" {constant},", f" CAST({constant} AS jsonb),")
    return statement


def views(size: int) -> Iterator[tuple[str, str]]:
    """Each filter by name, with its query; the middle is where half of the log is older."""
    middle = START + STEP * size // 2
    yield "everything", ""
    yield "record", f"record=vendor/model-{size // EACH // 2}"
    yield "field", "field=notes"
    yield "actor", "actor=user-7@example.org"
    yield "kind", "kind=sync"
    yield "kind of actor", "actor_kind=feed"
    yield "a kind that did nothing", "actor_kind=token"
    yield "feed", "feed=feed-2"
    yield "batch", f"batch=batch_{size // 2}"
    yield "since", f"since={middle}"
    yield "until", f"until={middle}"
    yield "actor and kind", "actor=user-7@example.org&kind=bulk"
    yield "field and actor", "field=notes&actor=user-8@example.org"
    yield "feed and kind", "feed=feed-2&kind=sync"
    yield "field, actor, until", f"field=notes&actor=user-8@example.org&until={middle}"
    yield "nobody", "actor=nobody@example.org"
    yield "nothing of both", "kind=sync&actor=user-7@example.org&field=family"


def addresses(size: int) -> Iterator[tuple[str, str]]:
    for name, query in views(size):
        yield name, f"/changes?{query}"
    yield "an older page", f"/changes?before=batch_{size // 3}"
    yield "one batch", f"/changes/batch_{size // 2}"
    for name, query in views(size):
        yield f"API: {name}", f"/v1/admin/changes?{query}"


def milliseconds(client: IsolatedClient, path: str) -> float:
    """What one answer takes."""
    started = time.perf_counter()
    answer = client.get(path)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status_code}: {answer.text[:200]}")
    return (time.perf_counter() - started) * 1000


@contextmanager
def seeded(engine: str, size: int) -> Iterator[Flask]:
    """An application with a log of ``size`` actions."""
    with ExitStack() as stack:
        folder: Path = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'bench.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        app = migrated_app(make_settings(url, folder))
        app.test_client_class = IsolatedClient
        with app.app_context():
            started = time.perf_counter()
            seed(db.session(), size)
            print(
                f"{engine}: {size:,} actions in {time.perf_counter() - started:.1f} s", flush=True
            )
            db.session.remove()
        yield app
        with app.app_context():
            db.engine.dispose()


def clients(app: Flask) -> dict[bool, IsolatedClient]:
    """Who asks: a program (True), and a browser."""
    return {True: api_client(app, Role.VIEWER), False: logged_in(app, Role.VIEWER)}


def measure(engine: str, size: int) -> Iterator[str]:
    """One line for each page: both medians and their ratio.

    Both logs are asked by turns, so that a busy machine slows both.
    """
    with seeded(engine, SMALL) as short, seeded(engine, size) as long:
        sides = ((clients(short), dict(addresses(SMALL))), (clients(long), dict(addresses(size))))
        for name, _ in addresses(size):
            times: tuple[list[float], list[float]] = ([], [])
            for _round in range(ROUNDS):
                for (asking, paths), spent in zip(sides, times, strict=True):
                    path = paths[name]
                    spent.append(milliseconds(asking[path.startswith("/v1/")], path))
            one, other = (statistics.median(spent[2:]) for spent in times)
            mark = "  <-- more than 1.5" if other > 1.5 * one else ""
            yield f"  {name:<28} {one:>7.2f} ms {other:>8.2f} ms {other / one:>6.2f}x{mark}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--size", type=int, default=1_000_000)
    options = parser.parse_args()
    configure_logging(level=logging.WARNING)
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        for line in measure(engine, options.size):
            print(line, flush=True)


if __name__ == "__main__":
    main()
