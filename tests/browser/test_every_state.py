"""What opens, fails or waits on a page, in both themes: axe finds nothing to say against any."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select

from app.core.errors import BusyError
from app.core.permissions import SYSTEM, Role
from app.models import CatalogEntry, UserSession, db
from app.services.records import edit_record
from tests.support.axe import violations
from tests.support.browser import show_in
from tests.support.live import raising
from tests.support.people import log_in

ENTRY = "anthropic/claude-sonnet-4-5"
ROW = f'tr[data-public-id="{ENTRY}"]'
LISTED = "/catalog?q=claude-sonnet-4"
MODELS = "/provider-models?search=claude-sonnet-4"
THEMES = ("light", "dark")

Steps = Callable[[Page, Flask], None]


def _keys(*keys: str, shows: str) -> Steps:
    def steps(page: Page, _: Flask) -> None:
        page.locator("#results").click(position={"x": 2, "y": 2})
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(shows)).to_be_visible()

    return steps


def _click(*buttons: str, shows: str) -> Steps:
    def steps(page: Page, _: Flask) -> None:
        for button in buttons:
            page.locator(button).first.click()
        expect(page.locator(shows).first).to_be_visible()

    return steps


def _edit(field: str, value: str | None = None, shows: str = "#editor") -> Steps:
    def steps(page: Page, _: Flask) -> None:
        page.locator(f'tbody tr:first-child [data-field="{field}"] > button').click()
        expect(page.locator("#editor")).to_be_visible()
        if value is not None:
            page.locator("#editor-value").fill(value)
            page.keyboard.press("Enter")
        expect(page.locator(shows).first).to_be_visible()

    return steps


def _find(typed: str, shows: str) -> Steps:
    def steps(page: Page, _: Flask) -> None:
        page.keyboard.press("Control+k")
        page.locator(".palette-input").fill(typed)
        expect(page.locator(shows).first).to_be_visible()

    return steps


def _select(*more: str, shows: str = ".bulk.has-picked") -> Steps:
    def steps(page: Page, _: Flask) -> None:
        for box in page.locator("tbody .pick").all()[:3]:
            box.check()
        expect(page.locator(".bulk.has-picked")).to_be_visible()
        for button in more:
            page.locator(button).first.click()
        expect(page.locator(shows).first).to_be_visible()

    return steps


def _preview(page: Page, _: Flask) -> None:
    _select()(page, _)
    page.get_by_label("What to do").select_option("disable")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#bulk-dialog[open] .bulk-title")).to_be_visible()


def _conflict(page: Page, app: Flask) -> None:
    button = page.locator(f'{ROW} [data-field="family"] > button')
    button.click()
    page.locator("#editor-value").fill("mine")
    with app.app_context():
        session = db.session()
        entry = select(CatalogEntry.id).where(CatalogEntry.public_id == ENTRY)
        pk = session.scalars(entry).one()
        edit_record(session, SYSTEM, "entry", pk, {"family": "theirs"})
    page.keyboard.press("Enter")
    expect(page.locator(".editor-conflict")).to_be_visible()


def _logged_out(page: Page, app: Flask) -> None:
    page.locator(f'{ROW} [data-field="family"] > button').click()
    page.locator("#editor-value").fill("kept")
    with app.app_context():
        db.session.execute(delete(UserSession))
        db.session.commit()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="You were logged out")).to_be_visible()


def _refused_login(page: Page, _: Flask) -> None:
    page.context.clear_cookies()
    page.goto("/login")
    page.locator("input[name=email]").fill("nobody@example.org")
    page.locator("input[name=password]").fill("not this one")
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()


def _forbidden(page: Page, _: Flask) -> None:
    page.context.clear_cookies()
    page.goto("/login")
    log_in(page, Role.VIEWER)
    assert (answer := page.goto("/users")) is not None
    assert answer.status == 403


def _offline(page: Page, _: Flask) -> None:
    page.locator(".is-live, tbody tr").first.wait_for()
    page.route("**/live?**", lambda route: route.abort())
    expect(page.locator('.live-banner[data-kind="away"]')).to_be_visible(timeout=30_000)


def _submit(problem: str) -> Steps:
    def steps(page: Page, _: Flask) -> None:
        page.evaluate("() => document.querySelectorAll('form').forEach((f) => f.noValidate = true)")
        page.locator("main form[method=post] button.btn-primary").last.click()
        expect(page.locator(problem).first).to_be_visible()

    return steps


def _answered(path: str, status: int, *, error: Exception | None = None) -> Steps:
    """What the page says with this status; with ``error`` where the view raises it."""

    def steps(page: Page, app: Flask) -> None:
        with raising(app, "catalog.entries", error) if error else nullcontext():
            answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        expect(page.locator("h1")).to_be_visible()

    return steps


def _offer(page: Page, _: Flask) -> None:
    page.get_by_label("Groq").check()
    page.get_by_role("button", name="Switch on the chosen providers").click()
    expect(page.locator(".start-step.is-done")).to_be_visible()


STATES: dict[str, tuple[str, Steps]] = {
    "keys": (LISTED, _keys("?", shows="#help")),
    "columns": (LISTED, _click("#columns-button", shows="#columns-panel")),
    "views": (LISTED, _click("#views-button", shows="#views-panel")),
    "more filters": (LISTED, _click(".more-filters summary", shows=".more-filters-panel")),
    "account menu": (LISTED, _click(".user-button", shows="#user-menu")),
    "more pages": (LISTED, _click(".topnav-more summary", shows=".topnav-more ul")),
    "palette": (LISTED, _find("claud", ".palette .find-option")),
    "palette, nothing": (LISTED, _find("zzqqxx", ".palette-empty")),
    "text editor": (LISTED, _edit("family")),
    "tags editor": (LISTED, _edit("tags")),
    "number editor": (LISTED, _edit("context_length")),
    "wrong number": (LISTED, _edit("context_length", "many", "#editor-problem")),
    "price editor": (MODELS, _edit("pricing")),
    "limits editor": (MODELS, _edit("token_limits")),
    "conflict": (LISTED, _conflict),
    "flipped": (LISTED, _click(f'{ROW} [role="switch"]', shows=".toast-note")),
    "selected": (LISTED, _select()),
    "bulk preview": (LISTED, _preview),
    "everything menu": (LISTED, _click(".bulk-everything summary", shows=".bulk-menu")),
    "logged out": (LISTED, _logged_out),
    "connection lost": (LISTED, _offline),
    "no such page": ("/", _answered("/catalog/no/such", 404)),
    "wrong filter": ("/", _answered("/catalog?context_min=many", 400)),
    "server error": ("/", _answered("/catalog", 500, error=RuntimeError("broken"))),
    "busy": ("/", _answered("/catalog", 503, error=BusyError("another write takes long"))),
    "nothing matches": ("/catalog?q=zzzz&active=true", _click("h1", shows=".empty-ways")),
    "login refused": ("/", _refused_login),
    "forbidden": ("/", _forbidden),
    "provider refused": ("/providers/new", _submit("[role=alert], .invalid-feedback")),
    "feed refused": ("/feeds/new", _submit("[role=alert], .invalid-feedback")),
    "no provider chosen": ("/start", _click(".start-form .btn-primary", shows="#start-problem")),
    "provider chosen": ("/start", _offer),
    "webhook refused": ("/webhooks/new", _submit("[role=alert], .invalid-feedback")),
}


def test_no_state_is_lost_from_the_list() -> None:
    assert len(STATES) >= 33


@pytest.mark.complains("net::ERR_FAILED|status of (400|500|503)")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", list(STATES))
def test_every_state_is_accessible(
    admin_page: Page, live_app: Flask, state: str, theme: str
) -> None:
    page = admin_page
    path, steps = STATES[state]
    show_in(page, theme)
    page.goto(path)
    steps(page, live_app)
    assert page.locator("html").get_attribute("data-bs-theme") == theme
    # Cells half behind an editor that lies over them are no targets of their own.
    found = violations(page, within="#editor" if "editor" in state else None)
    assert not found, "\n".join(found)
