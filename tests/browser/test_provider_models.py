"""A person works in the table of provider models: the whole way in a real browser."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from app.core.permissions import SYSTEM
from app.models import Provider, ProviderModel, db
from app.services.records import edit_record, edit_records
from tests.support.axe import violations
from tests.support.browser import SIDEWAYS, show_in
from tests.support.people import PASSWORD

PROVIDER, RAW_ID = "anthropic", "claude-sonnet-4-5"
EDITORS = ("model_display_name", "category", "model_order_number", "pricing", "token_limits")


@pytest.fixture
def models(live_app: Flask) -> list[tuple[int, str]]:
    """Row id and public id of four models of one provider, in the category chat, numbered."""
    with live_app.app_context():
        session = db.session()
        statement = (
            select(ProviderModel.id, ProviderModel.public_id)
            .join(Provider, Provider.id == ProviderModel.provider_id)
            .where(Provider.feed_key == PROVIDER)
            .order_by(ProviderModel.raw_id != RAW_ID, ProviderModel.id)
            .limit(4)
        )
        found = [(row[0], row[1]) for row in session.execute(statement)]
        numbers = enumerate(found, start=1)
        values = {pk: {"category": "chat", "model_order_number": 10 * n} for n, (pk, _) in numbers}
        edit_records(session, SYSTEM, "provider_model", values)
    return found


@pytest.fixture
def row(models: list[tuple[int, str]], admin_page: Page) -> Locator:
    """The row of the first of them, in the table filtered to their category."""
    admin_page.goto("/provider-models?category=chat")
    return admin_page.locator(f"#provider-model-{models[0][0]}")


def _button(row: Locator, field: str) -> Locator:
    return row.locator(f'[data-field="{field}"] > button[name]')


def _order(page: Page) -> list[int]:
    ids = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    return [int(one.rpartition("-")[2]) for one in ids]


def test_a_price_is_edited_by_keyboard_and_undone(row: Locator, admin_page: Page) -> None:
    page = admin_page
    before = _button(row, "pricing").inner_text()
    _button(row, "pricing").focus()
    page.keyboard.press("Enter")
    amount = page.get_by_label("Dollars of price 1")
    expect(amount).to_be_focused()
    page.keyboard.type("-1")
    page.keyboard.press("Enter")
    expect(page.locator("#price-problem-1")).to_contain_text("must not be negative")
    expect(amount).to_be_focused()
    amount.fill("0.0375")
    expect(page.locator("#price-exact-1")).to_have_text("per million = 37.5 µ$ per 1k tokens")
    page.get_by_role("button", name="Add a price").focus()
    page.keyboard.press("Enter")
    last = page.locator("[data-line]").count()
    expect(page.get_by_label(f"Unit of price {last}")).to_be_focused()
    page.get_by_label(f"Unit of price {last}").select_option("Image")
    page.keyboard.press("Tab")
    page.keyboard.type("0")
    expect(page.locator(f"#price-exact-{last}")).to_have_text("free")
    page.keyboard.press("Enter")
    expect(_button(row, "pricing")).to_contain_text("0.0375")
    expect(_button(row, "pricing")).to_be_focused()
    expect(row.locator('[data-field="pricing"]')).to_have_attribute("data-manual", "true")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(_button(row, "pricing")).to_have_text(before)
    expect(row.locator('[data-field="pricing"]')).to_have_attribute("data-manual", "false")


def test_an_instruct_model_is_searched_and_picked(row: Locator, admin_page: Page) -> None:
    page = admin_page
    _button(row, "instruct_model_public_id").click()
    field = page.get_by_role("combobox", name="Instruct model")
    expect(field).to_be_focused()
    page.keyboard.type("haiku")
    options = page.get_by_role("listbox").get_by_role("option")
    expect(options.first).to_contain_text("Anthropic")
    assert violations(page, within="#editor") == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    chosen = options.nth(1).get_attribute("data-value") or ""
    page.keyboard.press("Enter")
    expect(field).to_have_value(chosen)
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(_button(row, "instruct_model_public_id")).to_have_text(chosen)
    _button(row, "instruct_model_public_id").click()
    field.fill("pmdl_nobody")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("names no provider model")


def test_rows_are_put_in_order_by_dragging_and_by_keys(
    models: list[tuple[int, str]], admin_page: Page
) -> None:
    page = admin_page
    first, second, third, last = ids = [pk for pk, _ in models]
    page.goto("/provider-models?category=chat&sort=model_order_number&order=asc")
    assert _order(page) == ids

    handle = page.locator(f"#provider-model-{last} [data-handle]")
    handle.hover()
    page.mouse.down()
    box = page.locator(f"#provider-model-{first}").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 10, steps=5)
    expect(page.locator(f"#provider-model-{first}")).to_have_class(re.compile("drop-before"))
    page.mouse.up()
    said = page.get_by_role("status")
    expect(said.filter(has_text="is number 1 of 4 in chat")).to_be_visible()
    expect(page.locator("tbody tr").first).to_have_id(f"provider-model-{last}")
    assert _order(page) == [last, first, second, third]

    handle.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(said.filter(has_text="is number 2 of 4 in chat")).to_be_visible()
    expect(page.locator("tbody tr").first).to_have_id(f"provider-model-{first}")
    expect(handle).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.locator("tbody tr").first).to_have_id(f"provider-model-{last}")
    expect(handle).to_be_focused()
    page.locator("#toasts").get_by_role("button", name="Undo").last.click()
    expect(page.locator("tbody tr").first).to_have_id(f"provider-model-{first}")


def test_two_browsers_at_once_are_asked(
    row: Locator, admin_page: Page, browser: Browser, base_url: str, models: list[tuple[int, str]]
) -> None:
    context = browser.new_context(base_url=base_url)
    other = context.new_page()
    other.goto("/login?next=/provider-models/" + models[0][1])
    other.get_by_label("E-mail").fill("editor@example.org")
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("button", name="Log in").click()
    _button(row, "category").click()
    admin_page.locator("#editor-value").fill("mine")
    other.locator('[data-field="category"] > button').click()
    other.locator("#editor-value").fill("theirs")
    other.keyboard.press("Enter")
    expect(other.locator('[data-field="category"] > button')).to_have_text("theirs")
    context.close()
    admin_page.keyboard.press("Enter")
    question = admin_page.get_by_role("alertdialog")
    expect(question).to_contain_text("theirs")
    question.get_by_text("Keep mine").click()
    expect(_button(row, "category")).to_have_text("mine")


def test_an_offer_is_switched_on_the_page_of_its_entry(
    models: list[tuple[int, str]], admin_page: Page
) -> None:
    page = admin_page
    page.goto(f"/catalog/{PROVIDER}/{RAW_ID}")
    switch = page.locator(f"#offer-switch-{models[0][0]}")
    before = switch.get_attribute("aria-checked")
    after = "false" if before == "true" else "true"
    switch.focus()
    page.keyboard.press("Space")
    expect(switch).to_have_attribute("aria-checked", after)
    expect(switch).to_be_focused()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(switch).to_have_attribute("aria-checked", str(before))


def test_an_order_is_made_without_scripts(
    live_app: Flask, browser: Browser, base_url: str, models: list[tuple[int, str]]
) -> None:
    context = browser.new_context(base_url=base_url, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"/login?next=/provider-models/{models[1][1]}")
    page.get_by_label("E-mail").fill("editor@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Move up").click()
    expect(page.get_by_text("is number 1 of 4 in chat")).to_be_visible()
    page.get_by_role("button", name="Undo", exact=True).first.click()
    expect(page.get_by_text("2 of 4 in chat")).to_be_visible()
    page.locator('[data-field="pricing"] > button').click()
    page.get_by_label("Dollars of price 1").fill("9,5")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#price-problem-1")).to_contain_text("no commas")
    page.get_by_label("Dollars of price 1").fill("9.5")
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[data-field="pricing"] > button')).to_contain_text("$9.50 per million")
    context.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_tables_editors_and_pages_are_accessible(
    admin_page: Page, live_app: Flask, models: list[tuple[int, str]], theme: str, width: int
) -> None:
    page, (pk, public_id) = admin_page, models[0]
    with live_app.app_context():
        edit_record(db.session(), SYSTEM, "provider_model", pk, {"token_limits": None})
    page.set_viewport_size({"width": width, "height": 844})
    show_in(page, theme)
    for path in (
        "/provider-models?category=chat&sort=model_order_number&order=asc",
        "/provider-models?search=zzzz",
        f"/provider-models/{public_id}",
    ):
        page.goto(path)
        assert violations(page) == [], path
        assert not page.evaluate(SIDEWAYS), f"{path} scrolls sideways"
    page.goto("/provider-models?category=chat")
    row = page.locator(f"#provider-model-{pk}")
    for field in EDITORS:
        _button(row, field).click()
        editor = page.locator("#editor")
        expect(editor).to_have_attribute("data-field-name", field)
        assert violations(page, within="#editor") == [], field
        box = editor.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= 844
        page.keyboard.press("Escape")
