"""The pages that the measurements in Chromium open, and who opens them."""

from playwright.sync_api import Browser, Page

from tests.bench.bench_console import EMAIL, PASSWORD

PATHS = {"entries": "/catalog", "models": "/provider-models"}


def logged_in(browser: Browser, port: int) -> Page:
    """A page whose person has logged in; its cache holds what the login page uses.

    As in anybody's browser no media are emulated: Chromium applies an emulated colour scheme anew
    as a page is left, and styles and paints all of the old page while the new one is waited for.
    """
    page = browser.new_page(
        base_url=f"http://127.0.0.1:{port}",
        color_scheme="null",
        reduced_motion="null",
        forced_colors="null",
    )
    page.goto("/login")
    page.locator("input[name=email]").fill(EMAIL)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page
