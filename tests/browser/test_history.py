"""A record's past in a real browser: plots in both themes and by keyboard, the change log."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.core.permissions import SYSTEM, Role
from app.models import ProviderModel, db
from app.services.records import edit_record
from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, show_in
from tests.support.people import log_in
from tests.support.processes import wait_until


def line(amount: str) -> dict[str, object]:
    """Prices with one line."""
    unit = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": amount, "currency": "USD"}
    return {"lines": [unit]}


@pytest.fixture
def changed(live_app: Flask) -> str:
    """The address of a provider model whose prices and limits have changed."""
    with live_app.app_context():
        session = db.session()
        model = session.scalars(
            select(ProviderModel).where(
                ProviderModel.pricing.is_not(None), ProviderModel.token_limits.is_not(None)
            )
        ).first()
        assert model is not None
        pk, public_id = model.id, model.public_id
        session.commit()
        for amount in ("7000", "9000"):
            edit_record(session, SYSTEM, "provider_model", pk, {"pricing": line(amount)})
        limits = {"context_length": 4_321, "max_completion_tokens": None}
        edit_record(session, SYSTEM, "provider_model", pk, {"token_limits": limits})
        return f"/provider-models/{public_id}"


def pixels(page: Page) -> str:
    """What is drawn, as text."""
    drawn: str = page.evaluate("document.querySelector('#plot-token-prices canvas').toDataURL()")
    return drawn


def test_prices_are_drawn_and_drawn_anew(admin_page: Page, changed: str) -> None:
    page = admin_page
    page.goto(changed)
    plot = page.locator("#plot-token-prices")
    expect(plot.locator("canvas")).to_be_visible()
    expect(plot.locator(".u-legend")).to_contain_text("$9")
    light = pixels(page)
    page.locator("[data-theme-value=dark]").first.click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(plot.locator("canvas")).to_have_count(1)
    # The content policy forbids what `wait_for_function` does in the page.
    wait_until(lambda: pixels(page) != light, 5)
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until(lambda: plot.locator("canvas").evaluate("canvas => canvas.clientWidth") <= 360, 5)


def test_a_plot_sticks_out_of_no_card_before_it_is_drawn_anew(
    admin_page: Page, changed: str
) -> None:
    page = admin_page
    page.goto(changed)
    plot = page.locator("#plot-token-prices")
    expect(plot.locator("canvas")).to_be_visible()
    # In one task: no observer of sizes has been told yet.
    over = page.locator(".plots").evaluate(
        """plots => {
          plots.style.width = "300px";
          const drawnFor = parseFloat(plots.querySelector(".u-wrap").style.width);
          return [drawnFor > 300, plots.scrollWidth - plots.clientWidth];
        }"""
    )
    assert over == [True, 0]
    drawn_for = "wrap => parseFloat(wrap.style.width)"
    wait_until(lambda: plot.locator(".u-wrap").evaluate(drawn_for) < 300, 5)


def test_the_arrow_keys_move_along_a_plot(admin_page: Page, changed: str) -> None:
    page = admin_page
    page.goto(changed)
    plot = page.locator("#plot-token-prices")
    expect(plot.locator(".u-legend")).to_contain_text("now")
    plot.focus()
    page.keyboard.press("ArrowRight")
    expect(plot.locator(".u-legend")).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d .* UTC"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    table = page.locator("#plot-token-prices + details table")
    expect(table).to_be_visible()
    expect(table).to_contain_text("almanac")


def test_a_change_of_the_page_draws_what_is_new(
    admin_page: Page, live_app: Flask, changed: str
) -> None:
    page = admin_page
    page.goto(changed)
    expect(page.locator("#plot-token-prices canvas")).to_have_count(1)
    page.locator("#history .icon-button").first.click()
    expect(page.locator("#plot-limits canvas")).to_have_count(1)
    expect(page.locator("#plot-token-prices canvas")).to_have_count(1)


def test_without_scripts_the_tables_remain(browser: Browser, base_url: str, changed: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=base_url)
    page = context.new_page()
    page.goto("/login")
    log_in(page, Role.ADMIN)
    page.goto(changed)
    expect(page.locator("#plot-token-prices")).to_be_hidden()
    page.locator("#plot-token-prices + details summary").click()
    expect(page.locator("#plot-token-prices + details table")).to_contain_text("$9")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_are_accessible(admin_page: Page, changed: str, theme: str, width: int) -> None:
    page = admin_page
    page.set_viewport_size({"width": width, "height": 844})
    show_in(page, theme)
    for path in (changed, f"{changed}?field=pricing", "/changes", "/changes?kind=edit"):
        page.goto(path)
        if path == changed:
            page.locator("#plot-token-prices + details summary").click()
            page.evaluate("scrollTo(0, 0)")  # or the top bar covers what is behind it
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), f"{path} scrolls sideways"


def test_the_log_is_filtered_and_saved_by_keyboard(admin_page: Page, changed: str) -> None:
    page = admin_page
    page.goto("/changes")
    page.locator("#filter-field").focus()
    page.keyboard.type("Prices")
    page.locator(".change-filters-go .btn-primary").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("field=pricing"))
    expect(page.locator("#changes tbody tr")).to_have_count(2)
    saving = page.get_by_role("link", name="CSV")
    saving.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    text = download.value.path().read_text(encoding="utf-8")
    assert text.count("per_1k_prompt_tokens") >= 3
    assert download.value.suggested_filename.endswith(".csv")
