"""What bulk actions over 100,000 provider models cost, against one bare UPDATE of the same rows.

    .venv/bin/python -m tests.bench.bench_bulk [--engine sqlite|postgresql] [--size 100000]

Each action is what a person does: preview (counts, names, what it means for programs), then the
action with its change log, committed; and its undo. Beside each is how often the bare UPDATE
(set one column of all rows, commit; measured before and after each) would fit into it; the bar
is 3. After each undo all rows and decisions are compared with what they were before.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.core.bulk import BulkChange, bulk_change, switch
from app.core.fields import RecordType
from app.core.permissions import Actor, Role
from app.models import Override, db
from app.queries.selections import Selection, availability, list_changing, preview_bulk
from app.queries.states import TABLES
from app.services.bulk import run_bulk
from app.services.undo import undo_batch
from tests.bench.seed_catalog import seed_provider_models
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.postgres import running_postgres

ACTOR = Actor("user", "bench@example.org", Role.ADMIN)
MODEL: RecordType = "provider_model"
Result = TypeVar("Result")
LEFT_ALONE = {"version", "updated_at"}


def actions() -> dict[str, BulkChange]:
    """The actions to measure, by name; each finds all or nearly all rows to change."""
    return {
        "enable": switch(MODEL, True),
        "disable": switch(MODEL, False),
        "set category": bulk_change(MODEL, "set_category", "chat"),
    }


def bare_update(session: Session) -> float:
    """Seconds of the yardstick: each row gets the other value of one column."""
    started = time.perf_counter()
    session.execute(text("UPDATE provider_models SET active = NOT active"))
    session.commit()
    return time.perf_counter() - started


def yardstick(session: Session) -> float:
    """The bare UPDATE there and back again."""
    return (bare_update(session) + bare_update(session)) / 2


State = dict[int, tuple[str, ...]]


def state(session: Session, record_type: RecordType = MODEL) -> State:
    """Everything of every row but what counts versions, and every decision."""
    columns = [c for c in TABLES[record_type].__table__.columns if c.name not in LEFT_ALONE]
    rows: State = {row[0]: tuple(map(repr, row)) for row in session.execute(select(*columns))}
    decisions = (Override.record_id, Override.field, Override.value, Override.base)
    who = (Override.batch_id, Override.actor, Override.reason, Override.created_at)
    decided = select(*decisions, *who).where(Override.record_type == record_type)
    for row in session.execute(decided.order_by(Override.record_id, Override.field)):
        rows[row[0]] += tuple(map(repr, row))
    session.rollback()
    return rows


def differing(one: State, other: State) -> int:
    """How many rows are not the same in both."""
    return sum(one[i] != other[i] for i in one)


def act(session: Session, change: BulkChange) -> str:
    """Preview and carry out, as the console does; returns the batch."""
    selection = Selection(change.record_type)
    preview = preview_bulk(session, change, selection)
    list_changing(session, change, selection)
    if change.field is not None and change.field.name == "active":
        availability(session, change, selection)
    outcome = run_bulk(session, ACTOR, change, selection, expected=preview.fingerprint)
    if outcome.batch is None:
        raise RuntimeError("nothing changed")
    return outcome.batch


def timed(session: Session, name: str, work: Callable[[], Result]) -> Result:
    """Do the work and print what it cost."""
    session.rollback()
    before = yardstick(session)
    started = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - started
    bare = statistics.mean((before, yardstick(session)))
    print(f"  {name:<28} {seconds:>6.2f} s   bare {bare:>5.2f} s   {seconds / bare:>5.1f}x")
    return result


def there_and_back(session: Session, name: str, change: BulkChange) -> None:
    """An action and its undo, with all rows compared before and after."""
    before = state(session)
    batch = timed(session, name, lambda: act(session, change))
    after = state(session)
    timed(session, f"undo {name}", lambda: undo_batch(session, ACTOR, batch))
    left = differing(before, state(session))
    print(f"    {differing(before, after):,} rows changed, {left:,} differ after the undo")


def measure(app: Flask) -> None:
    with app.app_context():
        session = db.session()
        for name, change in actions().items():
            there_and_back(session, name, change)
            act(session, change)
        there_and_back(session, "give back", bulk_change(MODEL, "give_back"))
        db.session.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"))
    parser.add_argument("--size", type=int, default=100_000)
    options = parser.parse_args()
    for engine in [options.engine] if options.engine else ["sqlite", "postgresql"]:
        with ExitStack() as stack:
            folder = stack.enter_context(scratch_folder())
            url = f"sqlite:///{folder / 'bench.db'}"
            if engine == "postgresql":
                url = stack.enter_context(running_postgres()).create()
            app = migrated_app(make_settings(url, folder))
            with app.app_context():
                seed_provider_models(db.session(), options.size)
                db.session.remove()
            print(f"{engine}, {options.size:,} provider models", flush=True)
            measure(app)
            with app.app_context():
                db.engine.dispose()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"peak memory of this process, with the copies it compares: {peak} MB")


if __name__ == "__main__":
    main()
