"""A table opens with the rows that the window shows; all others follow at once."""

import re

from playwright.sync_api import Browser, Page, expect

from app.core.permissions import Role
from tests.support.people import log_in

ROWS = 50
# Notes how many rows are laid out at the moment the page is loaded, before anything else runs.
NOTE = """addEventListener("load", () => {
  const rows = [...document.querySelectorAll("tbody tr")];
  window.laidOut = rows.filter((row) => row.offsetHeight).length;
}, true);"""

# Fills the search while the page is still being read, as somebody does who types at once.
HASTE = """new MutationObserver((_, observer) => {
  const search = document.getElementById("q");
  if (!search) return;
  observer.disconnect();
  search.value = "opus";
}).observe(document, { childList: true, subtree: true });"""


def test_rows_below_the_window_are_laid_out_after_the_page_is_loaded(admin_page: Page) -> None:
    page = admin_page
    page.add_init_script(NOTE)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto("/catalog")
    rows = page.locator("tbody tr")
    assert rows.count() == ROWS
    assert 12 <= page.evaluate("window.laidOut") < ROWS
    expect(rows.last).to_be_visible()
    assert page.evaluate("performance.getEntriesByType('resource').length") < 12


def test_in_a_window_that_shows_more_no_row_waits(admin_page: Page) -> None:
    page = admin_page
    page.add_init_script(NOTE)
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto("/catalog")
    assert page.evaluate("window.laidOut") == ROWS


def test_a_row_named_by_the_address_is_found_below_the_window(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog")
    last = page.locator("tbody tr").last.get_attribute("id")
    page.goto("/providers")
    page.goto(f"/catalog#{last}")
    expect(page.locator(f"#{last}")).to_be_in_viewport()


def test_without_scripts_every_row_shows_and_its_cells_open_and_flip(
    browser: Browser, base_url: str, live_app: object
) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login")
    log_in(page, Role.ADMIN)
    page.goto("/catalog?columns=active,family")
    row = page.locator("tbody tr").last
    expect(row).to_be_visible()
    switch = row.get_by_role("switch")
    before = switch.get_attribute("aria-checked")
    switch.click()
    expect(page).to_have_url(page.url)
    after = page.locator(f"#{row.get_attribute('id')}").get_by_role("switch")
    expect(after).to_have_attribute("aria-checked", "false" if before == "true" else "true")
    page.locator('tbody tr:last-child [data-field="family"] > button').click()
    page.locator("#editor-value").fill("by hand")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('tbody tr:last-child [data-field="family"] > button')).to_have_text(
        "by hand"
    )
    context.close()


def test_what_is_typed_before_the_scripts_run_is_searched_for(admin_page: Page) -> None:
    page = admin_page
    page.add_init_script(HASTE)
    for path, search in [
        ("/catalog", "q"),
        ("/provider-models", "search"),
        ("/providers", "search"),
    ]:
        page.goto(path)
        expect(page).to_have_url(re.compile(rf"\?{search}=opus$"))
