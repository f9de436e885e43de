"""A person whose browser runs no scripts does the main jobs, and meets nothing dead on any page."""

import re
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from tests.support.console import ENTRY, OTHER, addresses, fill
from tests.support.people import PASSWORD
from tests.support.reach import dead_controls

pytestmark = pytest.mark.browser_context_args(java_script_enabled=False)

NAME = "Claude Sonnet 4.5 (latest)"
LISTED = "/catalog?q=claude-sonnet-4"


def press(page: Page | Locator, name: str | re.Pattern[str]) -> None:
    page.get_by_role("button", name=name, exact=isinstance(name, str)).first.click()


def test_an_entry_is_found_edited_and_given_back(page: Page) -> None:
    page.goto("/catalog")
    page.get_by_label("E-mail").fill("admin@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    press(page, "Log in")
    expect(page).to_have_url(re.compile("/catalog$"))
    page.get_by_role("searchbox").fill("claude-sonnet-4")
    page.locator("summary", has_text="More filters").click()
    page.get_by_role("combobox", name="Family").select_option("claude-sonnet")
    press(page, "Search")
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("link", name=ENTRY, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(NAME)

    family = page.locator('[data-field="family"]')
    family.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Family")
    page.get_by_label(f"Family of {NAME}").fill("ours")
    press(page, "Save")
    expect(family).to_have_text("ours")
    expect(family).to_have_attribute("data-manual", "true")
    tools = page.get_by_role("switch", name=f"Tools for {NAME}")
    expect(tools).to_have_attribute("aria-checked", "true")
    tools.click()
    expect(tools).to_have_attribute("aria-checked", "false")
    expect(page.get_by_text(f"Tools is off for {NAME}.")).to_be_visible()

    press(page, "Give Family back to the feeds")
    expect(family).to_have_text("claude-sonnet")
    press(page, "Give everything back")
    expect(tools).to_have_attribute("aria-checked", "true")
    expect(page.locator('.fields-table [data-manual="true"]')).to_have_count(0)


def switch_all(page: Page, verb: str, state: str, why: str) -> int:
    """Presses the button for all models of a provider, and says yes; gives how many there are."""
    press(page, f"{verb} all models")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    said = page.locator(".bulk-sum").inner_text()
    count = int(said.split()[0])
    assert said.startswith(f"{count} of {count} provider models")
    page.get_by_label("Why").fill(why)
    press(page, f"Apply to {count}")
    expect(page.get_by_text(f"{count} provider models switched {state}.")).to_be_visible()
    return count


def test_all_models_of_a_provider_go_off_and_come_back(admin_page: Page) -> None:
    page = admin_page
    page.goto("/providers?q=groq")
    page.get_by_role("link", name="Groq", exact=True).click()
    listed = f"/provider-models?provider_id={page.url.rpartition('/')[2]}"
    switch_all(page, "Enable", "on", "quick")
    count = switch_all(page, "Disable", "off", "too slow")
    page.goto("/changes")
    page.get_by_role("link", name=re.compile(f"{count} provider models")).first.click()
    expect(page.get_by_text("too slow")).to_be_visible()
    press(page, "Undo")
    expect(page.get_by_text(f"Undone: {count} changes.")).to_be_visible()
    expect(page.get_by_text("Taken back by")).to_be_visible()
    page.goto(f"{listed}&active=true")
    expect(page.locator("tbody tr")).to_have_count(count)


def test_a_table_is_arranged_and_kept_as_a_view(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    press(page, "Columns")
    panel = page.get_by_role("dialog", name="Columns")
    panel.get_by_role("checkbox", name="Tools", exact=True).uncheck()
    panel.get_by_role("radio", name="Compact").check()
    press(panel, "Apply")
    expect(page.get_by_role("columnheader", name="Tools")).to_have_count(0)
    expect(page.locator("[data-grid]")).to_have_class(re.compile("is-compact"))
    expect(page).to_have_url(re.compile("q=claude-sonnet-4"))
    press(page, "Views")
    views = page.get_by_role("dialog", name="Views")
    views.get_by_label("Name of this view").fill("Sonnets")
    press(views, "Save")
    expect(page.get_by_text("Sonnets is saved.")).to_be_visible()
    page.goto("/catalog?view=none")
    press(page, "Views")
    views.get_by_role("link", name="Sonnets", exact=True).click()
    expect(page.get_by_role("searchbox")).to_have_value("claude-sonnet-4")


def test_an_item_of_the_queue_is_approved(
    admin_page: Page, live_app: Flask, tmp_path: Path
) -> None:
    fill(live_app, tmp_path)
    page = admin_page
    page.goto("/review?feed=reseller")
    rows = page.locator("tr[data-review]")
    waiting = rows.count()
    name = rows.first.get_by_role("checkbox").get_attribute("aria-label")
    rows.first.get_by_role("checkbox").check()
    press(page, "Approve…")
    expect(page.locator("main")).to_contain_text("1 item")
    press(page, "Approve 1")
    expect(page.get_by_text("Approved: 1 item.")).to_be_visible()
    expect(rows).to_have_count(waiting - 1)
    expect(page.get_by_role("checkbox", name=name, exact=True)).to_have_count(0)


def test_two_entries_are_compared(admin_page: Page) -> None:
    page = admin_page
    page.goto(f"{LISTED}&sort=public_id")
    for box in page.get_by_role("checkbox", name=re.compile("^Select Claude")).all()[:2]:
        box.check()
    press(page, "Compare two to five")
    expect(page).to_have_url(re.compile("/compare\\?"))
    heads = page.locator("main table thead th")
    before = heads.count()
    page.get_by_role("combobox", name="Add an entry").fill(OTHER)
    press(page, "Add")
    expect(heads).to_have_count(before + 1)


def test_every_page_has_its_heading_and_nothing_dead(
    admin_page: Page, live_app: Flask, tmp_path: Path
) -> None:
    fill(live_app, tmp_path)
    page = admin_page
    found: list[str] = []
    for path in (path for listed in addresses(live_app).values() for path in listed):
        page.goto(path)
        heading = page.get_by_role("heading", level=1)
        if heading.count() != 1 or not heading.inner_text().strip():
            found.append(f"{path} has {heading.count()} main headings")
        found += [f"{path}: {dead}" for dead in dead_controls(page)]
    assert not found, "\n".join(found)
