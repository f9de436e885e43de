"""An open table while the connection, the server, the session or the tab goes and returns."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Route, expect

from app.core.permissions import Role
from tests.support.axe import violations
from tests.support.elsewhere import LISTED, SOON, cell, edit
from tests.support.live import served
from tests.support.people import log_in

SEEN = "Object.defineProperty(document, 'visibilityState', {value: '%s', configurable: true});"
CHANGED = "document.dispatchEvent(new Event('visibilitychange'))"


def see(page: Page, state: str) -> None:
    """The tab is put behind another (hidden), or in front (visible)."""
    page.evaluate(SEEN % state + CHANGED)


def questions(page: Page) -> list[str]:
    """What the page asks from now on."""
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/live?" in one.url else None)
    return asked


def test_a_lost_connection_is_said_and_brings_what_was_missed(
    other_page: Page, live_app: Flask
) -> None:
    page = other_page
    page.goto(LISTED)
    page.context.set_offline(True)
    banner = page.locator(".live-banner")
    expect(banner).to_have_text("Not connected; retrying", timeout=SOON)
    page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
    assert violations(page) == []
    edit(live_app, family="missed")
    page.context.set_offline(False)
    expect(cell(page, "family")).to_have_text("missed", timeout=SOON)
    expect(banner).to_be_hidden()


def test_an_ended_session_offers_the_way_back(other_page: Page) -> None:
    page = other_page
    page.goto(LISTED)
    page.context.clear_cookies()
    again = page.locator(".live-banner").get_by_role("link", name="Log in again")
    expect(again).to_be_visible(timeout=SOON)
    again.click()
    log_in(page, Role.EDITOR)
    page.wait_for_url(f"**{LISTED}")


def test_what_is_to_be_shown_stands_beside_a_lost_connection(
    other_page: Page, live_app: Flask
) -> None:
    page = other_page
    page.goto(f"{LISTED}&active=true")
    edit(live_app, active=False)
    news = page.locator('.live-banner[data-kind="news"]')
    away = page.locator('.live-banner[data-kind="away"]')
    expect(news).to_contain_text("1 fewer entry matches now", timeout=SOON)
    page.context.set_offline(True)
    expect(away).to_have_text("Not connected; retrying", timeout=SOON)
    expect(news).to_be_visible()
    assert violations(page) == []
    page.context.set_offline(False)
    expect(away).to_have_count(0, timeout=SOON)
    expect(news).to_contain_text("1 fewer entry matches now")
    news.get_by_role("button", name="Show").click()
    expect(news).to_have_count(0)


def test_a_server_that_starts_anew_is_found_again(browser: Browser, live_app: Flask) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    with served(live_app) as address:
        page.goto(f"{address}/login")
        log_in(page, Role.EDITOR)
        page.goto(f"{address}{LISTED}")
        expect(cell(page, "family")).to_be_visible()
    away = page.locator('.live-banner[data-kind="away"]')
    expect(away).to_have_text("Not connected; retrying", timeout=SOON)
    edit(live_app, family="missed")
    with served(live_app, int(address.rpartition(":")[2])):
        expect(cell(page, "family")).to_have_text("missed", timeout=2 * SOON)
        expect(cell(page, "family")).to_have_class(re.compile("is-live"))
        expect(away).to_have_count(0)
        context.close()


def test_a_hidden_tab_asks_nothing_and_catches_up_at_once(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    asked = questions(page)
    with page.expect_response(re.compile("/live")):
        pass
    see(page, "hidden")
    asked.clear()
    edit(live_app, family="meanwhile")
    page.wait_for_timeout(7_000)
    assert asked == []
    see(page, "visible")
    expect(cell(page, "family")).to_have_text("meanwhile", timeout=2_000)
    expect(cell(page, "family")).to_have_class(re.compile("is-live"))


def held_back(page: Page) -> Callable[[], None]:
    """Holds the next question of the page; what is given lets it go."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.fallback()
        else:
            held.append(route)

    page.route("**/live?**", hold)
    while not held:
        page.wait_for_timeout(50)
    return held[0].continue_


@pytest.mark.parametrize("event", ["visibilitychange", "online"])
def test_who_looks_again_while_a_question_is_under_way_is_answered_next(
    admin_page: Page, live_app: Flask, event: str
) -> None:
    page = admin_page
    page.goto(LISTED)
    let_go = held_back(page)
    asked = questions(page)
    target = "document" if event == "visibilitychange" else "window"
    for _ in range(3):
        page.evaluate(f"{target}.dispatchEvent(new Event('{event}'))")
        page.wait_for_timeout(100)
    assert asked == [], "one question at a time"
    with page.expect_request(re.compile("/live"), timeout=1_500):
        let_go()
    page.wait_for_timeout(1_500)
    assert len(asked) == 1, "and one beat"
    with page.expect_request(re.compile("/live"), timeout=4_000):
        pass
