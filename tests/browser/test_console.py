"""A person works in the catalog: the whole way in a real browser."""

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect

from app.core.permissions import SYSTEM
from app.models import db
from app.queries.feeds import list_feeds
from app.services.records import edit_record
from app.services.sync import sync_feed
from app.upstreams import feed_kind
from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, show_in
from tests.support.people import PASSWORD

ENTRY = "anthropic/claude-sonnet-4-5"
PROVIDER, MODEL = ENTRY.split("/")
LISTED = "/catalog?q=claude-sonnet-4"


def _row(page: Page) -> Locator:
    return page.locator(f'tr[data-public-id="{ENTRY}"]')


def _cell(page: Page, field: str) -> Locator:
    return _row(page).locator(f'[data-field="{field}"]')


def _button(page: Page, field: str) -> Locator:
    return _cell(page, field).locator("> button[name]")


def _sync_newer_file(app: Flask, folder: Path, context: int) -> None:
    embedded = feed_kind("models_dev").embedded
    assert embedded is not None
    catalog = json.loads(embedded())
    catalog[PROVIDER]["models"][MODEL]["limit"]["context"] = context
    newer = folder / "newer.json"
    newer.write_text(json.dumps(catalog))
    with app.app_context():
        feed = list_feeds(db.session())[0].name
        sync_feed(db.session(), SYSTEM, feed, path=str(newer))


def test_a_decision_survives_a_sync_and_is_given_back(
    admin_page: Page, live_app: Flask, tmp_path: Path
) -> None:
    page = admin_page
    page.goto("/catalog")
    page.get_by_role("searchbox", name="Search").press_sequentially("claude-sonnet-4")
    expect(page).to_have_url(re.compile(r"\?q=claude-sonnet-4$"))
    expect(_row(page)).to_be_visible()

    context = _button(page, "context_length")
    context.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#editor-value")).to_be_focused()
    page.keyboard.type("128,000")
    page.keyboard.press("Enter")
    expect(context).to_have_text("128,000")
    expect(context).to_be_focused()
    expect(_cell(page, "context_length")).to_have_attribute("data-manual", "true")
    expect(page.get_by_role("status").filter(has_text="is now 128,000")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?q=claude-sonnet-4$"))

    _sync_newer_file(live_app, tmp_path, 555_000)
    page.reload()
    expect(context).to_have_text("128,000")
    expect(_cell(page, "context_length")).to_have_attribute("data-drift", "true")
    _cell(page, "context_length").hover()
    card = page.locator("#origin-card")
    expect(card).to_contain_text("admin@example.org")
    expect(card).to_contain_text("555,000")
    card.get_by_role("button", name="Give back to the feeds").click()
    expect(context).to_have_text("555,000")
    expect(_cell(page, "context_length")).to_have_attribute("data-manual", "false")
    expect(card).to_be_hidden()


def test_a_flag_flips_by_click_and_by_key(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    audio = page.get_by_role("switch", name="Audio for Claude Sonnet 4.5 (latest)")
    expect(audio).to_have_attribute("aria-checked", "false")
    audio.click()
    expect(audio).to_have_attribute("aria-checked", "true")
    expect(_cell(page, "supports_audio")).to_have_attribute("data-manual", "true")
    expect(audio).to_be_focused()
    page.keyboard.press("Space")
    expect(audio).to_have_attribute("aria-checked", "false")
    expect(page.get_by_role("status").filter(has_text="Audio is off")).to_be_visible()
    page.reload()
    expect(audio).to_have_attribute("aria-checked", "false")


def test_many_flags_flipped_in_a_hurry_are_all_saved(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    fields = ("supports_audio", "supports_video", "supports_embeddings", "supports_browser")
    for field in fields:
        _button(page, field).click()
    for field in fields:
        expect(_cell(page, field)).to_have_attribute("data-manual", "true")
        expect(_button(page, field)).to_have_attribute("aria-checked", "true")


def test_the_keyboard_walks_the_table(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    _button(page, "active").focus()
    page.keyboard.press("ArrowRight")
    expect(_button(page, "supports_tools")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(_button(page, "supports_tools")).not_to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    expect(_button(page, "extras")).to_be_focused()
    page.keyboard.press("Home")
    expect(_button(page, "model_display_name")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.locator('tbody [tabindex="0"]').count() == 1
    expect(page.locator("tbody :focus")).to_have_count(0)
    page.keyboard.press("Shift+Tab")
    expect(_button(page, "model_display_name")).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    _button(page, "active").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()


def test_escape_leaves_and_tab_goes_on(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    before = _button(page, "family").inner_text()
    _button(page, "family").click()
    page.locator("#editor-value").fill("nothing of this")
    page.keyboard.press("Escape")
    expect(page.locator("#editor")).to_have_count(0)
    expect(_button(page, "family")).to_be_focused()
    expect(_button(page, "family")).to_have_text(before)
    _button(page, "tags").click()
    page.locator("#editor-value").fill("fast, cheap")
    page.keyboard.press("Tab")
    expect(page.locator("#editor")).to_have_attribute("data-field-name", "description")
    expect(_button(page, "tags")).to_have_text("fastcheap")
    expect(page.get_by_role("textbox", name="Description of")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#editor")).to_have_attribute("data-field-name", "notes")
    expect(_cell(page, "description")).to_have_attribute("data-manual", "false")


@pytest.mark.parametrize("choice", ["Take theirs", "Keep mine"])
def test_two_people_at_once_are_asked(admin_page: Page, live_app: Flask, choice: str) -> None:
    page = admin_page
    page.goto(LISTED)
    _button(page, "family").click()
    page.locator("#editor-value").fill("mine")
    with live_app.app_context():
        edit_record(db.session(), SYSTEM, "entry", ENTRY, {"family": "theirs"})
    page.keyboard.press("Enter")
    question = page.get_by_role("alertdialog")
    expect(question).to_contain_text("theirs")
    expect(question).to_contain_text("mine")
    question.get_by_text(choice).click()
    expect(_button(page, "family")).to_have_text("theirs" if "theirs" in choice else "mine")
    expect(page.locator("#editor")).to_have_count(0)


def test_a_wrong_value_is_said_and_mended(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    _button(page, "extras").click()
    page.locator("#editor-value").fill('{"a": ')
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("Extras is not JSON")
    expect(page.locator("#editor-value")).to_be_focused()
    page.locator("#editor-value").fill('{"a": 1}')
    page.keyboard.press("Control+Enter")
    expect(_button(page, "extras")).to_have_text("a")


def test_filters_live_in_the_address(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog")
    page.get_by_role("searchbox").press_sequentially("gpt")
    expect(page).to_have_url(re.compile(r"q=gpt"))
    page.get_by_text("More filters").click()
    page.locator("#filter-supports_reasoning").select_option("true")
    expect(page).to_have_url(re.compile(r"q=gpt&supports_reasoning=true"))
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Remove the filter Search").click()
    expect(page).to_have_url(re.compile(r"catalog\?supports_reasoning=true$"))
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.get_by_role("link", name="Context").click()
    expect(page).to_have_url(re.compile(r"sort=context_length"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"catalog\?supports_reasoning=true$"))
    expect(page.locator(".chip")).to_have_count(1)


def test_an_entry_is_edited_on_its_page(admin_page: Page) -> None:
    page = admin_page
    page.goto(f"/catalog/{ENTRY}")
    page.locator('[data-field="family"] > button').click()
    page.locator("#editor-value").fill("sonnet")
    page.get_by_label("Why (optional)").fill("our own name")
    page.keyboard.press("Enter")
    expect(page.locator(".fields-table")).to_contain_text("our own name")
    expect(page.locator("#history .table-card")).to_contain_text("our own name")
    page.get_by_role("button", name="Take upstream's value of Family").click()
    expect(page.locator('[data-field="family"]')).to_have_attribute("data-manual", "false")
    expect(page.get_by_role("heading", name="What the feeds say instead")).to_have_count(0)


def test_everything_works_without_scripts(browser: Browser, live_app: Flask, base_url: str) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto(LISTED.replace("/catalog", "/login?next=/catalog"))
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("searchbox").fill("claude-sonnet-4")
    page.get_by_role("button", name="Search").click()
    audio = page.get_by_role("switch", name="Audio for Claude Sonnet 4.5 (latest)")
    audio.click()
    expect(page).to_have_url(re.compile(r"q=claude-sonnet-4#entry-\d+$"))
    expect(audio).to_have_attribute("aria-checked", "true")
    expect(page.get_by_text("Audio is on for")).to_be_visible()
    _button(page, "context_length").click()
    page.locator("#editor-value").fill("1.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("must be a whole number")
    page.locator("#editor-value").fill("4096")
    page.get_by_role("button", name="Save").click()
    expect(_button(page, "context_length")).to_have_text("4,096")
    _row(page).get_by_role("link").click()
    page.get_by_role("button", name="Give Context back to the feeds").click()
    expect(page.get_by_text("is back with the feeds")).to_be_visible()
    page.get_by_label("An edit holds").select_option("fields")
    page.get_by_role("button", name="Set").click()
    expect(page.get_by_text("now protect edited fields only")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_are_accessible(admin_page: Page, live_app: Flask, theme: str, width: int) -> None:
    page = admin_page
    with live_app.app_context():
        edit_record(
            db.session(), SYSTEM, "entry", ENTRY, {"family": "ours", "supports_tools": False}
        )
    page.set_viewport_size({"width": width, "height": 900})
    show_in(page, theme)
    for path in (LISTED, "/catalog?q=zzzz", f"/catalog/{ENTRY}", "/", "/feeds", "/changes"):
        page.goto(path)
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), f"{path} scrolls sideways"


def test_an_open_editor_is_accessible(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    for field in ("family", "tags", "description", "architecture", "supported_parameters"):
        _button(page, field).click()
        expect(page.locator("#editor")).to_have_attribute("data-field-name", field)
        assert violations(page, within="#editor") == [], field
        page.keyboard.press("Escape")
