"""Ways through the console: new tabs, back and forward, and a card that keeps off messages."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

LISTED = "/catalog?active=true"
# What a person may want beside the page: what it names, and what the address it leads to matches.
BESIDE = {
    "a record": ("tbody tr:nth-child(3) a[href^='/catalog/']", "/catalog/"),
    "a page of the console": (".topnav-link[href='/providers']", "/providers"),
    "another order": ("thead a[href*='sort=family']", "sort=family"),
    "without a filter": (".chips a.chip", "/catalog$"),
    "the next page": (".pager a[aria-label='Next page']", "page=2"),
}


@pytest.mark.parametrize("what", list(BESIDE))
def test_everything_that_leads_somewhere_opens_in_a_new_tab(admin_page: Page, what: str) -> None:
    page = admin_page
    page.goto(LISTED)
    here, (link, part) = page.url, BESIDE[what]
    with page.context.expect_page() as opened:
        page.locator(link).first.click(modifiers=["ControlOrMeta"])
    expect(opened.value).to_have_url(re.compile(part))
    expect(opened.value.locator("h1")).to_be_visible()
    assert page.url == here
    expect(page.locator("tbody tr:nth-child(3)")).to_be_visible()


def _catalog(page: Page) -> tuple[Locator, str]:
    """Opens the catalog; where it says how many entries it shows, and how many there are."""
    page.goto("/catalog")
    count = page.locator(".results-top .count b")
    return count, count.inner_text()


def test_back_and_forward_show_what_was_there(admin_page: Page) -> None:
    page = admin_page
    count, everything = _catalog(page)
    page.locator("#q").fill("claude")
    page.locator("#q").press("Enter")
    page.wait_for_url("**q=claude**")
    expect(count).not_to_have_text(everything)
    claude = count.inner_text()
    page.locator("#filter-active").select_option("false")
    page.wait_for_url("**active=false**")
    expect(count).to_have_text("0")
    page.locator(".chips a.chip", has_text="Active").click()
    expect(count).to_have_text(claude)
    page.locator("tbody tr:nth-child(2) a[href^='/catalog/']").click()
    page.wait_for_url("**/catalog/**")
    entry = page.url

    for shown in (claude, "0", claude, everything):
        page.go_back()
        expect(count).to_have_text(shown)
    expect(page.locator("#q")).to_have_value("")
    for shown in (claude, "0", claude):
        page.go_forward()
        expect(count).to_have_text(shown)
    expect(page.locator("#q")).to_have_value("claude")
    page.go_forward()
    expect(page).to_have_url(entry)
    expect(page.locator("main h1")).to_be_visible()


def _emptied(page: Page) -> tuple[Locator, str]:
    """Opens the catalog and filters everything away; what `_catalog` returns."""
    count, everything = _catalog(page)
    page.locator("#filter-active").select_option("false")
    expect(count).to_have_text("0")
    return count, everything


def _step_back(page: Page) -> None:
    page.evaluate("() => history.back()")
    page.wait_for_url("**/catalog", wait_until="commit")


def test_a_step_back_while_the_page_is_still_loading_is_not_lost(admin_page: Page) -> None:
    page = admin_page
    count, everything = _emptied(page)
    page.route("**/htmx.min.js", lambda _: None)  # is long in coming
    page.reload(wait_until="commit")
    expect(count).to_have_text("0")
    _step_back(page)
    page.unroute("**/htmx.min.js")
    expect(count).to_have_text(everything)


def test_a_step_back_before_any_script_is_read_is_not_lost(admin_page: Page) -> None:
    page = admin_page
    count, everything = _emptied(page)
    page.route("**/address.js", lambda _: None)
    page.reload(wait_until="commit")
    _step_back(page)
    page.unroute("**/address.js")
    expect(count).to_have_text(everything)


def test_a_step_back_before_htmx_listens_is_not_lost(admin_page: Page) -> None:
    page = admin_page
    count, everything = _emptied(page)
    # htmx begins to listen in a task of its own, which may come after the page has loaded.
    page.add_init_script("""{
        const later = window.setTimeout;
        window.setTimeout = (act, ...how) => (how.length ? later(act, ...how) : 0);
    }""")
    page.reload()
    _step_back(page)
    expect(count).to_have_text(everything)


def test_two_quick_steps_back_are_two(admin_page: Page) -> None:
    page = admin_page
    count, everything = _catalog(page)
    page.goto("/catalog?q=claude")
    claude = count.inner_text()
    page.locator("#filter-active").select_option("false")
    expect(count).to_have_text("0")
    page.locator(".chips a.chip", has_text="Active").click()
    expect(count).to_have_text(claude)
    page.evaluate("""() => {
        document.body.dataset.old = "";
        addEventListener("popstate", () => history.back(), { once: true });
        history.back();
    }""")
    expect(page.locator("body[data-old]")).to_have_count(0)
    expect(count).to_have_text(claude)
    page.go_back()
    expect(count).to_have_text(everything)


def test_the_card_of_a_value_keeps_off_the_message_with_undo(admin_page: Page) -> None:
    page = admin_page
    page.goto("/catalog?columns=family,supports_tools&q=claude")
    page.set_viewport_size({"width": 1000, "height": 640})
    switch = page.locator("tbody tr:nth-child(8) [data-field=supports_tools] > button")
    switch.scroll_into_view_if_needed()
    before = switch.get_attribute("aria-checked") or ""
    switch.press("Space")
    undo = page.locator("#toasts [data-toast-action]")
    expect(undo).to_be_visible()
    expect(switch).not_to_have_attribute("aria-checked", before)
    page.keyboard.press("i")
    card = page.locator("#origin-card")
    expect(card).to_be_visible()
    one, other = card.bounding_box(), page.locator("#toasts").bounding_box()
    assert one is not None
    assert other is not None
    apart = one["x"] + one["width"] <= other["x"] or one["y"] + one["height"] <= other["y"]
    assert apart, (one, other)
    undo.click()
    expect(switch).to_have_attribute("aria-checked", before)
