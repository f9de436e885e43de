"""A person works through a table by keyboard, and keeps what it shows as a view."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, scroll_table, show_in, table_place

LISTED = "/catalog?q=claude-sonnet-4"


def _corner(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"], box["y"]


def test_rows_are_selected_and_their_ids_copied_from_any_cell(admin_page: Page) -> None:
    page = admin_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(LISTED)
    boxes = page.locator("tbody .pick")
    cell = page.locator('tbody tr:nth-child(2) [data-field="family"] > button')
    cell.focus()
    page.keyboard.press("x")
    expect(boxes.nth(1)).to_be_checked()
    expect(cell).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+X")
    assert [box.is_checked() for box in boxes.all()[:5]] == [False, True, True, True, False]
    expect(page.locator("#bulk-count")).to_contain_text("3 selected")
    page.keyboard.press("x")
    expect(page.locator("#bulk-count")).to_contain_text("2 selected")
    page.keyboard.press("c")
    row = page.locator("tbody tr:nth-child(4)")
    public_id = row.get_attribute("data-public-id") or ""
    expect(page.get_by_role("status").filter(has_text=f"Copied: {public_id}")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == public_id
    row.hover()
    row.get_by_role("button", name="Copy the id of").click()
    cell.focus()
    page.keyboard.press("Enter")
    page.locator("#editor-value").press_sequentially("xc")
    expect(page.locator("#editor-value")).to_have_value(re.compile("xc$"))
    expect(page.locator("#bulk-count")).to_contain_text("2 selected")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard")
    expect(help_dialog).to_contain_text("select the row")
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    expect(cell).to_be_focused()


def test_head_and_name_stay_in_sight_and_an_edit_keeps_the_place(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog")
    scroller = page.locator(".grid-scroll")
    place = scroll_table(page, 600, 900)
    assert place[0] == 600
    assert place[1] > 600
    left, top = _corner(scroller)
    head = _corner(page.get_by_role("columnheader", name="Model"))
    name = _corner(page.locator("tbody tr:nth-child(24) .who"))
    assert head == pytest.approx((left, top), abs=2)
    assert name[0] == pytest.approx(left, abs=2)
    notes = page.locator('tbody tr:nth-child(24) [data-field="tags"] > button')
    notes.evaluate("b => b.focus({ preventScroll: true })")
    page.keyboard.press("Enter")
    page.locator("#editor-value").fill("kept")
    page.keyboard.press("Enter")
    expect(notes).to_contain_text("kept")
    expect(notes).to_be_focused()
    assert table_place(page) == place
    link = page.locator("tbody tr:nth-child(24) .who > a")
    with page.context.expect_page() as opened:
        link.click(modifiers=["Control"])
    expect(opened.value.locator("#entry-public-id")).to_have_text(link.inner_text())
    opened.value.close()
    expect(page).to_have_url(re.compile("/catalog$"))


def test_a_filter_shows_counts_and_its_chips_come_off_one_by_one(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    tools = page.locator("#filter-supports_tools")
    family = page.locator("#filter-family")
    option = family.locator("option[value='claude-sonnet']")
    before = option.inner_text()
    count = int(re.sub(r"\D", "", before.rpartition("(")[2]))
    family.select_option("claude-sonnet")
    expect(page.locator(".count")).to_contain_text(f"{count} ")
    page.locator("#filter-active").select_option("true")
    expect(page.locator(".chip")).to_have_count(3)
    page.get_by_role("link", name="Remove the filter Search").click()
    expect(page.locator(".chip")).to_have_count(2)
    expect(option).not_to_have_text(before)
    page.get_by_role("link", name="Remove the filter Family").click()
    expect(page.locator(".chip")).to_have_count(1)
    expect(family).to_have_value("")
    page.go_back()
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator("#filter-family")).to_have_value("claude-sonnet")
    page.wait_for_load_state("networkidle")  # a page that is not all there yet follows no history
    page.go_forward()
    expect(page.locator(".chip")).to_have_count(1)
    expect(tools.locator("option").nth(1)).to_contain_text("(")


def test_a_view_is_kept_opened_first_and_shared(admin_page: Page) -> None:
    page = admin_page
    page.goto(f"{LISTED}&sort=family")
    page.get_by_role("button", name="Views").click()
    panel = page.get_by_role("dialog", name="Views")
    panel.get_by_label("Name of this view").fill("Sonnets")
    panel.get_by_label("Share").check()
    page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Sonnets", exact=True)
    expect(button).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=claude-sonnet-4.*view=view_"))
    button.click()
    expect(panel.locator("li")).to_contain_text("shared")
    panel.get_by_label("Change Sonnets").click()
    panel.get_by_role("button", name="Open first").click()
    page.goto("/catalog")
    expect(page).to_have_url(re.compile(r"q=claude-sonnet-4.*view=view_"))
    expect(page.get_by_role("searchbox")).to_have_value("claude-sonnet-4")
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/catalog\?sort=family$"))
    expect(page.locator(".chip")).to_have_count(0)
    page.get_by_role("button", name="Views").click()
    panel.get_by_role("link", name="All entries").click()
    expect(page).to_have_url(re.compile(r"/catalog\?view=none$"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_heads_explain_themselves_and_views_are_accessible(admin_page: Page, theme: str) -> None:
    page = admin_page
    show_in(page, theme)
    for path, head, said in (
        ("/catalog", "Context", "tokens"),
        ("/provider-models", "per M in / out", "USD"),
    ):
        page.goto(path)
        link = page.get_by_role("columnheader", name=head).locator("[data-field-card]").first
        link.focus()
        card = page.locator(f"#{link.get_attribute('data-field-card')}")
        expect(card).to_be_visible()
        expect(card).to_contain_text(said, ignore_case=True)
        expect(link).to_have_accessible_description(re.compile(said, re.IGNORECASE))
        page.keyboard.press("Escape")
        page.set_viewport_size({"width": 390, "height": 844})
        page.get_by_role("button", name="Views").click()
        expect(page.get_by_role("dialog", name="Views")).to_be_visible()
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), path
        page.set_viewport_size({"width": 1440, "height": 900})
