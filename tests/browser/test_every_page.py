"""Every page of the console in both themes: axe finds nothing to say against any."""

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, show_in
from tests.support.console import GROUPS, NO_PAGE, page_rules

THEMES = ("light", "dark")
AT_LEAST = 68  # fewer would mean that the list lost some
# 1280 px at a zoom of 400 % and 200 %, a phone and a tablet.
WIDTHS = (320, 640, 390, 768)


def test_every_page_has_an_address_or_a_reason(
    live_app: Flask, filled: dict[str, list[str]]
) -> None:
    routes = {rule.endpoint for rule in page_rules(live_app)}
    assert routes == set(filled) | set(NO_PAGE), "list it in tests/support/console.py"
    assert not set(filled) & set(NO_PAGE)
    grouped = {blueprint for group in GROUPS.values() for blueprint in group}
    assert {endpoint.partition(".")[0] for endpoint in filled} == grouped
    assert sum(map(len, filled.values())) >= AT_LEAST


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("group", list(GROUPS))
def test_every_page_is_accessible_and_fits(
    admin_page: Page,
    filled: dict[str, list[str]],
    group: str,
    theme: str,
) -> None:
    page = admin_page
    show_in(page, theme)
    page.set_viewport_size({"width": 1280, "height": 900})
    found: list[str] = []
    paths = [
        path
        for endpoint, listed in filled.items()
        if endpoint.partition(".")[0] in GROUPS[group]
        for path in listed
    ]
    for path in paths:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status in {200, 404}, path
        assert page.url.endswith(path), f"{path} leads to {page.url}"
        assert page.locator("html").get_attribute("data-bs-theme") == theme
        found += [f"{path}: {violation}" for violation in violations(page)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(SIDEWAYS):
                found.append(f"{path} scrolls sideways at {width} px")
        page.set_viewport_size({"width": 1280, "height": 900})
    assert not found, "\n".join(found)
