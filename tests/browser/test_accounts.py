"""Users, tokens, the own account and the API reference, in a browser."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.permissions import SYSTEM
from app.models import db
from app.services.tokens import create_token
from app.services.users import create_user
from app.web.permissions import current_settings
from tests.support.axe import violations
from tests.support.browser import show_in
from tests.support.people import PASSWORD

LONG = "a.person.with.a.rather.long.name@department.example.org"
WIDER_THAN_SHOWN = """() => [...document.querySelectorAll("html, .table-card")]
    .filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.className)"""


@pytest.mark.parametrize("path", ["/users", "/tokens", "/account"])
def test_nothing_has_to_be_scrolled_sideways_on_a_phone(
    admin_page: Page, live_app: Flask, path: str
) -> None:
    with live_app.app_context():
        create_user(db.session(), SYSTEM, LONG, "long enough", "editor")
        create_token(db.session(), SYSTEM, current_settings(), name="x" * 60, role="viewer")
    admin_page.set_viewport_size({"width": 390, "height": 844})
    admin_page.goto(path)
    assert admin_page.evaluate(WIDER_THAN_SHOWN) == []
    assert violations(admin_page) == []


def test_the_password_is_changed_from_the_menu(admin_page: Page) -> None:
    page = admin_page
    page.goto("/")
    page.get_by_role("button", name="Your account").click()
    page.get_by_role("link", name="Change password").click()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("a better password")
    page.get_by_label("New password again").fill("a better password")
    page.get_by_role("button", name="Change the password").click()
    expect(page.locator("#toasts")).to_contain_text("Your password is changed")
    page.goto("/users")
    expect(page.get_by_role("heading", name="Users")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_api_reference_is_accessible(page: Page, theme: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/v1/docs")
    show_in(page, theme)
    page.reload()
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    assert page.evaluate(WIDER_THAN_SHOWN) == []
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/v1/docs", "/providers"])
def test_the_top_bar_stays_while_a_long_page_scrolls(admin_page: Page, path: str) -> None:
    admin_page.goto(path)
    admin_page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(admin_page.locator(".topbar")).to_be_in_viewport(ratio=1)
    assert admin_page.evaluate("window.scrollY") > 1000
