"""A person manages feeds: rank and trust, with a look at what follows, by keyboard."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from app.core.permissions import SYSTEM
from app.models import db
from app.queries.feeds import get_feed_row
from app.services.feeds import add_feed
from tests.support.axe import violations
from tests.support.browser import SIDEWAYS
from tests.support.feeds import answer, model, sync


@pytest.fixture
def reseller(live_app: Flask, tmp_path: Path) -> str:
    """The page of a weak feed that says otherwise of two models."""
    body = answer({name: model(tool_call=False) for name in ("gpt-4o", "gpt-4o-mini")})
    with live_app.app_context():
        source, weak = str(tmp_path / "reseller.json"), {"priority": 200}
        add_feed(db.session(), SYSTEM, "reseller", "models_dev", path=source, settings=weak)
        sync(db.session(), tmp_path, body, "reseller")
    return "/feeds/reseller"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_pages_are_accessible(reseller: str, admin_page: Page, theme: str, width: int) -> None:
    page = admin_page
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/feeds", "/feeds/new", reseller, f"{reseller}/edit", f"{reseller}/delete"):
        page.goto(path)
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), f"{path} scrolls sideways"


def test_rank_is_changed_by_keyboard_after_a_look_at_what_follows(
    reseller: str, admin_page: Page, live_app: Flask
) -> None:
    page = admin_page
    page.goto(f"{reseller}/edit")
    page.get_by_label("Priority").fill("1")
    page.get_by_label("Why? (optional)").fill("They know better")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    assert violations(page) == []
    expect(page.get_by_role("link", name="GPT-4o", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Save, and change").press("Enter")
    expect(page.get_by_text("reseller is saved.")).to_be_visible()
    page.goto("/catalog/openai/gpt-4o")
    expect(page.locator('[data-field="supports_tools"] [role="switch"]').first).to_have_attribute(
        "aria-checked", "false"
    )
    page.goto(reseller)
    page.get_by_role("button", name="Undo: Priority").press("Enter")
    expect(page.get_by_role("cell", name="1 becomes 200")).to_be_visible()
    with live_app.app_context():
        assert get_feed_row(db.session(), "reseller").priority == 200


def test_a_feed_is_switched_off_in_the_table_and_on_with_undo(
    reseller: str, admin_page: Page
) -> None:
    page = admin_page
    page.goto("/feeds")
    switch = page.get_by_role("switch", name="Reading reseller")
    switch.press("Enter")
    expect(switch).to_have_attribute("aria-checked", "false")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(switch).to_have_attribute("aria-checked", "true")
