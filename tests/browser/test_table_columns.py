"""A person arranges a table: columns, their order, how close together."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, scroll_table, show_in, table_place
from tests.support.people import PASSWORD

LISTED = "/catalog?q=claude-sonnet-4"
HEADS = "[data-grid] thead th:not(.who)"


def expect_heads(page: Page, *names: str) -> None:
    """These heads come first; waited for, since a page may still be on its way."""
    for place, name in enumerate(names):
        expect(page.locator(HEADS).nth(place)).to_have_text(name)


def open_panel(page: Page) -> None:
    page.get_by_role("button", name="Columns").click()
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()


def test_columns_are_chosen_and_ordered_by_keyboard(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    expect_heads(page, "Status", "Active", "Tools")
    page.get_by_role("button", name="Columns").focus()
    page.keyboard.press("Enter")
    box = page.get_by_role("checkbox", name="Tools", exact=True)
    box.focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("columnheader", name="Tools")).to_have_count(0)
    expect(box).to_be_focused()
    expect(box).not_to_be_checked()
    down = page.get_by_role("button", name="Move Status towards the end")
    down.focus()
    page.keyboard.press("Enter")
    expect(page.locator("thead th:nth-child(2)")).to_have_text("Active")
    expect(down).to_be_focused()
    page.get_by_role("radio", name="Compact").check()
    expect(page.locator("[data-grid]")).to_have_class(re.compile("is-compact"))
    expect(page.get_by_role("dialog", name="Columns")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Columns")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"q=claude-sonnet-4$"))
    page.reload()
    expect_heads(page, "Active", "Status", "Reasoning")


def test_an_address_with_columns_is_a_view_to_send(admin_page: Page) -> None:
    page = admin_page
    page.goto(f"{LISTED}&columns=family,created_at,context_length")
    expect_heads(page, "Family", "Created", "Context")
    expect(page.locator(HEADS)).to_have_count(3)
    page.locator('[data-field="context_length"] > button').first.click()
    page.locator("#editor-value").fill("128,000")
    page.keyboard.press("Enter")
    expect(page.locator('[data-field="context_length"] > button').first).to_have_text("128,000")
    assert page.locator("tbody tr").first.locator("td").count() == 4
    open_panel(page)
    page.get_by_role("checkbox", name="Tags").check()
    expect(page).to_have_url(re.compile(r"columns=family%2Ccreated_at%2Ccontext_length%2Ctags"))
    page.go_back()
    expect(page.get_by_role("columnheader", name="Tags")).to_have_count(0)
    page.goto(LISTED)
    expect(page.locator(HEADS).nth(10)).to_be_attached()


def test_a_row_fits_the_table_although_the_choice_changed_elsewhere(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    cells = page.locator("tbody tr").first.locator("td")
    before = cells.count()
    other = page.context.new_page()
    other.goto(LISTED)
    open_panel(other)
    other.get_by_role("checkbox", name="Tools", exact=True).uncheck()
    expect(other.get_by_role("columnheader", name="Tools")).to_have_count(0)
    other.close()
    flag = page.locator('[data-field="supports_audio"] > button').first
    flag.click()
    expect(page.locator('[data-field="supports_audio"]').first).to_have_attribute(
        "data-manual", "true"
    )
    assert cells.count() == before


def test_sorting_far_to_the_right_stays_there(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    scroller = page.locator(".grid-scroll")
    scroller.evaluate("s => { s.scrollLeft = 500 }")
    page.get_by_role("link", name="Experimental").click()
    expect(page).to_have_url(re.compile("sort=experimental"))
    expect(page.get_by_role("columnheader", name="Experimental")).to_have_attribute(
        "aria-sort", "ascending"
    )
    assert scroller.evaluate("s => s.scrollLeft") == 500


def test_back_finds_the_place(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog")
    assert scroll_table(page, 300, 700) == [300, 700]
    page.locator("tbody tr:nth-child(20) td.who a").click()
    expect(page.locator(".entry-title")).to_be_visible()
    page.go_back()
    expect(page.locator("tbody tr").first).to_be_attached()
    assert table_place(page) == [300, 700]
    page.get_by_role("link", name="Next page").click()
    expect(page).to_have_url(re.compile("page=2"))
    assert table_place(page)[1] == 0
    page.go_back()
    expect(page.locator(".pager-text")).to_contain_text("1–50")
    assert table_place(page) == [300, 700]


def test_without_scripts_columns_are_an_ordinary_form(
    browser: Browser, live_app: object, base_url: str
) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login?next=/catalog")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    open_panel(page)
    page.get_by_role("checkbox", name="Status", exact=True).uncheck()
    page.get_by_role("button", name="Apply").last.click()
    expect_heads(page, "Active", "Tools")
    open_panel(page)
    page.get_by_role("button", name="Move Tools towards the front").click()
    expect_heads(page, "Tools", "Active")
    open_panel(page)
    page.get_by_role("button", name="Reset").click()
    expect_heads(page, "Status", "Active")
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_panel_is_accessible(admin_page: Page, theme: str, width: int) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 900})
    show_in(page, theme)
    for path in ("/catalog?columns=family,tags&density=compact", "/provider-models"):
        page.goto(path)
        open_panel(page)
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), path
