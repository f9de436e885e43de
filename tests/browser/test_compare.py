"""A person looks at models side by side."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.axe import violations

ONE, TWO = "anthropic/claude-sonnet-4-5", "openai/gpt-4o"
BOTH = f"/compare?entries={ONE}&entries={TWO}"


def test_ticked_rows_are_compared_and_one_is_added_by_keyboard(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog?q=claude-opus")
    link = page.get_by_role("link", name="Compare")
    picks = page.locator("[data-grid] .pick")
    picks.nth(0).check()
    expect(link).to_be_hidden()
    picks.nth(1).check()
    expect(link).to_be_visible()
    link.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?entries=*")
    heads = page.locator(".compare-name")
    expect(heads).to_have_count(2)
    page.get_by_role("combobox").focus()
    page.keyboard.type("gpt-4o-mini")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(heads).to_have_count(3)
    page.get_by_role("link", name=re.compile("^Take .* out$")).nth(2).click()
    expect(heads).to_have_count(2)
    page.go_back()
    expect(heads).to_have_count(3)


def test_only_what_differs_is_shown_and_the_address_says_so(admin_page: Page) -> None:
    page = admin_page
    page.goto(BOTH)
    same = page.get_by_role("rowheader", name="Status", exact=True)
    expect(same).to_be_visible()
    toggle = page.get_by_role("switch", name="Only differences")
    toggle.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("only=differences"))
    expect(page.get_by_role("switch", name="Only differences")).to_be_checked()
    expect(same).to_have_count(0)
    expect(page.get_by_role("rowheader", name=re.compile("^Context.*differs"))).to_be_visible()
    expect(page.locator(".is-best").first).to_contain_text(re.compile("largest|lowest"))


def test_the_first_column_stays_while_providers_scroll(admin_page: Page) -> None:
    page = admin_page
    page.goto(f"/catalog/{ONE}")
    page.get_by_role("link", name="Compare providers").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Providers of")
    label = page.get_by_role("rowheader", name="Price: prompt tokens")
    before = label.bounding_box()
    page.locator(".compare-scroll").evaluate("e => e.scrollTo(600, 0)")
    after = label.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["x"] - after["x"]) < 2


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1440)])
def test_it_is_accessible_and_fits(admin_page: Page, scheme: str, width: int) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in (BOTH, f"/compare?entry={ONE}", "/compare", "/compare?entries=no/such"):
        page.goto(path)
        assert violations(page) == [], path
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0, path
