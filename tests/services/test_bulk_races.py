"""Bulk actions, edits, moves and undos at once: nothing is lost, nobody waits in a circle."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.bulk import bulk_change, switch
from app.core.errors import BusyError, ConflictError
from app.core.fields import RecordType
from app.models import Batch, CatalogEntry, Override, ProviderModel, db
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.links import move_models
from app.services.records import edit_record
from app.services.undo import undo_batch
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.feeds import EDITOR

MODEL: RecordType = "provider_model"
MODELS, ENTRIES, TURNS = 120, 20, 12
Work = Callable[[Session, random.Random], object]


def switch_some(session: Session, chance: random.Random) -> object:
    names = (("enable", ""), ("disable", ""), ("set_category", "a"), ("give_back", ""))
    change = bulk_change(MODEL, *chance.choice(names))
    ids = chance.sample(range(1, MODELS + 1), MODELS // 2)
    return run_bulk(session, EDITOR, change, Selection(MODEL, ids=ids))


def edit_one(session: Session, chance: random.Random) -> object:
    values = chance.choice(({"active": True}, {"category": "z"}, {"model_display_name": "Mine"}))
    return edit_record(session, EDITOR, MODEL, chance.randint(1, MODELS), values)


def move_some(session: Session, chance: random.Random) -> object:
    ids = chance.sample(range(1, MODELS + 1), 3)
    names = session.scalars(select(ProviderModel.public_id).where(ProviderModel.id.in_(ids))).all()
    target = select(CatalogEntry.public_id).where(CatalogEntry.id == chance.randint(1, ENTRIES))
    return move_models(session, EDITOR, names, session.scalars(target).one())


def undo_one(session: Session, chance: random.Random) -> object:
    newest = select(Batch.public_id).order_by(Batch.id.desc()).limit(4)
    found = session.scalars(newest).all()
    return undo_batch(session, EDITOR, chance.choice(found)) if found else None


def take_turns(app: Flask, work: Work, seed: int) -> int:
    """Do the work again and again; that there was nothing to do, or too much going on, is no error:

    then nothing happened, and a slow machine may take its ten seconds for a lock.
    """
    chance, done = random.Random(seed), 0
    for _ in range(TURNS):
        with app.app_context():
            try:
                work(db.session(), chance)
                done += 1
            except (BusyError, ConflictError):
                pass
            finally:
                db.session.remove()
    return done


def test_writers_at_the_same_time_leave_every_record_consistent(
    app: Flask, session: Session
) -> None:
    entries = [make_entry(session) for _ in range(ENTRIES)]
    provider = make_provider(session)
    for number in range(MODELS):
        make_provider_model(session, provider, entries[number % ENTRIES])
    assert sorted(session.scalars(select(ProviderModel.id))) == list(range(1, MODELS + 1))
    session.commit()
    session.rollback()
    work = (switch_some, switch_some, edit_one, edit_one, move_some, undo_one)
    with ThreadPoolExecutor(len(work)) as pool:
        turns = [pool.submit(take_turns, app, one, seed) for seed, one in enumerate(work)]
        done = [turn.result() for turn in turns]
    assert all(done[:4])
    decided: dict[int, dict[str, object]] = {}
    for override in session.scalars(select(Override).where(Override.record_type == MODEL)):
        decided.setdefault(override.record_id, {})[override.field] = override.value
    for model in session.scalars(select(ProviderModel)):
        mine = decided.get(model.id, {})
        assert sorted(model.manual_fields) == sorted(mine)
        assert {name for name, source in model.sources.items() if source == "manual"} == set(mine)
        assert {name: getattr(model, name) for name in mine} == mine
        assert (model.status == "updated") == (model.protection != "none")
        assert not mine or model.protection != "none"


def test_a_confirmed_switch_is_done_whoever_else_writes(app: Flask, session: Session) -> None:
    provider, entry = make_provider(session), make_entry(session)
    off = [make_provider_model(session, provider, entry, active=False) for _ in range(30)]
    ids = [model.id for model in off]
    session.commit()

    def edit_all() -> None:
        for pk in ids:
            with app.app_context():
                edit_record(db.session(), EDITOR, MODEL, pk, {"category": "mine"})
                db.session.remove()

    with ThreadPoolExecutor(1) as pool:
        edits = pool.submit(edit_all)
        outcome = run_bulk(session, EDITOR, switch(MODEL, True), Selection(MODEL))
        edits.result()
    session.rollback()
    assert outcome.updated == len(ids)
    for model in session.scalars(select(ProviderModel)):
        assert (model.active, model.category) == (True, "mine")
