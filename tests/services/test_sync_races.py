"""People edit by API while feeds are read, believed and taken back: every accepted edit stands."""

import itertools
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import BusyError, ConflictError
from app.core.fields import RecordType
from app.core.permissions import SYSTEM, Role
from app.models import CatalogEntry, Feed, Override, ProviderModel, SyncItem, SyncRun, db
from app.queries.states import TABLES
from app.services.review import decide_items
from app.services.run_actions import revert_run
from app.services.sync import sync_feed
from app.services.tokens import create_token
from app.web.permissions import current_settings
from tests.support.feeds import EDITOR, Models, answer, make_feed, model
from tests.support.killing import check
from tests.support.live import served
from tests.support.webhooks import make_webhook

pytestmark = pytest.mark.slow

FEED, MODELS = "models-dev", 40
TURNS, EDITS = 31, 5
SECONDS = 60
ALLOWED = {200, 409, 412, 503}
# Each thread decides one field of all records: who was last is certain.
FIELDS: tuple[tuple[RecordType, str], ...] = (
    ("entry", "family"),
    ("entry", "description"),
    ("provider_model", "model_display_name"),
    ("provider_model", "category"),
)
PATHS = {"entry": "catalogs", "provider_model": "provider-models"}


def said(turn: int) -> Models:
    """What the feed says of its models at a turn: all of it changes, some of it beyond belief."""
    models = {}
    for number in range(MODELS + turn % 3):
        price = 2.5 + turn if (number + turn) % 4 else 2_500_000
        models[f"m-{number}x"] = model(
            name=f"Model {number} of turn {turn}",
            family=f"family-{turn}",
            cost={"input": price, "output": 10 + turn},
            tool_call=(number + turn) % 5 != 0,
        )
    return models


@dataclass
class Editor:
    """A program that edits one field of many records, again and again."""

    address: str
    token: str
    record_type: RecordType
    name: str
    records: dict[int, str]
    accepted: dict[int, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    def work(self, over: Event, seed: int) -> None:
        chance = random.Random(seed)
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(base_url=self.address, headers=headers, timeout=60) as client:
            for number in itertools.count():
                if over.is_set():
                    return
                self._edit(client, *chance.choice(sorted(self.records.items())), number)

    def _edit(self, client: httpx.Client, pk: int, public_id: str, number: int) -> None:
        path = f"/v1/admin/models/{PATHS[self.record_type]}/{public_id}"
        value, headers = f"mine {number}", {}
        if number % 3 == 0:
            headers["If-Match"] = client.get(path).headers["ETag"]
        answered = client.patch(path, json={self.name: value}, headers=headers)
        self.statuses[answered.status_code] += 1
        if answered.status_code == 200:
            self.accepted[pk] = value


def turns(app: Flask, path: Path, editors: list[Editor]) -> Counter[str]:
    """Syncs, approvals and reverts, one after the other; returns how many were done.

    On a slow machine it goes on until every editor got something written, or time is up.
    """
    done: Counter[str] = Counter()
    acts = (read, read, approve, revert)
    start = time.monotonic()
    for turn in itertools.count(1):
        passed = time.monotonic() - start
        everyone = len(done) == 3 and all(len(one.accepted) >= EDITS for one in editors)
        if (everyone and (turn > TURNS or passed > SECONDS)) or passed > 2 * SECONDS:
            break
        act = acts[turn % len(acts)]
        with app.app_context():
            try:
                act(db.session(), path, turn)
                done[act.__name__] += 1
            except (BusyError, ConflictError):
                pass  # then nothing happened
            finally:
                db.session.remove()
    return done


def read(session: Session, path: Path, turn: int) -> None:
    path.write_bytes(answer(said(turn)))
    sync_feed(session, SYSTEM, FEED, path=str(path))


def approve(session: Session, _path: Path, _turn: int) -> None:
    decide_items(session, EDITOR, "approve", select(SyncItem.id).where(SyncItem.state == "waiting"))


def revert(session: Session, _path: Path, _turn: int) -> None:
    applied = (SyncRun.status == "applied", SyncRun.batch_id.is_not(None))
    newest = select(SyncRun.public_id).where(*applied).order_by(SyncRun.id.desc())
    revert_run(session, EDITOR, session.scalars(newest.limit(1)).one())


def test_every_edit_that_was_accepted_during_syncs_stands(
    app: Flask, session: Session, tmp_path: Path
) -> None:
    make_feed(session)
    make_webhook(session, events=["sync.applied"])
    session.commit()
    read(session, tmp_path / "feed.json", 0)
    session.execute(update(Feed).values(minimum_share=50))
    token = create_token(session, SYSTEM, current_settings(), name="edits", role=Role.EDITOR.value)
    records = {
        kind: dict(session.execute(select(table.id, table.public_id)).all())
        for kind, table in TABLES.items()
    }
    session.commit()
    over = Event()
    with served(app) as address, ThreadPoolExecutor(len(FIELDS)) as pool:
        editors = [Editor(address, token, kind, name, records[kind]) for kind, name in FIELDS]
        working = [pool.submit(one.work, over, seed) for seed, one in enumerate(editors)]
        try:
            done = turns(app, tmp_path / "feed.json", editors)
        finally:
            over.set()
        for work in working:
            work.result()
    assert min(done[act.__name__] for act in (read, approve, revert)) >= 1, done
    for editor in editors:
        assert set(editor.statuses) <= ALLOWED, editor.statuses
        assert len(editor.accepted) >= EDITS
        stands(session, editor)
    manual: dict[tuple[str, int], dict[str, Any]] = {}
    for one in editors:
        for pk, value in one.accepted.items():
            manual.setdefault((one.record_type, pk), {})[one.name] = value
    check(session, manual)


def stands(session: Session, editor: Editor) -> None:
    session.rollback()
    table: Any = CatalogEntry if editor.record_type == "entry" else ProviderModel
    rows = session.execute(select(table.id, getattr(table, editor.name)))
    in_force = {pk: value for pk, value in rows if pk in editor.accepted}
    assert in_force == editor.accepted
    mine = select(Override.record_id, Override.value).where(
        Override.record_type == editor.record_type, Override.field == editor.name
    )
    assert dict(session.execute(mine).all()) == editor.accepted
