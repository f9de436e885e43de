"""Logging in, in a real browser."""

from playwright.sync_api import Page, expect

from app.core.permissions import Role
from tests.support.axe import violations
from tests.support.people import log_in


def test_the_login_page_is_accessible(page: Page) -> None:
    page.goto("/login")
    assert violations(page) == []


def test_a_wrong_password_is_refused_and_said(page: Page) -> None:
    page.goto("/login")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill("wrong wrong wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("wrong")).to_be_visible()


def test_the_admin_reaches_the_console(page: Page) -> None:
    page.goto("/login")
    log_in(page, Role.ADMIN)
    expect(page.locator("form[action='/logout']")).to_have_count(1)
