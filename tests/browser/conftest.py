"""A real Chromium against a real server, whose database holds the embedded catalog."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page

from app.core.permissions import Role
from app.models import db
from tests.support.browser import launch_arguments
from tests.support.console import addresses, fill
from tests.support.database import (
    Snapshot,
    make_settings,
    migrated_app,
    scratch_folder,
    take_snapshot,
)
from tests.support.live import served
from tests.support.people import session_of
from tests.support.seed import seed

# A page may be told "no": refused forms and stale edits are answered with these, and Chromium
# writes every such answer to its console.
EXPECTED_ANSWERS = re.compile(r"responded with a status of (401|403|404|409|412|422|429)")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | launch_arguments()


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {"reduced_motion": "reduce", "locale": "en-GB"}


@pytest.fixture(scope="session")
def live_site() -> Iterator[tuple[Flask, str, Snapshot]]:
    """Application, address and snapshot; one server serves all browser tests."""
    with scratch_folder() as folder:
        app = migrated_app(make_settings(f"sqlite:///{folder / 'browser.db'}", folder))
        seed(app)
        with app.app_context():
            engine = db.engine
        snapshot = take_snapshot(engine)
        with served(app) as address:
            yield app, address, snapshot
        snapshot.close()
        engine.dispose()


@pytest.fixture(scope="session")
def base_url(live_site: tuple[Flask, str, Snapshot]) -> str:
    """Lets a test say `page.goto("/catalog")`."""
    return live_site[1]


@pytest.fixture
def live_app(live_site: tuple[Flask, str, Snapshot]) -> Iterator[Flask]:
    """The application that the browser talks to; what the test changes is undone after it."""
    app, _, snapshot = live_site
    yield app
    snapshot.restore()


@pytest.fixture
def page(live_app: Flask, page: Page, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that fails its test when a script fails or the content policy blocks something.

    A test in which something fails on purpose marks what the browser says of it: `complains`.
    """
    complaints: list[str] = []
    marker = request.node.get_closest_marker("complains")
    on_purpose = re.compile(marker.args[0] if marker else "$^")

    def on_console(message: ConsoleMessage) -> None:
        expected = EXPECTED_ANSWERS.search(message.text) or on_purpose.search(message.text)
        if message.type == "error" and not expected:
            complaints.append(message.text)

    def on_error(error: Error) -> None:
        complaints.append(str(error))

    page.on("console", on_console)
    page.on("pageerror", on_error)
    yield page
    page.close()  # no request may still write while the database is put back
    assert complaints == [], "the browser's console has errors"


def let_in(context: BrowserContext, app: Flask, base_url: str, role: Role) -> None:
    """The browser gets the session of a person who has logged in."""
    cookie, _ = session_of(app, role)
    context.add_cookies(
        [{"name": app.config["SESSION_COOKIE_NAME"], "value": cookie, "url": base_url}]
    )


@pytest.fixture
def admin_page(page: Page, live_app: Flask, base_url: str) -> Page:
    """An empty page of a browser in which the admin has logged in."""
    let_in(page.context, live_app, base_url, Role.ADMIN)
    return page


@pytest.fixture
def other_page(live_app: Flask, browser: Browser, base_url: str) -> Iterator[Page]:
    """Another person's browser, whose connection a test may cut: its console may complain."""
    context = browser.new_context(base_url=base_url, reduced_motion="reduce")
    let_in(context, live_app, base_url, Role.EDITOR)
    yield context.new_page()
    context.close()


@pytest.fixture
def filled(live_app: Flask, tmp_path: Path) -> dict[str, list[str]]:
    """Where every page is open, in a catalog that has something of everything."""
    fill(live_app, tmp_path)
    return addresses(live_app)
