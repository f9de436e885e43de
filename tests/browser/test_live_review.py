"""The review queue while another person decides: what is decided waits no longer, here as well."""

import re
from collections.abc import Sequence

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.models import db
from app.queries.entries import get_entry
from app.services.review import decide_items
from app.services.undo import undo_batch
from tests.support.axe import violations
from tests.support.elsewhere import EDITOR, ENTRY, SOON
from tests.support.syncs import make_feed, make_item, make_run


@pytest.fixture
def items(live_app: Flask) -> list[int]:
    """Row ids of three items that wait."""
    with live_app.app_context():
        session = db.session()
        run = make_run(session, make_feed(session, name="reseller"))
        pk = get_entry(session, ENTRY).id
        fields = ("context_length", "max_output_tokens", "family")
        made = [make_item(session, run, record_id=pk, field=field) for field in fields]
        session.commit()
        return [item.id for item in made]


def reject(app: Flask, items: Sequence[int]) -> str:
    """Another person rejects these; gives the batch."""
    with app.app_context():
        done = decide_items(db.session(), EDITOR, "reject", items)
        db.session.remove()
        assert done.batch
        return done.batch


def test_what_another_decides_waits_no_longer_until_it_is_put_back(
    admin_page: Page, live_app: Flask, items: list[int]
) -> None:
    page = admin_page
    page.goto("/review")
    counter = page.locator("#navigation .pill-count")
    expect(counter).to_have_text("3 waiting")
    first, second, _ = items
    row = page.locator(f"#item-{first}")
    for pk in (first, second):
        page.locator(f"#item-{pk} .pick").check()
    approve = row.get_by_role("button", name="Approve")
    approve.focus()
    batch = reject(live_app, [first])

    expect(row).to_have_class(re.compile("is-decided"), timeout=SOON)
    expect(row.locator(".live-by")).to_have_text("Rejected by editor@example.org")
    expect(counter).to_have_text("2 waiting")
    expect(page.locator("[data-review]")).to_have_count(3)
    expect(page.locator(".live-banner")).to_contain_text("1 of these no longer waits")
    expect(approve).to_have_attribute("aria-disabled", "true")
    expect(approve).to_be_focused()
    expect(row.locator(".pick")).to_be_disabled()
    expect(page.locator("#bulk-count")).to_have_text("1 selected")
    assert violations(page) == []
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)
    expect(page.locator("#toasts [data-toast]")).to_have_count(0)

    with live_app.app_context():
        undo_batch(db.session(), EDITOR, batch)
        db.session.remove()
    expect(row.locator(".live-by")).to_have_text("Put back by editor@example.org", timeout=SOON)
    expect(row).not_to_have_class(re.compile("is-decided"))
    expect(counter).to_have_text("3 waiting")
    expect(page.locator(".live-banner")).to_have_count(0)
    expect(row.locator(".pick")).to_be_enabled()
    page.keyboard.press("r")
    expect(page.get_by_role("status").filter(has_text="Rejected: 1 item.")).to_be_visible()


def test_the_list_is_shown_anew_without_what_was_decided(
    admin_page: Page, live_app: Flask, items: list[int]
) -> None:
    page = admin_page
    page.goto("/review")
    reject(live_app, items)
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("3 of these no longer wait", timeout=SOON)
    expect(page.locator("#navigation .pill-count")).to_have_count(0)
    banner.get_by_role("button", name="Show").click()
    expect(page.locator("[data-review]")).to_have_count(0)
    expect(banner).to_have_count(0)


def test_the_counter_of_waiting_items_follows_on_other_pages(
    admin_page: Page, live_app: Flask, items: list[int]
) -> None:
    page = admin_page
    batch = reject(live_app, items)
    page.goto("/catalog")
    counter = page.locator("#navigation .pill-count")
    expect(counter).to_have_count(0)
    with live_app.app_context():
        undo_batch(db.session(), EDITOR, batch)
        db.session.remove()
    expect(counter).to_have_text("3 waiting", timeout=SOON)
    expect(page.get_by_role("link", name="Review")).to_contain_text("3 waiting")
