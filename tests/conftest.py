"""Fixtures for every test. What they are made of lies in tests/support."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import db
from app.web.limits import limiter
from tests.support.browser import find_chromium
from tests.support.client import IsolatedClient
from tests.support.database import (
    Snapshot,
    make_settings,
    migrated_app,
    scratch_folder,
    take_snapshot,
)
from tests.support.network import only_loopback
from tests.support.people import api_client, logged_in
from tests.support.postgres import PostgresServer, find_binaries, running_postgres

ENGINES = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=ENGINES, help="run on one database only (default: both)")


def pytest_report_header() -> list[str]:
    browser = find_chromium() or "Playwright's own"
    return [f"PostgreSQL: {find_binaries()}", f"Chromium: {browser}"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine_kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("engines")
        chosen = metafunc.config.getoption("engine")
        kinds = [kind for kind in (marker.args if marker else ENGINES) if chosen in {None, kind}]
        metafunc.parametrize("engine_kind", kinds, indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: quick answers first, and Playwright keeps an event loop running."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session", autouse=True)
def closed_network() -> Iterator[None]:
    with only_loopback():
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started when the first test asks for it."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def engine_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: whatever depends on it runs on both."""
    return str(request.param)


@pytest.fixture(scope="session")
def migrated(engine_kind: str, request: pytest.FixtureRequest) -> Iterator[tuple[Flask, Snapshot]]:
    with scratch_folder() as folder:
        url = f"sqlite:///{folder / 'test.db'}"
        if engine_kind == "postgresql":
            url = request.getfixturevalue("postgres").create()
        app = migrated_app(make_settings(url, folder))
        with app.app_context():
            engine = db.engine
        snapshot = take_snapshot(engine)
        yield app, snapshot
        snapshot.close()
        engine.dispose()


@pytest.fixture
def app(migrated: tuple[Flask, Snapshot]) -> Iterator[Flask]:
    """The application on a freshly migrated database; after the test everything is undone."""
    app, snapshot = migrated
    app.test_client_class = IsolatedClient
    yield app
    snapshot.restore()
    if "limiter" in app.extensions:
        limiter.reset()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """An application context and its database session, for calling services and queries."""
    with app.app_context():
        yield db.session()
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> IsolatedClient:
    """A browser without JavaScript in which nobody has logged in."""
    client = app.test_client()
    assert isinstance(client, IsolatedClient)
    return client


@pytest.fixture
def viewer(app: Flask) -> IsolatedClient:
    """A browser in which a viewer has logged in."""
    return logged_in(app, Role.VIEWER)


@pytest.fixture
def editor(app: Flask) -> IsolatedClient:
    return logged_in(app, Role.EDITOR)


@pytest.fixture
def admin(app: Flask) -> IsolatedClient:
    return logged_in(app, Role.ADMIN)


@pytest.fixture
def api_viewer(app: Flask) -> IsolatedClient:
    """A program whose API token may read."""
    return api_client(app, Role.VIEWER)


@pytest.fixture
def api_editor(app: Flask) -> IsolatedClient:
    return api_client(app, Role.EDITOR)


@pytest.fixture
def api_admin(app: Flask) -> IsolatedClient:
    return api_client(app, Role.ADMIN)
