"""An admin adds a webhook and looks at what was sent: the whole way in a real browser."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.models import db
from app.services.deliveries import deliver_due
from app.services.transaction import writing
from tests.support.axe import violations
from tests.support.webhooks import VAULT, make_delivery, make_webhook, receiving

VALID = re.compile(r"whsec_.{44}")


@pytest.fixture
def hook(live_app: Flask) -> str:
    """The page of a webhook with 30 messages."""
    with live_app.app_context(), writing(db.session()) as session:
        webhook_id = make_webhook(session, public_id="hook_1", description="On call")
        for number in range(1, 31):
            failed = number % 7 == 0
            make_delivery(
                session,
                webhook_id,
                public_id=f"msg_{number}",
                state="failed" if failed else "delivered",
                attempts=10 if failed else 1,
                last_status=503 if failed else 200,
                last_error="the answer was 503 Service Unavailable" if failed else None,
                response="come back later" if failed else "ok",
            )
    return "/webhooks/hook_1"


def test_a_webhook_is_added_by_keyboard_and_tested(live_app: Flask, admin_page: Page) -> None:
    page = admin_page
    with receiving((200, {}, b"hello")) as receiver:
        page.goto("/webhooks")
        assert violations(page) == []
        page.get_by_role("link", name="Add a webhook").first.focus()
        page.keyboard.press("Enter")
        page.get_by_label("URL").fill("nowhere")
        page.keyboard.press("Enter")
        expect(page.locator("#url-problem")).to_be_visible()
        assert violations(page) == []
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_label("Description").fill("By keyboard")
        page.get_by_label("Sync failed").focus()
        page.keyboard.press("Space")
        page.get_by_label("Description").press("Enter")
        secret = page.get_by_label("The signing secret")
        expect(secret).to_have_value(VALID)
        assert violations(page) == []
        page.get_by_role("button", name="Send a test message").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#toasts")).to_contain_text("on its way")
        first = page.locator(".hook-message").first
        expect(first).to_contain_text("Test message")
        expect(secret).to_be_visible()
        with live_app.app_context():
            deliver_due(db.session, VAULT, allow_private=True, holder="test")
        expect(first).to_contain_text("delivered", timeout=10_000)
        first.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(first.get_by_label("The last answer")).to_have_text("hello")
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_are_accessible_and_fit(
    hook: str, admin_page: Page, scheme: str, width: int
) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in ("/webhooks", hook, f"{hook}/edit", f"{hook}/delete", f"{hook}/secret"):
        page.goto(path)
        if path == hook:
            page.locator("summary").nth(1).click()
        assert violations(page) == [], path
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, path


def test_the_log_is_filtered_paged_and_sent_again(hook: str, admin_page: Page) -> None:
    page = admin_page
    page.goto(hook)
    expect(page.locator(".hook-message")).to_have_count(20)
    page.get_by_role("link", name="Older").click()
    expect(page.locator(".hook-message")).to_have_count(10)
    page.get_by_role("link", name="Newest").click()
    page.get_by_role("link", name="Failed").click()
    expect(page.locator(".hook-message")).to_have_count(4)
    page.get_by_role("button", name="Send again: msg_28").click()
    expect(page.locator("#toasts")).to_contain_text("sent again")
    expect(page.locator(".hook-message")).to_have_count(3)
