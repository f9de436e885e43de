"""What the pictures of the dashboard lead to when they are clicked."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from tests.support.console import fill
from tests.support.database import scratch_folder

MODELS, ACTIONS = re.compile(r"([\d,]+) models"), re.compile(r"(\d+) action")


@pytest.fixture
def lively_page(live_app: Flask, admin_page: Page) -> Page:
    """The dashboard of a catalog in which people and feeds did something."""
    with scratch_folder() as folder:
        fill(live_app, folder)
    admin_page.goto("/")
    return admin_page


def said_count(page: Page) -> int:
    """How many records the table says that it found."""
    return int(page.locator(".results-top .count b").inner_text().replace(",", ""))


def click_middle(shape: Locator) -> None:
    """Click what lies at the middle of the shape, as the mouse does: dots overlap."""
    shape.scroll_into_view_if_needed()
    shape.click(force=True)


def test_a_dot_leads_to_the_models_that_it_stands_for(lively_page: Page) -> None:
    page = lively_page
    dots = page.locator(".price-plot a:has(.plot-dot)")
    several = page.locator('.price-plot a[href^="/provider-models?"]').last
    said = several.locator("title").text_content() or ""
    models = int((MODELS.search(said) or ["", "0"])[1].replace(",", ""))
    assert dots.count() > 20
    assert models > 1
    click_middle(several.locator("circle"))
    page.wait_for_url("**/provider-models?**")
    assert said_count(page) == models


def test_a_cell_leads_to_the_entries_that_it_counts(lively_page: Page) -> None:
    page = lively_page
    cell = page.locator(".coverage .share a").first
    number = int(cell.inner_text())
    cell.click()
    page.wait_for_url("**/catalog?**")
    assert said_count(page) == number


def test_a_bar_leads_to_the_actions_that_it_counts(lively_page: Page) -> None:
    page = lively_page
    bar = page.locator(".price-plot a:has(.plot-bar)").last
    said = bar.locator("title").text_content() or ""
    number = int((ACTIONS.search(said) or ["", "0"])[1])
    assert number > 0
    click_middle(bar.locator(".plot-touch, .plot-bar").first)
    page.wait_for_url("**/changes?**")
    expect(page.locator(".batch-table tbody tr")).to_have_count(number)
