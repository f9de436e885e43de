"""First import of the embedded feed, the same again, and their memory.

    .venv/bin/python -m tests.bench.bench_sync [--engine sqlite|postgresql]

The bar: at most 4 s and 300 MB for the first import, 0.6 s for the same again.
"""

import argparse
import resource
import time

from app.core.permissions import SYSTEM
from app.models import db
from app.services.feeds import add_feed
from app.services.sync import sync_feed
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.network import only_loopback
from tests.support.postgres import running_postgres


def measure(engine: str, url: str) -> None:
    with scratch_folder() as folder:
        app = migrated_app(make_settings(url or f"sqlite:///{folder / 'bench.db'}", folder))
        with app.app_context():
            add_feed(db.session, SYSTEM, "models-dev", "models_dev")
            for what in ("first import", "the same again", "the same again"):
                start = time.perf_counter()
                result = sync_feed(db.session, SYSTEM, "models-dev")
                seconds = time.perf_counter() - start
                counts = ", ".join(f"{k} {v}" for k, v in result.counts.items() if v)
                print(f"{engine:12} {what:16} {seconds:6.2f} s   {counts}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{engine:12} {'peak memory':16} {memory:6.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    chosen = parser.parse_args().engine
    with only_loopback():
        if chosen in (None, "sqlite"):
            measure("sqlite", "")
        if chosen in (None, "postgresql"):
            with running_postgres() as server:
                measure("postgresql", server.create())


if __name__ == "__main__":
    main()
