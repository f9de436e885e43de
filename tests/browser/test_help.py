"""Help where it is needed: what a field means is one hover or focus away."""

from playwright.sync_api import Page, expect

from tests.support.axe import violations

ENTRY = "/catalog/anthropic/claude-sonnet-4-5"


def test_a_field_explains_itself_on_focus_and_leaves_on_escape(admin_page: Page) -> None:
    page = admin_page
    page.goto(ENTRY)
    about = page.get_by_role("button", name="About Context")
    card = page.locator("#about-context_length")
    expect(about).to_have_accessible_description(
        "Context The largest number of tokens that a request and its answer may hold together."
        " In tokens. Filled by the feeds, until you decide."
    )
    page.get_by_role("button", name="About Instruct", exact=True).focus()
    page.keyboard.press("Tab")
    expect(card).to_be_hidden()
    page.keyboard.press("Tab")
    expect(about).to_be_focused()
    expect(card).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(about).to_be_focused()


def test_a_field_explains_itself_under_the_pointer_and_to_a_tap(admin_page: Page) -> None:
    page = admin_page
    page.goto(ENTRY)
    notes = page.locator("#about-notes")
    page.get_by_role("button", name="About Notes").hover()
    expect(notes).to_be_visible()
    expect(notes).to_contain_text("Yours: no feed writes it.")
    notes.hover()
    page.get_by_role("button", name="About Tags").click()
    expect(notes).to_be_hidden()
    expect(page.locator("#about-tags")).to_be_visible()
    page.get_by_role("heading", level=1).click()
    expect(page.locator("#about-tags")).to_be_hidden()


def test_the_commands_that_somebody_opened_stay_open_and_are_those_of_now(
    admin_page: Page,
) -> None:
    page = admin_page
    page.goto(ENTRY)
    page.get_by_text("The same by API").click()
    flag = page.locator("td[data-field=experimental]").get_by_role("switch")
    shown = page.locator("#api-calls dt").filter(has_text="Switch Experimental")
    expect(shown).to_have_text("Switch Experimental on")
    flag.click()
    expect(flag).to_have_attribute("aria-checked", "true")
    expect(shown).to_have_text("Switch Experimental off")
    expect(shown).to_be_visible()
    flag.click()
    expect(shown).to_have_text("Switch Experimental on")
