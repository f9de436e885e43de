"""A request for a run wakes up who does it, after the commit, and never fails for want of that."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.jobs.nudge import EXTENSION, Nudger
from app.models import SyncRun, db
from tests.support.client import IsolatedClient
from tests.support.database import make_settings
from tests.support.feeds import make_feed

SYNC = "/v1/admin/feeds/far/sync"


class Listening(Nudger):
    """Notes what it is asked, and how many runs everybody saw at that moment."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def ask(self, name: str) -> bool:
        with db.engine.connect() as other:
            runs = other.scalar(select(func.count()).select_from(SyncRun.__table__)) or 0
        self.asked.append((name, runs))
        return True


@pytest.fixture
def far(app: Flask) -> Iterator[None]:
    with app.app_context():
        make_feed(db.session(), "far")
    yield
    app.extensions.pop(EXTENSION, None)


def test_whoever_does_runs_is_told_once_everybody_sees_the_run(
    app: Flask, far: None, api_admin: IsolatedClient
) -> None:
    nudger = app.extensions[EXTENSION] = Listening()
    assert api_admin.post(SYNC).status_code == 202
    assert nudger.asked == [("work", 1)]
    assert api_admin.post("/v1/admin/feeds/other/sync").status_code == 404
    assert len(nudger.asked) == 1


def test_a_run_can_be_asked_for_while_redis_is_away(
    app: Flask, far: None, api_admin: IsolatedClient, tmp_path: Path
) -> None:
    away = make_settings(f"sqlite:///{tmp_path / 'x'}", tmp_path, redis_url="redis://127.0.0.1:1/0")
    app.extensions[EXTENSION] = Nudger(away)
    response = api_admin.post(SYNC)
    assert response.status_code == 202
    assert (response.json or {})["status"] == "queued"
