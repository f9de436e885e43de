"""Two people look at the same table: what one changes the other sees, and nothing moves."""

import re
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page, expect

from app.core.bulk import bulk_change
from app.models import db
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.undo import undo_batch
from tests.support.axe import violations
from tests.support.browser import scroll_table, table_place
from tests.support.elsewhere import EDITOR, ENTRY, LISTED, SOON, cell, edit, row
from tests.support.feeds import answer, filler, make_feed, model, sync


def test_what_one_changes_the_other_sees_marked_while_the_own_edit_stays(
    admin_page: Page, other_page: Page
) -> None:
    page = admin_page
    page.goto(LISTED)
    other_page.goto(LISTED)
    notes = cell(page, "notes").locator("> button")
    notes.click()
    editor = page.locator("#editor-value")
    editor.fill("half a sentence")
    scroller = page.locator(".grid-scroll")
    scroller.evaluate("(element) => element.scrollTo(300, 0)")
    side = scroller.evaluate("(element) => element.scrollLeft")

    cell(other_page, "supports_audio").get_by_role("switch").click()
    audio = cell(page, "supports_audio")
    expect(audio.get_by_role("switch")).to_have_attribute("aria-checked", "true", timeout=SOON)
    expect(audio).to_have_class(re.compile("is-live"))
    chip = row(page).locator(".live-by")
    expect(chip).to_have_text("Changed just now by editor@example.org")
    said = page.locator("[data-live-heard]")
    expect(said).to_have_text("Audio of Claude Sonnet 4.5 (latest) changed by editor@example.org.")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("half a sentence")
    assert scroller.evaluate("(element) => element.scrollLeft") == side

    page.keyboard.press("Control+Enter")
    expect(notes).to_have_text("half a sentence")
    expect(cell(other_page, "notes")).to_have_text("half a sentence", timeout=SOON)
    expect(other_page.locator(".live-by")).to_have_text("Changed just now by admin@example.org")
    expect(page.locator("[data-live-heard]")).not_to_contain_text("admin@example.org")


def test_whoever_edits_the_same_value_is_told_and_asked(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    context = cell(page, "context_length").locator("> button")
    context.click()
    editor = page.locator("#editor-value")
    editor.fill("1000")
    edit(live_app, context_length=2000)
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
    row(page).locator(".pick").check()
    tools = cell(page, "supports_tools").get_by_role("switch")
    tools.focus()
    edit(live_app, supports_tools=False, family="another")
    expect(tools).to_have_attribute("aria-checked", "false", timeout=SOON)
    expect(tools).to_be_focused()
    expect(row(page).locator(".pick")).to_be_checked()
    page.keyboard.press("ArrowRight")
    expect(tools).not_to_be_focused()


def test_what_no_longer_matches_stays_until_it_is_asked_for(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(f"{LISTED}&active=true")
    rows = page.locator("[data-grid] tbody tr").count()
    edit(live_app, active=False)
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("1 fewer entry matches now", timeout=SOON)
    expect(page.locator("[data-grid] tbody tr")).to_have_count(rows)
    assert violations(page) == []
    banner.get_by_role("button", name="Show").click()
    expect(page.locator("[data-grid] tbody tr")).to_have_count(rows - 1)
    expect(banner).to_be_hidden()


def test_a_record_shows_what_others_change(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(f"/catalog/{ENTRY}")
    expect(page.locator(".live-by")).to_have_count(0)
    edit(live_app, family="elsewhere")
    family = page.locator('#entry-page td[data-field="family"]')
    expect(family).to_contain_text("elsewhere", timeout=SOON)
    expect(page.locator("h1 .live-by")).to_have_text("Changed just now by editor@example.org")


def test_the_change_log_names_what_is_newer_and_moves_nothing(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    edit(live_app, family="first")
    page.goto("/changes")
    shown = page.locator("#changes").inner_text()
    edit(live_app, family="second")
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("1 new action", timeout=SOON)
    assert page.locator("#changes").inner_text() == shown
    banner.get_by_role("button", name="Show").click()
    expect(page.locator("#changes")).to_contain_text("second")
    expect(banner).to_be_hidden()


def bulk(app: Flask, value: str) -> None:
    """Another person sets the family of every entry there is."""
    with app.app_context():
        change = bulk_change("entry", "set_family", value)
        run_bulk(db.session(), EDITOR, change, Selection("entry"))
        db.session.remove()


def test_a_bulk_change_is_marked_in_each_row_and_said_until_it_was_acted_on(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto("/catalog?active=true")
    rows = page.locator("[data-grid] tbody tr")
    expect(rows).not_to_have_count(0)
    count = rows.count()
    bulk(live_app, "everywhere")
    expect(page.locator("[data-grid] tr.is-live")).not_to_have_count(0, timeout=SOON)
    banner = page.locator('.live-banner[data-kind="news"]')
    said = f"{count} rows changed by editor@example.org"
    expect(banner).to_contain_text(said)
    expect(page.locator("[data-grid] .live-by")).to_have_count(0)
    expect(rows).to_have_count(count)
    assert violations(page) == []

    # Neither the next change nor the time closes it; what else there is to say stands beside it.
    edit(live_app, active=False)
    expect(banner).to_contain_text("1 fewer entry matches now", timeout=SOON)
    expect(banner).to_contain_text(said)
    page.wait_for_timeout(10_000)
    expect(banner).to_contain_text(said)

    assert scroll_table(page, 0, 400) == [0, 400]
    banner.get_by_role("button", name="Show").click()
    expect(banner).to_have_count(0)
    assert table_place(page) == [0, 400]
    expect(page).to_have_url(re.compile("active=true"))
    bulk(live_app, "elsewhere")
    expect(banner).to_contain_text(said, timeout=SOON)
    banner.get_by_role("button", name="Dismiss").click()
    expect(banner).to_have_count(0)


def test_a_draft_is_not_thrown_away_to_show_what_many_rows_are_by_now(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(f"{LISTED}&active=true")
    cell(page, "notes").locator("> button").click()
    editor = page.locator("#editor-value")
    editor.fill("half a sentence")
    edit(live_app, active=False)
    banner = page.locator(".live-banner")
    expect(banner).to_contain_text("1 fewer entry matches now", timeout=SOON)
    banner.get_by_role("button", name="Show").click()
    expect(banner).to_contain_text("Shown as soon as your edit is saved or left")
    expect(editor).to_be_focused()
    expect(editor).to_have_value("half a sentence")
    expect(row(page)).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(row(page)).to_have_count(0)
    expect(banner).to_have_count(0)
    page.goto(LISTED)
    expect(cell(page, "notes")).to_have_text("half a sentence")


def test_a_value_that_was_told_before_is_marked_when_it_returns(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    family = cell(page, "family")
    edit(live_app, family="told")
    expect(family).to_have_text("told", timeout=SOON)
    family.locator("> button").click()
    page.locator("#editor-value").fill("own")
    page.keyboard.press("Enter")
    expect(family).to_have_text("own")
    heard = page.locator("[data-live-heard]")
    heard.evaluate("(element) => { element.textContent = '' }")
    edit(live_app, family="told")
    expect(family).to_have_text("told", timeout=SOON)
    expect(family).to_have_class(re.compile("is-live"))
    expect(heard).to_contain_text("changed by editor@example.org")


def test_an_undo_of_another_is_marked_like_any_change(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    tools = cell(page, "supports_tools")
    batch = edit(live_app, supports_tools=False)
    expect(tools.get_by_role("switch")).to_have_attribute("aria-checked", "false", timeout=SOON)
    expect(page.locator(".is-live")).to_have_count(0, timeout=SOON)
    with live_app.app_context():
        undo_batch(db.session(), EDITOR, batch)
        db.session.remove()
    expect(tools.get_by_role("switch")).to_have_attribute("aria-checked", "true", timeout=SOON)
    expect(tools).to_have_class(re.compile("is-live"))
    expect(row(page).locator(".live-by")).to_have_text("Changed just now by editor@example.org")


def test_what_a_sync_changes_is_marked_with_the_feed(
    admin_page: Page, live_app: Flask, tmp_path: Path
) -> None:
    models = filler(3) | {"model-1x": model(name="Quokka", tool_call=False)}

    def synced() -> None:
        with live_app.app_context():
            sync(db.session(), tmp_path, answer(models, "acme"), "reseller")
            db.session.remove()

    with live_app.app_context():
        make_feed(db.session(), "reseller")
    synced()
    page = admin_page
    page.goto("/catalog?q=quokka")
    shown = page.locator("[data-grid] tbody tr")
    expect(shown).to_have_count(1)
    models["model-1x"]["tool_call"] = True
    models["model-2x"] = model(name="Quokka Next")
    synced()
    tools = shown.first.locator('[data-field="supports_tools"]')
    expect(tools).to_have_class(re.compile("is-live"), timeout=SOON)
    expect(page.locator(".live-by")).to_have_text("Changed just now by the feed reseller")
    expect(page.locator(".live-banner")).to_contain_text("1 more entry matches now")


def test_two_editors_on_two_cells_of_a_row_both_save(admin_page: Page, other_page: Page) -> None:
    for page, field in ((admin_page, "notes"), (other_page, "family")):
        page.goto(LISTED)
        cell(page, field).locator("> button").click()
        page.locator("#editor-value").fill(f"{field} anew")
    admin_page.keyboard.press("Control+Enter")
    expect(cell(other_page, "notes")).to_have_text("notes anew", timeout=SOON)
    draft = other_page.locator("#editor-value")
    expect(draft).to_be_focused()
    expect(draft).to_have_value("family anew")
    other_page.keyboard.press("Enter")
    for page in (other_page, admin_page):
        expect(cell(page, "family")).to_have_text("family anew", timeout=SOON)
        expect(cell(page, "notes")).to_have_text("notes anew")
        expect(page.locator("form[data-editor]")).to_have_count(0)
