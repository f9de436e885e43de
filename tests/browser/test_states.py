"""The states that nobody plans for: a session that ended, a server that fails or is slow."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect
from sqlalchemy import delete

from app.core.errors import BusyError
from app.core.permissions import Role
from app.models import UserSession, db
from tests.support.axe import violations
from tests.support.live import raising
from tests.support.people import PASSWORD, email_of

ENTRY = "anthropic/claude-sonnet-4-5"
LISTED = "/catalog?q=claude-sonnet-4"


def end_sessions(app: Flask) -> None:
    with app.app_context():
        db.session.execute(delete(UserSession))
        db.session.commit()


def write_family(page: Page, value: str) -> None:
    page.locator(f'tr[data-public-id="{ENTRY}"] [data-field="family"] > button').click()
    page.locator("#editor-value").fill(value)


def log_in_on_top(page: Page) -> None:
    dialog = page.get_by_role("dialog", name="You were logged out")
    expect(dialog.get_by_label("E-mail")).to_have_value(email_of(Role.ADMIN))
    expect(dialog.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def test_an_edit_outlives_its_session(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    write_family(page, "written while logged out")
    end_sessions(live_app)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="You were logged out")
    expect(dialog).to_contain_text("your edit is still here")
    assert violations(page) == []
    dialog.get_by_label("Password").fill("wrong password")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert").first).to_contain_text("the password is wrong")
    expect(page.locator("#editor-value")).to_have_value("written while logged out")
    log_in_on_top(page)
    family = page.locator(f'tr[data-public-id="{ENTRY}"] [data-field="family"]')
    expect(family).to_have_text("written while logged out")
    page.get_by_role("button", name="Undo").press("Enter")  # the card of a cell may lie over it
    expect(family).not_to_have_text("written while logged out")


def test_somebody_else_does_not_send_what_another_wrote(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    write_family(page, "not theirs")
    end_sessions(live_app)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="You were logged out")
    dialog.get_by_label("E-mail").fill(email_of(Role.EDITOR))
    dialog.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator(f'[data-user="{email_of(Role.EDITOR)}"]')).to_be_visible()
    expect(page.get_by_text("not theirs")).to_have_count(0)


def test_a_flag_flips_after_the_login_and_not_now_leaves_the_page(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    end_sessions(live_app)
    audio = page.get_by_role("switch", name="Audio for Claude Sonnet 4.5 (latest)")
    audio.click()
    page.get_by_role("button", name="Not now").click()
    expect(page.get_by_role("dialog", name="You were logged out")).to_be_hidden()
    expect(audio).to_have_attribute("aria-checked", "false")
    audio.click()
    log_in_on_top(page)
    expect(audio).to_have_attribute("aria-checked", "true")
    expect(page.get_by_role("status").filter(has_text="Audio is on")).to_be_visible()


def failing(times: int, status: int = 500) -> Callable[[Route], None]:
    left = [times]

    def answer(route: Route) -> None:
        if left[0] == 0:
            return route.fallback()
        left[0] -= 1
        if status == 0:
            return route.abort("connectionrefused")
        toast = (
            '<div class="toast-note toast-error" data-toast><div class="toast-text">Something went'
            ' wrong <button type="button" data-toast-retry hidden>Try again</button>'
            '<span class="toast-quote">Request abc-1</span></div></div>'
        )
        headers = {"HX-Retarget": "#toasts", "HX-Reswap": "beforeend"}
        return route.fulfill(status=status, body=toast, content_type="text/html", headers=headers)

    return answer


@pytest.mark.complains("503|ERR_CONNECTION_REFUSED|htmx:error")
@pytest.mark.parametrize("status", [503, 0], ids=["failing", "unreachable"])
def test_what_failed_is_tried_again(admin_page: Page, status: int) -> None:
    page = admin_page
    page.goto(LISTED)
    page.route("**/entries/*/fields/family", failing(1, status))
    write_family(page, "second try")
    page.keyboard.press("Enter")
    page.locator("#toasts").get_by_role("button", name="Try again").click()
    family = page.locator(f'tr[data-public-id="{ENTRY}"] [data-field="family"]')
    expect(family).to_have_text("second try")


@pytest.mark.complains("503")
def test_an_error_is_quoted_and_offers_another_try(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    with raising(live_app, "entry_editing.flip", BusyError("another write takes long")):
        page.get_by_role("switch", name="Audio for Claude Sonnet 4.5 (latest)").click()
        toast = page.locator("#toasts .toast-error")
        expect(toast).to_contain_text(
            re.compile(r"Another write takes long.*Request \w+", re.DOTALL)
        )
        assert violations(page) == []
    toast.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").filter(has_text="Audio is on")).to_be_visible()


def held(page: Page, address: str) -> list[Route]:
    """What is sent to the address waits until the test lets it go."""
    routes: list[Route] = []

    def keep(route: Route) -> None:
        routes.append(route)

    page.route(address, keep)
    return routes


def test_slow_is_said_after_a_while_and_nothing_is_sent_twice(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    write_family(page, "slowly")
    routes = held(page, "**/entries/*/fields/family")
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.clock.run_for(150)
    root = page.locator("html")
    expect(root).not_to_have_class(re.compile("is-slow"))
    page.clock.run_for(100)
    expect(root).to_have_class(re.compile("is-slow"))
    expect(page.locator("#editor button.is-busy")).to_have_text("Save")
    expect(page.get_by_text("Working …")).to_have_count(1)
    routes[0].continue_()
    page.clock.resume()
    family = page.locator(f'tr[data-public-id="{ENTRY}"] [data-field="family"]')
    expect(family).to_have_text("slowly")
    expect(root).not_to_have_class(re.compile("is-slow"))
    assert len(routes) == 1


def test_a_quick_answer_shows_no_sign_of_waiting(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    page.clock.install()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    page.get_by_role("switch", name="Audio for Claude Sonnet 4.5 (latest)").click()
    expect(page.get_by_role("status").filter(has_text="Audio is on")).to_be_visible()
    page.clock.run_for(300)
    expect(page.locator("html")).not_to_have_class(re.compile("is-slow"))


SUBMIT_TWICE = """async (form) => {
  form.requestSubmit();
  form.requestSubmit();
  const root = document.documentElement;
  while (!root.classList.contains("is-slow")) await new Promise(requestAnimationFrame);
  return form.querySelector("button").classList.contains("is-busy");
}"""


def test_an_ordinary_form_is_sent_once(admin_page: Page) -> None:
    page = admin_page
    page.goto("/users")
    form = page.locator("form", has=page.locator("input[name=email]"))
    form.locator("[name=email]").fill("twice@example.org")
    form.locator("[name=password]").fill("long enough")
    routes = held(page, "**/users")
    assert form.evaluate(SUBMIT_TWICE) is True
    assert [route.request.method for route in routes] == ["POST"]
    routes[0].continue_()
    page.unroute("**/users")
    expect(page.get_by_text("twice@example.org may log in now")).to_be_visible()


def test_what_a_role_may_not_do_says_who_can_give_it(page: Page, live_app: Flask) -> None:
    page.goto("/login?next=/users")
    page.get_by_label("E-mail").fill(email_of(Role.VIEWER))
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("This needs the role admin")
    expect(page.get_by_role("main")).to_contain_text(email_of(Role.ADMIN))
    assert violations(page) == []
    page.goto("/account")
    expect(page.get_by_role("main")).to_contain_text("An admin can give you another role")
