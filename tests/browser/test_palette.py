"""A person finds anything with the keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.support.axe import violations

PALETTE = "#palette"


def _open(page: Page, path: str = "/") -> Locator:
    page.goto(path)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    expect(page.locator("#palette [data-find-answer] [role=option]").first).to_be_visible()
    return page.locator(PALETTE)


def _type(page: Page, text: str) -> None:
    page.keyboard.type(text)
    expect(page.locator(f'#palette [data-typed="{text}"]')).to_be_attached()


def _active(page: Page) -> Locator:
    return page.locator('#palette [role=option][aria-selected="true"]')


def test_an_entry_is_found_though_mistyped_and_opened(admin_page: Page) -> None:
    page = admin_page
    palette = _open(page)
    _type(page, "claud sonet")
    expect(_active(page)).to_have_attribute("data-label", re.compile("Claude.*Sonnet"))
    expect(page.locator("#palette-q")).to_have_attribute(
        "aria-activedescendant", _active(page).get_attribute("id") or "-"
    )
    expect(palette.locator("mark").first).to_have_text("Claud")
    expect(palette.get_by_role("status")).to_have_text(re.compile(r"^\d+ results$"))
    first = _active(page).get_attribute("data-path")
    page.keyboard.press("ArrowDown")
    second = _active(page).get_attribute("data-path")
    assert first != second
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(_active(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{first}")
    _open(page)
    recent = page.locator("[data-recent] [role=option]")
    expect(recent).to_have_count(1)
    expect(recent).to_have_attribute("data-path", first or "-")
    expect(recent).to_have_attribute("aria-selected", "true")


def test_enter_waits_for_what_was_typed_last(admin_page: Page) -> None:
    page = admin_page
    _open(page)
    page.keyboard.type("feature flags")
    page.keyboard.press("Enter")
    page.wait_for_url("**/feature-flags")


def test_an_old_answer_never_replaces_a_newer_one(admin_page: Page) -> None:
    page = admin_page
    _open(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/find?q=gpt", hold)
    with page.expect_request("**/find?q=gpt"):
        page.keyboard.type("gpt")
    page.keyboard.press("Control+a")
    _type(page, "claude")
    for route in held:
        route.fallback()
    page.unroute_all(behavior="ignoreErrors")
    expect(page.locator('#palette [data-typed="claude"]')).to_be_attached()
    expect(page.locator('#palette [data-typed="gpt"]')).to_have_count(0)


def test_escape_gives_the_focus_back_and_pages_keys_rest(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog")
    cell = page.locator("td.who > button.v").first
    cell.focus()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    page.keyboard.type("?/")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(PALETTE)).to_be_hidden()
    expect(cell).to_be_focused()
    page.keyboard.press("Meta+k")
    expect(page.locator(PALETTE)).to_be_visible()
    page.keyboard.press("Meta+k")
    expect(page.locator(PALETTE)).to_be_hidden()


def test_a_new_tab_a_form_and_what_only_a_script_can(admin_page: Page) -> None:
    page = admin_page
    _open(page, "/catalog")
    _type(page, "providers")
    with page.context.expect_page() as opened:
        page.keyboard.press("Control+Enter")
    opened.value.wait_for_url("**/providers")
    opened.value.close()
    expect(page.locator(PALETTE)).to_be_visible()
    page.keyboard.press("Control+a")
    _type(page, "switch theme")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.keyboard.press("Control+k")
    _type(page, "keyboard help")
    page.keyboard.press("Enter")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    _type(page, "disable all models groq")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=re.compile("Disable|off"))).to_be_visible()
    expect(page).to_have_url(re.compile("/bulk/preview$"))


def test_enter_counts_in_the_moment_in_which_the_answer_comes(admin_page: Page) -> None:
    page = admin_page
    _open(page, "/catalog")
    page.evaluate(
        """typed => {
          const list = document.getElementById("palette-list");
          new MutationObserver((_changes, watcher) => {
            if (list.querySelector("[data-find-answer]")?.dataset.typed !== typed) return;
            watcher.disconnect();
            const press = { key: "Enter", bubbles: true, cancelable: true };
            const input = document.getElementById("palette-q");
            input.dispatchEvent(new KeyboardEvent("keydown", press));
          }).observe(list, { childList: true, subtree: true });
        }""",
        "disable all models groq",
    )
    for _ in range(3):  # to an option that is not in what will be found
        page.keyboard.press("ArrowDown")
    page.keyboard.insert_text("disable all models groq")
    page.wait_for_url("**/bulk/preview")


def test_the_button_opens_it_and_the_pointer_chooses(admin_page: Page) -> None:
    page = admin_page
    page.goto("/feeds")
    page.get_by_role("button", name="Search everything").click()
    expect(page.locator("#palette-q")).to_be_focused()
    page.locator("#palette").get_by_role("option", name="Changes").click()
    page.wait_for_url("**/changes")


@pytest.mark.parametrize(("scheme", "width"), [("dark", 390), ("light", 1440)])
def test_it_is_accessible_and_fits(admin_page: Page, scheme: str, width: int) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    _open(page)
    assert violations(page) == []
    for typed in ("claude", "disable acme", "zzzzqq"):
        page.keyboard.press("Control+a")
        _type(page, typed)
        assert violations(page) == [], typed
    expect(page.locator("#palette-empty")).to_be_visible()
    box = page.locator(PALETTE).bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    page.goto("/find?q=claude")
    assert violations(page) == []
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
