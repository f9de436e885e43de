"""Names of every length and script, the largest numbers and a thousand tags: nothing breaks."""

from urllib.parse import quote

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.models import db
from tests.support.axe import violations
from tests.support.browser import SIDEWAYS
from tests.support.extremes import NAMES, TAGS, fill_extremes

WIDTHS = (390, 768, 1440)
LONG = f"extreme/{'y' * 247}"
ENTRIES = "entries=extreme/longest&entries=extreme/arabic&entries=extreme/japanese"
PAGES = [
    "/catalog?q=extreme",
    "/provider-models?search=extreme",
    *(f"/catalog/{name}" for name in (*NAMES, LONG)),
    *(f"/provider-models/pmdl_extreme_{number}" for number in range(len(NAMES))),
    "/providers/prov_extreme",
    "/providers?search=deal",
    f"/compare?{ENTRIES}",
    "/compare?entry=extreme/words",
    "/changes",
    f"/changes?record={quote(LONG)}",
    "/find?q=extreme",
    "/prices",
    "/",
]


@pytest.fixture
def extremes(live_app: Flask) -> None:
    """The catalog with the strangest records there can be."""
    with live_app.app_context():
        fill_extremes(db.session())


def test_every_page_holds_them_and_stays_accessible(admin_page: Page, extremes: None) -> None:
    page = admin_page
    found = []
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == 200, path
        found += [f"{path}: {violation}" for violation in violations(page)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate(SIDEWAYS):
                found.append(f"{path} scrolls sideways at {width} px")
    assert not found, "\n".join(found)


def test_rows_stay_as_high_as_others_and_columns_as_wide(admin_page: Page, extremes: None) -> None:
    page = admin_page
    page.goto("/catalog?q=extreme&columns=family,tags,notes,description")
    rows = page.locator("tbody tr").all()
    assert len(rows) == len(NAMES) + 1
    assert {row.evaluate("row => row.offsetHeight") for row in rows} == {49}
    widest = page.evaluate(
        "Math.max(...[...document.querySelectorAll('th')].map(h => h.offsetWidth))"
    )
    assert widest <= 390


def test_a_name_runs_in_its_own_direction_and_begins_where_the_others_do(
    admin_page: Page, extremes: None
) -> None:
    page = admin_page
    page.goto("/catalog?q=extreme")
    places = {}
    for public_id in ("extreme/arabic", "extreme/words"):
        name = page.locator(f'tr[data-public-id="{public_id}"] .who .v')
        assert name.evaluate("one => getComputedStyle(one).unicodeBidi") == "plaintext"
        places[public_id] = name.evaluate(
            """one => {
              const range = document.createRange();
              range.selectNodeContents(one);
              return Math.round(range.getBoundingClientRect().left);
            }"""
        )
    assert len(set(places.values())) == 1, places


def test_a_thousand_tags_are_counted_in_a_cell_and_kept_by_its_editor(
    admin_page: Page, extremes: None
) -> None:
    page = admin_page
    page.goto(f"/catalog?q={LONG}&columns=tags")
    cell = page.locator('tbody [data-field="tags"]')
    expect(cell).to_contain_text("+996")
    cell.locator("button[name]").click()
    box = page.locator("#editor-value")
    expect(box).to_have_value(", ".join(TAGS[:999]))
    box.fill(", ".join([*TAGS[:999], "the-last"]))
    page.keyboard.press("Enter")
    expect(cell).to_contain_text("+997")
    page.goto("/changes")
    expect(page.locator("tbody tr").first).to_contain_text(
        "999 others→ becomes the-last, 999 others"
    )


def test_markup_in_a_name_is_text(admin_page: Page, extremes: None) -> None:
    page = admin_page
    page.goto("/catalog/extreme/markup")
    expect(page.get_by_role("heading", level=1)).to_have_text(NAMES["extreme/markup"] or "")
    assert page.locator("main script").count() == 0
