"""What a screen reader says of the tables, and when it says it."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Locator, Page, expect

from app.core.errors import BusyError
from app.core.permissions import SYSTEM
from app.models import db
from app.services.records import edit_record
from tests.support.console import ENTRY
from tests.support.live import raising
from tests.support.reach import Listener

NAME = "Claude Sonnet 4.5 (latest)"
FEW = "family,context_length,supports_tools,supports_audio"
LISTED = "/catalog?q=claude-sonnet-4-5"
NARROW = f"{LISTED}&columns={FEW}"
MODELS = "/provider-models?search=claude-sonnet-4-5"
TABLES = {LISTED: ("grid", "Catalog"), MODELS: ("grid", "Provider models")}

CATALOG = f"""
- grid "Catalog":
  - rowgroup:
    - row:
      - columnheader "Model":
        - checkbox "Select all rows of this page"
        - link "Model"
      - columnheader "Family"
      - columnheader "Context"
      - columnheader "Tools"
      - columnheader "Audio"
  - rowgroup:
    - row:
      - rowheader "{NAME}":
        - checkbox "Select {NAME}"
        - button "{NAME}"
        - link "{ENTRY}"
        - button "Copy the id of {NAME}"
      - gridcell "ours":
        - button "ours"
      - gridcell "200,000"
      - gridcell:
        - switch "Tools for {NAME}"
      - gridcell:
        - switch "Audio for {NAME}"
"""
QUEUE = """
- table "What waits":
  - rowgroup:
    - row:
      - columnheader /Select/
      - columnheader "Record"
      - columnheader "Field"
      - columnheader "In force becomes what the feed says"
      - columnheader "Why it waits"
      - columnheader "Feed"
      - columnheader "Decide"
  - rowgroup:
    - row:
      - cell "Select Token limits of Model 2"
      - rowheader "Model 2 provider model of Acme"
      - cell "Token limits"
      - cell "context length 200,000 becomes context length 8,000"
      - cell /Context cut 25 times/
      - cell /reseller/
      - cell:
        - 'button "Approve: Token limits of Model 2"'
        - 'button "Reject: Token limits of Model 2"'
"""


@pytest.mark.usefixtures("filled")
def test_the_catalog_is_a_grid_that_names_columns_rows_and_controls(admin_page: Page) -> None:
    admin_page.goto(NARROW)
    expect(admin_page.get_by_role("grid")).to_match_aria_snapshot(CATALOG)


@pytest.mark.usefixtures("filled")
def test_the_queue_is_a_table_that_names_columns_rows_and_decisions(admin_page: Page) -> None:
    admin_page.goto("/review")
    expect(admin_page.get_by_role("table")).to_match_aria_snapshot(QUEUE)


@pytest.mark.parametrize("path", list(TABLES))
def test_every_row_and_column_of_a_table_has_a_name(admin_page: Page, path: str) -> None:
    page = admin_page
    page.goto(path)
    role, name = TABLES[path]
    grid = page.locator(f"[role={role}][aria-label='{name}']")
    expect(grid).to_have_attribute("aria-multiselectable", "true")
    for head in page.get_by_role("columnheader").all():
        expect(head).to_have_accessible_name(re.compile(r"\w"))
    rows = page.locator("tbody tr")
    assert rows.count() > 2
    for row in rows.all():
        expect(row.get_by_role("rowheader")).to_have_accessible_name(
            row.locator(".who > .v").inner_text()
        )


def test_the_head_of_a_column_says_how_it_is_sorted(admin_page: Page) -> None:
    page = admin_page
    for path, heads in ((LISTED, ("Context", "Family")), (MODELS, ("Provider", "Status"))):
        page.goto(path)
        page.get_by_role("link", name=heads[0], exact=True).click()
        first = page.get_by_role("columnheader", name=heads[0], exact=True)
        expect(first).to_have_attribute("aria-sort", "ascending")
        first.get_by_role("link").click()
        expect(first).to_have_attribute("aria-sort", "descending")
        page.get_by_role("link", name=heads[1], exact=True).click()
        second = page.get_by_role("columnheader", name=heads[1], exact=True)
        expect(second).to_have_attribute("aria-sort", "ascending")
        expect(page.locator("[aria-sort]")).to_have_count(1)


def _selected(page: Page) -> list[str | None]:
    return [row.get_attribute("aria-selected") for row in page.locator("tbody tr").all()[:4]]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("path", [LISTED.removesuffix("-5"), MODELS, "/review"])
def test_a_row_says_whether_it_is_selected(admin_page: Page, path: str) -> None:
    page = admin_page
    page.goto(path)
    boxes = page.locator("tbody .pick")
    assert _selected(page) == ["false"] * 4
    boxes.nth(0).focus()
    page.keyboard.press("x")
    assert _selected(page) == ["true", "false", "false", "false"]
    boxes.nth(2).click(modifiers=["Shift"])
    assert _selected(page) == ["true", "true", "true", "false"]
    boxes.nth(1).focus()
    page.keyboard.press("x")
    assert _selected(page) == ["true", "false", "true", "false"]
    page.get_by_role("button", name="Clear", exact=True).click()
    assert _selected(page) == ["false"] * 4


def test_a_flag_says_of_what_it_is_and_how_it_stands(admin_page: Page) -> None:
    page = admin_page
    page.goto(NARROW)
    page.get_by_role("switch", name=f"Audio for {NAME}", exact=True, checked=False).click()
    audio = page.get_by_role("switch", name=f"Audio for {NAME}", exact=True, checked=True)
    expect(audio).to_have_accessible_description(re.compile("edited by hand"))
    expect(audio).to_be_focused()
    page.goto("/catalog")
    unknown = page.locator("tbody .u").first
    expect(unknown).to_have_attribute("aria-checked", "false")
    expect(unknown).to_have_accessible_description("unknown")
    rows = page.locator("tbody tr").all()[:10]
    for row in rows:
        name = row.locator(".who > .v").inner_text()
        for flag in row.get_by_role("switch").all():
            expect(flag).to_have_accessible_name(re.compile(rf"^\w.* for {re.escape(name)}$"))


STOPS = """() => [...document.querySelectorAll("tbody :is(a, button, input)")]
  .filter((e) => e.tabIndex >= 0).length"""


def test_the_cells_are_one_stop_of_the_tab_key(admin_page: Page) -> None:
    page = admin_page
    page.goto(LISTED)
    page.locator("thead").locator("a, button").last.focus()
    page.keyboard.press("Tab")
    first = page.locator("tbody tr").first.locator(".who > .v")
    expect(first).to_be_focused()
    assert page.evaluate(STOPS) == 1
    for key in ("ArrowDown", "End", "ArrowLeft"):
        page.keyboard.press(key)
    held = page.evaluate("document.activeElement.value")
    second = page.locator("tbody tr").nth(1)
    assert second.locator(f'td:not(.who) > button[value="{held}"]').count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('tbody')") is None
    assert page.evaluate(STOPS) == 1
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.value") == held


def _flip(page: Page) -> None:
    page.get_by_role("switch", name=f"Audio for {NAME}").click()


@pytest.mark.complains("503|ERR_CONNECTION_REFUSED|htmx:error")
def test_what_happens_is_said_where_one_listens(admin_page: Page, live_app: Flask) -> None:
    page = admin_page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(LISTED)
    listener = Listener(page)
    _flip(page)
    listener.hears(f"Audio is on for {NAME}.")
    page.get_by_role("checkbox", name=f"Select {NAME}").click()
    listener.hears("1 selected")
    page.keyboard.press("c")
    listener.hears(f"Copied: {ENTRY}")
    with raising(live_app, "entry_editing.flip", BusyError("another write takes long")):
        _flip(page)
        listener.hears("Another write takes long")
    page.route("**/entries/flip", lambda route: route.abort("connectionrefused"))
    _flip(page)
    listener.hears("The server could not be reached. Nothing was changed.")
    page.goto("/catalog")
    listener = Listener(page)
    page.keyboard.press("Control+k")
    page.keyboard.type("claude")
    listener.hears("results")


@pytest.mark.parametrize("path", ["/catalog", "/provider-models"])
def test_how_many_were_found_is_said_where_one_listens(admin_page: Page, path: str) -> None:
    page = admin_page
    page.goto(path)
    everything = page.locator(".count").inner_text()
    listener = Listener(page)
    page.get_by_role("searchbox", name="Search", exact=True).fill("haiku")
    listener.hears("found")
    page.get_by_role("link", name="Clear all").click()
    listener.hears(everything)


@pytest.mark.usefixtures("filled")
def test_what_is_decided_is_said_where_one_listens(admin_page: Page) -> None:
    page = admin_page
    page.goto("/review")
    waiting = page.locator("tbody tr").count()
    listener = Listener(page)
    page.get_by_role("button", name="Reject: ").first.click()
    listener.hears("Rejected: 1 item.")
    listener.hears(f"{waiting - 1} items waiting")


def _type(selector: str, text: str) -> Callable[[Locator], Locator]:
    def fill_in(editor: Locator) -> Locator:
        wrong = editor.locator(selector)
        wrong.fill(text)
        return wrong

    return fill_in


def _price(editor: Locator) -> Locator:
    editor.locator("[name=unit]").last.select_option("per_image")
    return _type("[name=amount] >> nth=-1", "much")(editor)


WRONG: dict[str, tuple[str, str, Callable[[Locator], Locator], str]] = {
    "number": (LISTED, "context_length", _type("#editor-value", "many"), "whole number"),
    "text": (LISTED, "family", _type("#editor-value", "x" * 300), "at most 255"),
    "list": (LISTED, "tags", _type("#editor-value", "x" * 300), "at most 255"),
    "JSON": (LISTED, "extras", _type("#editor-value", "{"), "is not JSON"),
    "default": (LISTED, "supported_parameters", _type("[name=default]", "hot"), "number"),
    "parameter": (LISTED, "supported_parameters", _type("#editor-more", "x" * 300), "at most"),
    "modality": (LISTED, "architecture", _type("#editor-modality", "x" * 300), "at most 255"),
    "list of modalities": (
        *(LISTED, "architecture"),
        *(_type("[name=output_modalities_more]", "x" * 300), "at most 255"),
    ),
    "price": (MODELS, "pricing", _price, "amount of dollars"),
    "limit": (MODELS, "token_limits", _type("#editor-context_length", "many"), "whole number"),
    "second limit": (
        *(MODELS, "token_limits"),
        *(_type("#editor-max_completion_tokens", "9" * 16), "10\\^15"),
    ),
    "reference": (MODELS, "instruct_model_public_id", _type("#editor-value", "none"), "names no"),
}


@pytest.mark.parametrize("kind", list(WRONG))
def test_what_is_wrong_is_said_of_the_input_that_is_wrong(
    admin_page: Page, live_app: Flask, kind: str
) -> None:
    page = admin_page
    path, field, fill_in, problem = WRONG[kind]
    with live_app.app_context():
        given = {"supported_parameters": {"names": ["top_p"], "default": {"top_p": 1}}}
        edit_record(db.session(), SYSTEM, "entry", ENTRY, given)
    page.goto(f"{path}&columns={field}")
    row = f'tr[data-public-id="{ENTRY}"]' if path == LISTED else "tbody tr"
    page.locator(f'{row} [data-field="{field}"] > button').first.click()
    wrong = fill_in(page.locator("#editor"))
    expect(wrong).not_to_have_attribute("aria-invalid", "true")
    page.locator("#editor").get_by_role("button", name="Save").click()
    expect(page.locator("#editor").get_by_role("alert")).to_be_visible()
    expect(wrong).to_have_attribute("aria-invalid", "true")
    expect(wrong).to_have_accessible_description(re.compile(problem))
    expect(wrong).to_be_focused()


# What opens it, what it is called, and the key that leads into it: into a panel one tabs.
DIALOGS = {
    "search": ("Search everything", "Search everything", ""),
    "keys": ("Keyboard shortcuts", "Keyboard", ""),
    "columns": ("Columns", "Columns", "Tab"),
    "views": ("Views", "Views", "Tab"),
}


@pytest.mark.parametrize("dialog", list(DIALOGS))
def test_a_dialog_has_a_name_takes_the_focus_and_gives_it_back(
    admin_page: Page, dialog: str
) -> None:
    page = admin_page
    opener, name, key = DIALOGS[dialog]
    page.goto(LISTED)
    button = page.get_by_role("button", name=opener, exact=True)
    button.focus()
    page.keyboard.press("Enter")
    opened = page.get_by_role("dialog", name=name, exact=True)
    expect(opened).to_be_visible()
    if key:
        page.keyboard.press(key)
    assert opened.evaluate("d => d.contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(opened).to_be_hidden()
    expect(button).to_be_focused()


# A flag's own address shows all of them: it serves scripts, which take its row from it.
LIST_OF_FLAGS, ONE_FLAG = "/feature-flags", re.compile(r"/feature-flags/\d+")


def test_every_page_has_a_title_one_heading_and_a_way_past_the_bar(
    admin_page: Page, filled: dict[str, list[str]]
) -> None:
    page = admin_page
    titles: dict[str, str] = {}
    for path in [path for paths in filled.values() for path in paths]:
        page.goto(path)
        place = path if "cell=" in path else path.partition("?")[0]
        place = LIST_OF_FLAGS if ONE_FLAG.fullmatch(place) else place
        title = page.title()
        assert title.endswith(" · Almanac"), path
        assert titles.setdefault(title, place) == place, f"{path} is called {title}"
        expect(page.locator("html")).to_have_attribute("lang", "en")
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.get_by_role("heading", level=1)).to_have_accessible_name(re.compile(r"\w"))
        page.get_by_role("link", name="Skip to the content").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("main")).to_be_focused()
