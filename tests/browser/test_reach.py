"""What a finger, an eye that motion hurts and a screen reader need of each page."""

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from app.core.permissions import Role
from tests.browser.test_every_state import ENTRY, LISTED, STATES
from tests.support.console import GROUPS
from tests.support.elsewhere import SOON, edit
from tests.support.people import log_in
from tests.support.reach import moving, targets

phone = pytest.mark.browser_context_args(
    viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
)
# What a person does on a phone to a table.
TOUCHED = (
    "text editor",
    "tags editor",
    "wrong number",
    "price editor",
    "limits editor",
    "conflict",
    "flipped",
    "selected",
    "bulk preview",
    "everything menu",
    "palette",
    "logged out",
    "forbidden",
)


@phone
@pytest.mark.parametrize("group", list(GROUPS))
def test_every_control_of_every_page_can_be_hit_with_a_finger(
    admin_page: Page, filled: dict[str, list[str]], group: str
) -> None:
    page = admin_page
    assert page.evaluate("matchMedia('(hover: none) and (pointer: coarse)').matches")
    found: list[str] = []
    for endpoint, paths in filled.items():
        for path in paths if endpoint.partition(".")[0] in GROUPS[group] else ():
            page.goto(path)
            seen = targets(page)
            assert seen.judged > 15, f"{path}: the bar alone has more controls"
            found += [f"{path}: {small}" for small in seen.small]
    assert not found, "\n".join(found)


@phone
@pytest.mark.complains("net::ERR_FAILED")
@pytest.mark.parametrize("state", TOUCHED)
def test_what_opens_can_be_hit_with_a_finger(admin_page: Page, live_app: Flask, state: str) -> None:
    path, steps = STATES[state]
    admin_page.goto(path)
    steps(admin_page, live_app)
    seen = targets(admin_page)
    assert seen.judged > 0
    assert not seen.small, "\n".join(seen.small)


@phone
def test_the_login_can_be_hit_with_a_finger(page: Page) -> None:
    page.goto("/login")
    seen = targets(page)
    assert seen.judged > 5
    assert not seen.small, "\n".join(seen.small)


@phone
def test_a_small_control_beside_another_is_told(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    page.evaluate(
        "document.styleSheets[0].insertRule('.column-list .icon-button { width: 20px }', 0)"
    )
    small = targets(page).small
    assert len(small) > 10
    assert all(' px: <button class="icon-button"' in line for line in small), small


def _flip(page: Page, _: Flask) -> None:
    page.locator(f'tr[data-public-id="{ENTRY}"] [role="switch"]').first.click()
    expect(page.locator(".toast-note")).to_be_visible()


def _see_another_change_it(page: Page, app: Flask) -> None:
    edit(app, context_length=1000)
    expect(page.locator(".is-live").first).to_be_visible(timeout=SOON)


def _wait(page: Page, _: Flask) -> None:
    page.evaluate("document.documentElement.classList.add('is-slow')")


def _see_it_run(page: Page, _: Flask) -> None:
    page.get_by_role("row", name="slow").get_by_role("link").first.click()
    expect(page.locator(".spin").first).to_be_visible()


def _look(page: Page, _: Flask) -> None:
    expect(page.locator("h1").first).to_be_attached()


MOVED = {
    "a flip": (LISTED, _flip),
    "a change by somebody else": (LISTED, _see_another_change_it),
    "an editor": STATES["text editor"],
    "a dialog": STATES["bulk preview"],
    "the palette": STATES["palette"],
    "a lost connection": STATES["connection lost"],
    "an entry": (f"/catalog/{ENTRY}", _look),
    "the dashboard": ("/", _look),
    "the queue": ("/review", _look),
    "a slow answer": ("/", _wait),
    "a run under way": ("/sync-runs", _see_it_run),
    "a webhook": ("/webhooks/hook_1", _look),
    "a form": ("/feeds/reseller/edit", _look),
}


@pytest.mark.complains("net::ERR_FAILED")
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("act", list(MOVED))
def test_nothing_moves_for_whom_motion_hurts(admin_page: Page, live_app: Flask, act: str) -> None:
    path, steps = MOVED[act]
    admin_page.goto(path)
    steps(admin_page, live_app)
    found = moving(admin_page)
    assert not found, "\n".join(found)


def test_messages_flags_and_changes_move_for_others(
    browser: Browser, base_url: str, live_app: Flask
) -> None:
    context = browser.new_context(base_url=base_url, reduced_motion="no-preference")
    page = context.new_page()
    page.goto("/login")
    log_in(page, Role.ADMIN)
    page.goto(LISTED)
    _flip(page, live_app)
    _see_another_change_it(page, live_app)
    found = "\n".join(moving(page))
    for move in ("animation live-fade", "animation toast-in", "transition of inset", "runs: <td"):
        assert move in found
    context.close()
