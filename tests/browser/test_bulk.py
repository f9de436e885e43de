"""Many rows at once in a real browser: by keyboard, all that match, all but some, two people."""

import re

from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from app.core.permissions import SYSTEM
from app.models import CatalogEntry, db
from app.services.records import edit_record
from tests.support.axe import violations

LISTED = "/catalog?family=gpt"


def count_active(app: Flask, family: str = "gpt") -> int:
    with app.app_context():
        wanted = (CatalogEntry.family == family, CatalogEntry.active)
        return db.session.scalar(select(func.count(CatalogEntry.id)).where(*wanted)) or 0


def total(page: Page) -> int:
    return int(page.locator(".count b").inner_text().replace(",", ""))


def box(page: Page, number: int) -> None:
    """Moves the focus to the box of a row, by keyboard alone."""
    page.locator("tbody tr").nth(number).locator("button.v").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("tbody tr").nth(number).locator(".pick")).to_be_focused()


def test_rows_are_switched_off_by_keyboard_and_back_from_the_message(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    before = count_active(live_app)
    bar = page.locator("#bulk")
    expect(bar.get_by_label("What to do")).to_be_hidden()
    box(page, 1)
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    expect(page.locator("#bulk-count")).to_have_text("3 selected on this page")
    page.keyboard.press("Space")
    expect(page.locator("#bulk-count")).to_have_text("2 selected on this page")

    bar.get_by_label("What to do").focus()
    page.keyboard.type("Disable")
    page.keyboard.press("Tab")
    expect(bar.get_by_role("button", name="Preview", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 2 entries will be switched off.")
    expect(dialog.get_by_role("button", name="Apply to 2")).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(bar.get_by_role("button", name="Preview", exact=True)).to_be_focused()
    assert count_active(live_app) == before

    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Apply to 2")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="2 entries switched off.")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.locator("#bulk-count")).to_contain_text("Tick rows")
    expect(page.locator('tbody [data-field="active"] [aria-checked="false"]')).to_have_count(2)
    assert count_active(live_app) == before - 2

    page.keyboard.press("u")
    expect(page.get_by_role("status").filter(has_text="Undone: 2 changes.")).to_be_visible()
    expect(page.locator('tbody [data-field="active"] [aria-checked="false"]')).to_have_count(0)
    assert count_active(live_app) == before
    page.get_by_role("button", name="Redo").click()
    expect(page.locator('tbody [data-field="active"] [aria-checked="false"]')).to_have_count(2)


def test_all_that_match(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    everything = total(page)
    page.get_by_label("Select all rows of this page").click()
    expect(page.locator("#bulk-count")).to_have_text("50 selected on this page")
    page.get_by_role("button", name=f"Select all {everything} entries that match").click()
    expect(page.locator("#bulk-count")).to_have_text(
        f"All {everything} entries that match selected"
    )
    page.get_by_label("What to do").select_option("set_family")
    page.get_by_label("Set the family: value").fill("renamed")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"{everything} of {everything} entries that match")
    expect(dialog).to_contain_text(f"and {everything - 10} more")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    assert count_active(live_app, "renamed") == everything
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("tbody tr")).to_have_count(50)
    assert count_active(live_app) == everything


def test_all_are_switched_off_but_the_selected(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.goto(LISTED)
    everything = total(page)
    menu = page.locator(".bulk-everything summary")
    menu.click()
    expect(page.get_by_role("button", name="Disable all except selected")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    boxes = page.locator("tbody .pick")
    boxes.nth(2).click()
    boxes.nth(4).click(modifiers=["Shift"])
    menu.click()
    page.get_by_role("button", name="Disable all except selected").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 stay as excepted")
    dialog.get_by_label("Why").fill("too expensive")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("status").filter(has_text=f"{everything - 3} entries")).to_be_visible()
    assert count_active(live_app) == 3
    switches = page.locator('tbody [data-field="active"] > button')
    for number, state in enumerate(("false", "true", "true", "true", "false"), start=1):
        expect(switches.nth(number)).to_have_attribute("aria-checked", state)
    page.get_by_role("link", name="See the changes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{everything - 3} entries")
    expect(page.get_by_text("too expensive")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_text("Taken back by")).to_be_visible()
    assert count_active(live_app) == everything


def test_somebody_else_changes_the_set_between_preview_and_apply(
    admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(LISTED)
    before = count_active(live_app)
    for number in (0, 1):
        page.locator("tbody .pick").nth(number).click()
    page.get_by_label("What to do").select_option("disable")
    page.get_by_role("button", name="Preview", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 of 2 entries")
    public_id = str(page.locator("tbody tr").first.get_attribute("data-public-id"))
    with live_app.app_context():
        edit_record(db.session(), SYSTEM, "entry", public_id, {"active": False})
    dialog.get_by_role("button", name="Apply to 2").click()
    expect(dialog.get_by_role("alert")).to_contain_text("You saw 2 of 2; now it is 1 of 2.")
    assert count_active(live_app) == before - 1
    expect(dialog.get_by_role("button", name="Apply to 1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="1 entry switched off.")).to_be_visible()


def test_what_is_missing_is_asked_for_in_the_dialog(admin_page: Page) -> None:
    page = admin_page
    page.goto("/provider-models")
    page.locator("tbody .pick").first.click()
    page.get_by_role("button", name="Preview", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("Choose what to do.")
    expect(dialog.get_by_label("What to do")).to_be_focused()
    dialog.get_by_label("What to do").select_option("set_category")
    dialog.get_by_label("Set the category: value").fill("chat")
    dialog.get_by_role("button", name="Preview", exact=True).click()
    expect(dialog).to_contain_text("1 of 1 provider model will be in the category chat.")
    assert violations(page) == []
    dialog.get_by_role("button", name="Apply to 1").click()
    expect(page.get_by_role("status").filter(has_text="put into the category chat")).to_be_visible()


def test_a_phone_and_the_dark(admin_page: Page) -> None:
    page = admin_page
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(LISTED)
    page.locator("tbody .pick").first.click()
    assert violations(page) == []
    page.get_by_label("What to do").select_option("add_tags")
    expect(page.get_by_label("Add tags")).to_be_visible()
    page.get_by_label("Add tags").fill("cheap, fast")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("get the tags cheap, fast")
    assert violations(page) == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


def test_flags_are_edited_in_place(admin_page: Page) -> None:
    page = admin_page
    page.goto("/feature-flags")
    page.get_by_label("Key").fill("beta")
    page.keyboard.press("Enter")
    edit = page.get_by_role("link", name="Edit beta")
    edit.focus()
    page.keyboard.press("Enter")
    name = page.get_by_role("form", name="Edit beta").get_by_label("Name")
    expect(name).to_be_focused()
    page.keyboard.press("Escape")
    expect(edit).to_be_focused()
    page.keyboard.press("Enter")
    expect(name).to_be_focused()
    page.keyboard.type("Early models")
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name="Early models")).to_be_visible()
    expect(edit).to_be_focused()
    assert violations(page) == []
    page.get_by_role("button", name="Delete beta").click()
    expect(page.get_by_text("No feature flag yet")).to_be_visible()
    page.keyboard.press("u")
    expect(page.get_by_role("cell", name="Early models")).to_be_visible()


def test_changes_are_read_and_taken_back(admin_page: Page, live_app: Flask) -> None:
    with live_app.app_context():
        entry = db.session.scalars(select(CatalogEntry.public_id)).first()
        edit_record(db.session(), SYSTEM, "entry", str(entry), {"family": "mine", "notes": "why"})
    page = admin_page
    page.goto(f"/changes?record={entry}&kind=edit")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert violations(page) == []
    page.get_by_role("link", name=re.compile("Edited")).click()
    expect(page.locator("tbody tr").first).to_be_visible()
    page.get_by_role("button", name=re.compile("Undo: Notes")).click()
    expect(page.get_by_text("Undone: 1 change.")).to_be_visible()
    expect(page.get_by_text("Taken back by")).to_be_visible()
    assert violations(page) == []
