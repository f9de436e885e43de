"""The review queue and sync runs in a real browser: keyboard, many at once, progress, themes."""

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from app.models import SyncItem, SyncRun, db, now
from tests.support.axe import violations
from tests.support.feeds import answer, filler, make_feed, model, sync
from tests.support.syncs import make_feed as bare_feed
from tests.support.syncs import make_run


@pytest.fixture
def held(live_app: Flask, tmp_path: Path) -> None:
    """Five contexts that were cut, an answer that is held as a whole, a run under way."""
    with live_app.app_context():
        session = db.session()
        make_feed(session, "reseller")
        models = {
            f"model-{n}x": model(name=f"Model {n}", limit={"context": 200_000, "output": 4_000})
            for n in range(5)
        }
        sync(session, tmp_path, answer(models, "acme"), "reseller")
        for one in models.values():
            one["limit"] = {"context": 8_000, "output": 4_000}
        sync(session, tmp_path, answer(models, "acme"), "reseller")
        make_feed(session, "half")
        sync(session, tmp_path, answer(filler(10), "half"), "half")
        with pytest.raises(Exception, match="fewer than"):
            sync(session, tmp_path, answer(filler(2), "half"), "half")
        run = {"status": "running", "stage": "fetch", "finished_at": None, "counts": None}
        lease = {"holder": "elsewhere:1:1", "lease_until": now() + 600}
        make_run(session, bare_feed(session, name="slow"), **run, **lease)
        session.commit()


def count(app: Flask, state: str) -> int:
    with app.app_context():
        found = select(SyncItem.id).where(SyncItem.state == state, SyncItem.reason.is_not(None))
        return len(db.session.scalars(found).all())


def test_rows_are_decided_by_keyboard_alone(admin_page: Page, live_app: Flask, held: None) -> None:
    page = admin_page
    page.goto("/review?feed=reseller")
    before = count(live_app, "waiting")
    assert before == 10
    rows = page.locator("tr[data-review]")
    second = rows.nth(1).get_attribute("id")
    page.keyboard.press("j")
    expect(rows.first.get_by_role("button", name="Approve")).to_be_focused()
    page.keyboard.press("r")
    expect(page.get_by_role("status").filter(has_text="Rejected: 1 item.")).to_be_visible()
    expect(rows).to_have_count(9)
    expect(page.locator(f"#{second} button[name=approve]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("a")
    expect(page.get_by_role("status").filter(has_text="Approved: 1 item.")).to_be_visible()
    expect(rows).to_have_count(8)
    page.keyboard.press("u")
    expect(rows).to_have_count(9)
    assert count(live_app, "waiting") == 9


def test_all_that_match_are_approved_with_a_preview(
    admin_page: Page, live_app: Flask, held: None
) -> None:
    page = admin_page
    page.goto("/review?feed=reseller")
    page.get_by_label("Select all rows of this page").check()
    expect(page.locator("#bulk-count")).to_have_text("10 selected")
    page.get_by_role("button", name="Approve…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("10 items of 10 records will come into force")
    assert violations(page) == []
    dialog.get_by_role("button", name="Approve 10").press("Enter")
    expect(page.get_by_role("status").filter(has_text="Approved: 10 items.")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    assert count(live_app, "waiting") == 0


def test_a_held_answer_is_rejected_above_the_table(admin_page: Page, held: None) -> None:
    page = admin_page
    page.goto("/review")
    answer_held = page.locator(".held-run")
    expect(answer_held).to_contain_text("fewer than")
    answer_held.get_by_role("button", name="Reject").click()
    expect(
        page.get_by_role("status").filter(has_text="The answer of half is rejected")
    ).to_be_visible()
    expect(answer_held).to_have_count(0)


def test_progress_is_shown_until_the_run_has_ended(
    admin_page: Page, live_app: Flask, held: None
) -> None:
    page = admin_page
    page.goto("/sync-runs?status=running")
    page.get_by_role("link", name="Run of slow").click()
    expect(page.get_by_text("Fetching the answer")).to_be_visible()
    assert violations(page) == []
    with live_app.app_context():
        run = db.session.scalars(select(SyncRun).where(SyncRun.status == "running")).one()
        run.stage = "plan"
        db.session.commit()
        expect(page.get_by_text("Comparing with what is known")).to_be_visible()
        run = db.session.scalars(select(SyncRun).where(SyncRun.status == "running")).one()
        run.status, run.stage, run.finished_at = "applied", None, now()
        db.session.commit()
    expect(page.locator("#run-status")).to_have_text("applied")
    expect(page.locator('[hx-trigger="every 1s"]')).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_pages_are_accessible_and_fit(admin_page: Page, held: None, theme: str, width: int) -> None:
    page = admin_page
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/sync-runs?feed=half&status=held")
    run = page.get_by_role("link", name="Run of half").get_attribute("href")
    for path in ("/", "/review", "/review?state=rejected", "/sync-runs", str(run)):
        page.goto(path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
