"""From a fresh installation to the first correction, with the keyboard alone."""

from playwright.sync_api import Page, expect

from tests.support.axe import violations
from tests.support.keys import Keys


def test_three_steps_with_the_keyboard(admin_page: Page) -> None:
    page, keys = admin_page, Keys(admin_page)
    page.goto("/")
    steps = page.locator(".start-step")
    current = page.locator("[aria-current=step]")
    expect(current).to_contain_text("Choose providers")
    keys.to(page.get_by_role("link", name="Choose providers"))
    page.keyboard.press("Enter")

    page.wait_for_url("**/start#providers")
    page.keyboard.press("Tab")  # the note's link
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_id("narrow")
    page.keyboard.type("groq")
    expect(page.locator(".start-choices li:visible")).to_have_count(1)
    expect(page.locator("#narrow-count")).to_have_text("1 shown")
    page.keyboard.press("Enter")  # only looks
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_label("Groq")).to_be_checked()
    page.locator("#narrow").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("anthropic")
    expect(page.get_by_label("Groq")).to_be_visible()  # what is ticked stays in sight
    keys.to(page.get_by_role("button", name="Switch on the chosen providers"))
    page.keyboard.press("Enter")

    expect(page.get_by_text("1 provider is on")).to_be_visible()
    expect(steps.first).to_contain_text("done")
    expect(current).to_contain_text("See the catalog")
    keys.to(page.get_by_role("button", name="See the catalog"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog")

    page.goto("/")
    expect(current).to_contain_text("Correct a value")
    assert violations(page) == []
    keys.to(page.get_by_role("link", name="Correct a value"))
    page.keyboard.press("Enter")
    page.wait_for_url("**/catalog/**")
    page.locator("[data-field=family] > button[name]").first.press("Enter")
    page.locator("#editor-value").fill("ours")
    page.keyboard.press("Enter")
    expect(page.locator("#editor")).to_have_count(0)
    page.goto("/")
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()
    expect(page.locator(".start-panel")).to_have_count(0)
