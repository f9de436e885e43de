"""A person without a pointer: the whole way by keys, and always to be seen where the focus is."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from app.core.permissions import SYSTEM
from app.models import db
from app.services.records import edit_record
from tests.support.console import ENTRY, OTHER, fill
from tests.support.keys import MOST, Keys
from tests.support.people import PASSWORD
from tests.support.reach import lost_focus

LISTED = "/catalog?q=claude-sonnet-4"
WALKED = (
    LISTED,
    f"/catalog/{ENTRY}",
    "/review",
    f"/compare?entries={ENTRY}&entries={OTHER}",
    "/users",
    "/start",
)


def cycle(keys: Keys, dialog: Locator) -> None:
    """Tab goes round within the dialog, or to the browser's own bar and back into it."""
    inside = "d => d.contains(document.activeElement) || document.activeElement === document.body"
    for key in ["Tab"] * 8 + ["Shift+Tab"] * 8:
        keys.page.keyboard.press(key)
        assert dialog.evaluate(inside), f"{key} leaves the dialog"


def log_in(keys: Keys) -> None:
    page = keys.page
    page.goto("/login")
    expect(page.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("admin@example.org")
    keys.press("Tab")
    page.keyboard.type(PASSWORD)
    keys.leave("Enter", "/$")


def to_the_table(keys: Keys) -> None:
    page = keys.page
    keys.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    keys.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    keys.to(page.get_by_role("link", name="Catalog", exact=True), "Shift+Tab")
    keys.leave("Enter", "/catalog$")
    keys.press("/")
    expect(page.get_by_role("searchbox", name="Search")).to_be_focused()
    page.keyboard.type("claude-sonnet-4")
    expect(page).to_have_url(re.compile(r"\?q=claude-sonnet-4$"))
    keys.to(page.locator("tbody tr").first.locator(".who > button.v"))


def edit_a_cell(keys: Keys) -> None:
    page = keys.page
    family = page.locator('tbody tr:first-child [data-field="family"] > button')
    editor = page.locator("#editor")
    keys.along("family", "ArrowRight")
    before = family.inner_text()
    keys.press("Enter", shows=editor)
    page.keyboard.type("nothing of this")
    keys.press("Escape")
    expect(family).to_be_focused()
    expect(family).to_have_text(before)
    keys.press("Enter", shows=editor)
    page.keyboard.type("ours")
    page.keyboard.press("Enter")
    expect(family).to_have_text("ours")
    expect(family).to_be_focused()
    assert lost_focus(page) == ""


def flip_a_flag(keys: Keys) -> None:
    page = keys.page
    audio = page.locator('tbody tr:first-child [data-field="supports_audio"] > button')
    keys.along("supports_audio", "ArrowLeft")
    before = audio.get_attribute("aria-checked")
    keys.press("Space")
    expect(page.get_by_role("status").filter(has_text="Audio is")).to_be_visible()
    expect(audio).not_to_have_attribute("aria-checked", str(before))
    expect(audio).to_be_focused()
    keys.press("?", shows=page.get_by_role("dialog", name="Keyboard"))
    cycle(keys, page.get_by_role("dialog", name="Keyboard"))
    keys.press("Escape")
    expect(audio).to_be_focused()


def switch_two_off_and_on(keys: Keys) -> None:
    page = keys.page
    off = page.locator('tbody [data-field="active"] [aria-checked="false"]')
    before = off.count()
    keys.press("x", "ArrowDown", "x")
    expect(page.locator("#bulk-count")).to_contain_text("2 selected")
    keys.to(page.get_by_label("What to do"))
    page.keyboard.type("Disable")
    keys.press("Tab")
    preview = page.get_by_role("button", name="Preview", exact=True)
    expect(preview).to_be_focused()
    dialog = page.get_by_role("dialog")
    apply = dialog.get_by_role("button", name="Apply to 2")
    keys.press("Enter", shows=apply)
    cycle(keys, dialog)
    keys.press("Escape")
    expect(preview).to_be_focused()
    keys.press("Enter", shows=apply)
    expect(apply).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 entries switched off.")).to_be_visible()
    expect(off).to_have_count(before + 2)
    expect(dialog).to_be_hidden()
    assert lost_focus(page) == ""
    undo = page.locator("#toasts [data-toast]", has_text="2 entries").get_by_role("button")
    keys.to(undo.first)
    keys.press("Enter", shows=page.get_by_text("Undone: 2 changes."))
    expect(off).to_have_count(before)


def decide_the_queue(keys: Keys) -> None:
    page = keys.page
    rows = page.locator("tr[data-review]")
    waiting = rows.count()
    keys.press("j")
    expect(rows.first.get_by_role("button", name="Approve")).to_be_focused()
    keys.press("r", shows=page.get_by_text("Rejected: 1 item."))
    expect(rows).to_have_count(waiting - 1)
    keys.press("ArrowDown", "ArrowUp", "ArrowDown")
    keys.press("a", shows=page.get_by_text("Approved: 1 item."))
    expect(rows).to_have_count(waiting - 2)
    assert lost_focus(page) == ""


def test_a_day_without_a_pointer(page: Page, live_app: Flask, tmp_path: Path) -> None:
    fill(live_app, tmp_path)
    keys = Keys(page)
    steps: tuple[Callable[[Keys], None], ...] = (log_in, to_the_table, edit_a_cell, flip_a_flag)
    for step in (*steps, switch_two_off_and_on):
        step(keys)
    held = page.evaluate("document.activeElement.id")
    keys.press("Control+k", shows=page.locator("#palette"))
    cycle(keys, page.locator("#palette"))
    keys.press("Escape")
    assert page.evaluate("document.activeElement.id") == held
    keys.press("Control+k", shows=page.locator("#palette"))
    page.keyboard.type("review")
    expect(page.locator('#palette [data-typed="review"] [role=option]').first).to_be_visible()
    keys.leave("Enter", "/review$")
    decide_the_queue(keys)


def test_a_table_shown_anew_keeps_the_focus(admin_page: Page) -> None:
    page = admin_page
    keys = Keys(page)
    page.goto(LISTED)
    head = page.get_by_role("link", name="Context", exact=True)
    keys.to(head)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sort=context_length"))
    expect(head).to_be_focused()
    assert lost_focus(page) == ""
    keys.to(page.get_by_role("link", name="Remove the filter Search"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/catalog\?sort=context_length"))
    expect(page.get_by_role("region", name="Table, scrolls sideways")).to_be_focused()
    assert lost_focus(page) == ""
    following = page.get_by_role("link", name="Next page")
    keys.to(following)
    page.keyboard.press("Enter")
    expect(page.locator(".pager-text")).to_contain_text("51–100")
    expect(following).to_be_focused()
    assert lost_focus(page) == ""


@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"], ids=["onwards", "back"])
@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_lies_over_the_focus(
    admin_page: Page, live_app: Flask, tmp_path: Path, width: int, key: str
) -> None:
    fill(live_app, tmp_path)
    page = admin_page
    page.set_viewport_size({"width": width, "height": 844})
    found: list[str] = []
    for path in WALKED:
        page.goto(path)
        stops = 0
        while stops < MOST:
            page.keyboard.press(key)
            lost = lost_focus(page)
            if lost == "nothing has the focus":  # the browser's own bar has it
                break
            stops += 1
            if lost:
                found.append(f"{path}: {lost}")
        assert 10 < stops < MOST, f"{path} is left after {stops}"
    assert not found, "\n".join(found)


def test_the_card_of_a_value_does_not_come_after_one_went_on(
    admin_page: Page, live_app: Flask
) -> None:
    with live_app.app_context():
        edit_record(db.session(), SYSTEM, "entry", ENTRY, {"family": "ours"})
    page = admin_page
    page.goto(LISTED)
    card = page.locator("#origin-card")
    family = page.locator(f'tr[data-public-id="{ENTRY}"] [data-field="family"] > button')
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.install()
    family.focus()
    page.keyboard.press("ArrowRight")
    page.clock.run_for(2_000)
    expect(card).to_be_hidden()
    assert not [url for url in asked if "/origin" in url]
    page.keyboard.press("ArrowLeft")
    page.clock.run_for(600)
    expect(card).to_contain_text("ours")
    page.keyboard.press("ArrowRight")
    expect(card).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("i")
    expect(card.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(family).to_be_focused()
    page.clock.run_for(2_000)
    expect(card).to_be_hidden()
