"""Kills syncs, approvals and reverts at random moments, and looks at the database after each.

    .venv/bin/python -m tests.bench.kill_loop [--engine sqlite|postgresql] [--kills 100]
        [--size 300] [--seed 1]

A failed check ends the loop with what was wrong. At the end: how many kills hit which stage.
"""

import argparse
import random
from contextlib import ExitStack

from tests.support.database import scratch_folder
from tests.support.killing import Victims, kill_loop
from tests.support.network import only_loopback
from tests.support.postgres import running_postgres
from tests.support.processes import installation


def run(engine: str, options: argparse.Namespace) -> None:
    """The loop on one engine."""
    with ExitStack() as stack:
        stack.enter_context(only_loopback())
        folder = stack.enter_context(scratch_folder())
        url = f"sqlite:///{folder / 'almanac.db'}"
        if engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        almanac = stack.enter_context(installation(url, folder))
        victims = Victims(almanac, random.Random(options.seed), options.size)
        victims.start()
        hits = kill_loop(victims, options.kills)
    print(f"{engine}: {options.kills} kills, nothing half done, every next run completed")
    for (work, stage), count in sorted(hits.items()):
        print(f"  {work:8} {stage:14} {count:4}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    for name, default in (("kills", 100), ("size", 300), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        run(engine, options)


if __name__ == "__main__":
    main()
