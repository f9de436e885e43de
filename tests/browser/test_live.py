"""Two people look at the same table: what one changes the other sees, and nothing moves."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from app.core.bulk import bulk_change
from app.core.permissions import Role
from app.models import db
from app.queries.entries import get_entry
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.records import edit_record
from tests.support.axe import violations
from tests.support.people import PASSWORD, actor_of, email_of

ENTRY = "anthropic/claude-sonnet-4-5"
LISTED = "/catalog?q=claude-sonnet-4"
EDITOR = actor_of(Role.EDITOR)
# A change is asked for every three seconds; a busy machine may take longer to show it.
SOON = 15_000


def _row(page: Page, entry: str = ENTRY) -> Locator:
    return page.locator(f'tr[data-public-id="{entry}"]')


def _cell(page: Page, field: str) -> Locator:
    return _row(page).locator(f'[data-field="{field}"]')


def _edit(app: Flask, entry: str = ENTRY, **values: object) -> None:
    """What another person changes, elsewhere."""
    with app.app_context():
        pk = get_entry(db.session(), entry).id
        edit_record(db.session(), EDITOR, "entry", pk, values, default_protection="entry")
        db.session.remove()


@pytest.fixture
def other_page(live_app: Flask, browser: Browser, base_url: str) -> Iterator[Page]:
    """Another person's browser, whose connection a test may cut: its console may complain."""
    context: BrowserContext = browser.new_context(base_url=base_url, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/login")
    page.locator("input[name=email]").fill(email_of(Role.EDITOR))
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    yield page
    context.close()


def test_what_one_changes_the_other_sees_marked_while_the_own_edit_stays(
    admin_page: Page, other_page: Page
) -> None:
    page = admin_page
    page.goto(LISTED)
    other_page.goto(LISTED)
    notes = _cell(page, "notes").locator("> button")
    notes.click()
    editor = page.locator("#editor-value")
    editor.fill("half a sentence")
    scroller = page.locator(".grid-scroll")
    scroller.evaluate("(element) => element.scrollTo(300, 0)")
    side = scroller.evaluate("(element) => element.scrollLeft")

    _cell(other_page, "supports_audio").get_by_role("switch").click()
    audio = _cell(page, "supports_audio")
    expect(audio.get_by_role("switch")).to_have_attribute("aria-checked", "true", timeout=SOON)
    expect(audio).to_have_class(re.compile("is-live"))
    chip = _row(page).locator(".live-by")
    expect(chip).to_have_text("Changed just now by editor@example.org")
    said = page.locator("[data-live-heard]")
    expect(said).to_have_text("Audio of Claude Sonnet 4.5 (latest) changed by editor@example.org.")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("half a sentence")
    assert scroller.evaluate("(element) => element.scrollLeft") == side

    page.keyboard.press("Control+Enter")
    expect(notes).to_have_text("half a sentence")
    expect(_cell(other_page, "notes")).to_have_text("half a sentence", timeout=SOON)
    expect(other_page.locator(".live-by")).to_have_text("Changed just now by admin@example.org")
    expect(page.locator("[data-live-heard]")).not_to_contain_text("admin@example.org")


def test_whoever_edits_the_same_value_is_told_and_asked(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    context = _cell(page, "context_length").locator("> button")
    context.click()
    editor = page.locator("#editor-value")
    editor.fill("1000")
    _edit(live_app, context_length=2000)
    expect(page.locator(".editor-live")).to_contain_text("by editor@example.org", timeout=SOON)
    expect(page.locator(".editor-live")).to_have_count(1)
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    expect(context).to_have_text("2,000", timeout=SOON)
    expect(context).to_be_focused()


def test_the_focused_cell_keeps_the_focus_and_picked_rows_stay_picked(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    _row(page).locator(".pick").check()
    tools = _cell(page, "supports_tools").get_by_role("switch")
    tools.focus()
    _edit(live_app, supports_tools=False, family="another")
    expect(tools).to_have_attribute("aria-checked", "false", timeout=SOON)
    expect(tools).to_be_focused()
    expect(_row(page).locator(".pick")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(tools).not_to_be_focused()


def test_what_no_longer_matches_stays_until_it_is_asked_for(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(f"{LISTED}&active=true")
    rows = page.locator("[data-grid] tbody tr").count()
    _edit(live_app, active=False)
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("1 fewer entry matches now", timeout=SOON)
    expect(page.locator("[data-grid] tbody tr")).to_have_count(rows)
    assert violations(page) == []
    banner.get_by_role("button", name="Show").click()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(rows - 1)
    expect(banner).to_be_hidden()


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
    _edit(live_app, family="missed")
    page.context.set_offline(False)
    expect(_cell(page, "family")).to_have_text("missed", timeout=SOON)
    expect(banner).to_be_hidden()


def test_an_ended_session_offers_the_way_back(other_page: Page) -> None:
    page = other_page
    page.goto(LISTED)
    page.context.clear_cookies()
    again = page.locator(".live-banner").get_by_role("link", name="Log in again")
    expect(again).to_be_visible(timeout=SOON)
    again.click()
    page.locator("input[name=email]").fill(email_of(Role.EDITOR))
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(f"**{LISTED}")


def test_a_record_shows_what_others_change(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(f"/catalog/{ENTRY}")
    expect(page.locator(".live-by")).to_have_count(0)
    _edit(live_app, family="elsewhere")
    family = page.locator('#entry-page td[data-field="family"]')
    expect(family).to_contain_text("elsewhere", timeout=SOON)
    expect(page.locator("h1 .live-by")).to_have_text("Changed just now by editor@example.org")


def test_the_change_log_names_what_is_newer_and_moves_nothing(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    _edit(live_app, family="first")
    page.goto("/changes")
    shown = page.locator("#changes").inner_text()
    _edit(live_app, family="second")
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("1 new action", timeout=SOON)
    assert page.locator("#changes").inner_text() == shown
    banner.get_by_role("button", name="Show").click()
    expect(page.locator("#changes")).to_contain_text("second")
    expect(banner).to_be_hidden()


def test_a_bulk_change_is_said_once_and_marked_in_each_row(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto("/catalog")
    rows = page.locator("[data-grid] tbody tr")
    expect(rows).not_to_have_count(0)
    count = rows.count()
    with live_app.app_context():
        change = bulk_change("entry", "set_family", "everywhere")
        run_bulk(db.session(), EDITOR, change, Selection("entry"))
        db.session.remove()
    expect(page.locator("[data-grid] tr.is-live")).not_to_have_count(0, timeout=SOON)
    banner = page.locator(".live-banner")
    expect(banner).to_have_text(re.compile(r"[0-9]+ rows changed by editor@example\.org"))
    expect(page.locator("[data-grid] .live-by")).to_have_count(0)
    expect(rows).to_have_count(count)
    assert violations(page) == []
