"""Feeds in the console: the table, a page each, the form, and what a change would bring."""

from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.feeds import BOUNDS
from app.core.guards import THRESHOLDS
from app.core.permissions import Role
from app.models import Batch, SyncItem, SyncRun, now
from app.queries.feeds import FeedRow, get_feed_row, list_feed_rows
from app.queries.runs import latest_runs
from app.services.feeds import add_feed, edit_feed
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, filler, make_feed, model, sync
from tests.support.people import actor_of, logged_in
from tests.web.html import Page, checked

ADMIN = actor_of(Role.ADMIN)
HTMX = {"HX-Request": "true"}
URL = "https://feeds.example.test/v1/models"


@pytest.fixture
def far(session: Session) -> str:
    """The address of the page of a feed with an address."""
    add_feed(session, ADMIN, "far", "openrouter", url=URL)
    return "/feeds/far"


@pytest.fixture
def two(session: Session, tmp_path: Path) -> Session:
    """Two feeds that differ about one model, the first of them the stronger."""
    for name, tools in (("strong", True), ("weak", False)):
        make_feed(session, name)
        sync(session, tmp_path, answer(filler(3) | {"gpt-x": model(tool_call=tools)}), name)
    edit_feed(session, ADMIN, "strong", {"priority": 10})
    edit_feed(session, ADMIN, "weak", {"priority": 20})
    return session


def row(session: Session, name: str = "far") -> FeedRow:
    session.rollback()
    return get_feed_row(session, name)


def form_of(page: Page, action: str) -> dict[str, Any]:
    """What the browser sends from the form as it is shown."""
    start = page.elements.index(page.one("form", action=action)) + 1
    inside = takewhile(lambda element: "form" in element.inside, page.elements[start:])
    sent: dict[str, Any] = {}
    chooser = ""
    for element in inside:
        name, value = element["name"], element["value"]
        if element.tag == "select":
            chooser = name
        elif element.tag == "option" and ("selected" in element.attributes or chooser not in sent):
            sent[chooser] = value
        elif element.tag == "input" and (
            element["type"] != "checkbox" or "checked" in element.attributes
        ):
            sent.setdefault(name, []).append(value)
    del sent["csrf_token"]
    return sent


def words(page: Page) -> str:
    return " ".join(page.one("main").text.split())


def opened(client: IsolatedClient, name: str, **changes: Any) -> dict[str, Any]:
    """The form of a feed as it is opened, and what somebody changes in it."""
    path = f"/feeds/{name}/edit"
    return form_of(checked(client.get(path).text), path) | changes


def buttons(page: Page) -> set[str]:
    return {form["action"] for form in page.all("form") if form["method"] == "post"} - {"/logout"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_the_pages_are_sound_for_every_role(app: Flask, far: str, role: Role) -> None:
    client = logged_in(app, role)
    for path in ("/feeds", far):
        page = checked(client.get(path).text)
        assert bool(buttons(page)) is (role is Role.ADMIN), path
    refused = 200 if role is Role.ADMIN else 403
    for path in ("/feeds/new", f"{far}/edit", f"{far}/delete"):
        response = client.get(path)
        assert response.status_code == refused
        if refused == 200:
            checked(response.text)
    for path in ("edit", "delete", "sync", "enabled"):
        if role is not Role.ADMIN:
            assert client.post(f"{far}/{path}").status_code == 403
    assert client.get("/feeds/none").status_code == 404


def test_an_empty_table_says_what_to_do(admin: IsolatedClient, viewer: IsolatedClient) -> None:
    assert checked(admin.get("/feeds").text).all("a", href="/feeds/new")
    assert not checked(viewer.get("/feeds").text).all("a", href="/feeds/new")


def test_the_table_says_how_each_feed_is(
    viewer: IsolatedClient, session: Session, far: str
) -> None:
    edit_feed(session, ADMIN, "far", {"mode": "review"})
    feed_id = row(session).id
    run = SyncRun(
        public_id="run_1",
        feed_id=feed_id,
        trigger="schedule",
        status="failed",
        actor_kind="system",
        actor="almanac",
        run_at=now(),
        created_at=now(),
        error="<b>gone</b>",
    )
    session.add(run)
    session.flush()
    for state in ("waiting", "waiting", "applied"):
        session.add(
            SyncItem(
                run_id=run.id,
                feed_id=feed_id,
                kind="updated",
                state=state,
                record_type="entry",
                record_id=1,
                name="x",
                created_at=now(),
            )
        )
    session.commit()
    page = checked(viewer.get("/feeds").text)
    cells = {c["data-field"]: c.text.strip() for c in page.all("td")}
    assert cells["waiting_count"] == "2"
    assert cells["last_success_at"] == "never"
    assert cells["next_run_at"] == "now"
    assert cells["enabled"] == "on"
    shown = viewer.get(far).text
    assert "&lt;b&gt;gone" in shown
    assert checked(shown).all("a", href="/sync-runs/run_1")


def test_a_feed_named_like_a_dialect_has_pages_too(admin: IsolatedClient, session: Session) -> None:
    for name in ("openai", "openrouter", "models.dev", "litellm"):
        add_feed(session, ADMIN, name, "models_dev")
        assert admin.get(f"/feeds/{name}/edit").status_code == 200
        response = admin.post(f"/feeds/{name}/enabled", data={"enabled": "false"})
        assert response.status_code == 303
        assert row(session, name).enabled is False


def test_a_feed_is_made_by_form(admin: IsolatedClient, session: Session) -> None:
    page = checked(admin.get("/feeds/new").text)
    sent = form_of(page, "/feeds/new")
    sent |= {"name": "far", "kind": "openrouter", "url": URL, "reason": "wanted"}
    response = admin.post("/feeds/new", data=sent)
    assert (response.status_code, response.location) == (303, "/feeds/far")
    there = row(session)
    assert (there.url, there.interval_minutes, there.enabled) == (URL, 60, True)
    batch = session.scalars(select(Batch).where(Batch.kind == "feed")).one()
    assert batch.reason == "wanted"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "No"}, "name"),
        ({"kind": ""}, "kind"),
        ({"url": "ftp://a"}, "url"),
        ({"path": "/nowhere/at/all"}, "path"),
        ({"priority": "high"}, "priority"),
        ({"interval_minutes": "1"}, "interval_minutes"),
        ({"provider": "prov_none"}, "provider"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(
    admin: IsolatedClient, session: Session, changes: dict[str, str], field: str
) -> None:
    sent = {"name": "far", "kind": "openrouter", "mode": "auto", "enabled": "y"} | changes
    response = admin.post("/feeds/new", data=sent)
    assert response.status_code == 422
    page = checked(response.text)
    assert page.one("p", id=f"{field}-problem").text
    kept = [e for e in page.all("input") + page.all("select") if e["name"] == field]
    assert [e["aria-invalid"] for e in kept] == ["true"]
    if field not in ("kind", "provider"):
        assert kept[0]["value"] == changes[field], "what was typed stays"
    assert list_feed_rows(session) == []


def test_a_name_that_is_taken_is_refused(admin: IsolatedClient, far: str) -> None:
    sent = {"name": "far", "kind": "openrouter", "mode": "auto"}
    assert admin.post("/feeds/new", data=sent).status_code == 409


def test_a_form_that_is_saved_as_it_was_opened_changes_nothing(
    admin: IsolatedClient, session: Session, far: str
) -> None:
    guards = {"price_factor": 2.5, "price_zero": 0, "context_drop": 10}
    edit_feed(session, ADMIN, "far", {"guards": guards, "trusted_fields": ["family"]})
    before = row(session)
    response = admin.post(f"{far}/edit", data=opened(admin, "far"))
    assert (response.status_code, response.location) == (303, far)
    assert row(session) == before


def test_settings_are_changed_by_form(admin: IsolatedClient, session: Session, far: str) -> None:
    changes = {
        "mode": "review",
        "interval_minutes": "",
        "guard_price_factor": "7",
        "reason": "calm",
        "minimum_share": "50",
        "guard_price_zero": [],
    }
    response = admin.post(f"{far}/edit", data=opened(admin, "far", **changes))
    assert response.status_code == 303
    there = row(session)
    assert (there.mode, there.interval_minutes, there.minimum_share) == ("review", None, 50)
    assert there.guards == {"price_factor": 7, "price_zero": 0}
    history = checked(admin.get(far).text)
    assert "calm" in words(history)


def test_a_wrong_guard_is_named(admin: IsolatedClient, session: Session, far: str) -> None:
    before = row(session)
    sent = opened(admin, "far", guard_price_factor="0", mode="review")
    response = admin.post(f"{far}/edit", data=sent)
    assert response.status_code == 422
    assert (
        "price_factor must be a number" in checked(response.text).one("p", id="guards-problem").text
    )
    assert row(session) == before


def test_the_form_has_a_field_for_every_setting(admin: IsolatedClient, far: str) -> None:
    names = {
        e["name"]
        for tag in ("input", "select")
        for e in checked(admin.get(f"{far}/edit").text).all(tag)
    }
    assert names >= {f"guard_{name}" for name in THRESHOLDS} | set(BOUNDS)
    assert names >= {"name", "url", "path", "provider", "mode", "enabled"}
    assert names >= {"trusted_fields", "trusted_model_fields"}


def test_settings_changed_meanwhile_are_shown_and_saved_only_on_purpose(
    admin: IsolatedClient, session: Session, far: str
) -> None:
    sent = opened(admin, "far", mode="review")
    edit_feed(session, ADMIN, "far", {"minimum_share": 40})
    response = admin.post(f"{far}/edit", data=sent)
    assert response.status_code == 409
    page = checked(response.text)
    assert "Somebody changed this feed" in words(page)
    assert row(session).mode == "auto"
    again = admin.post(f"{far}/edit", data=form_of(page, f"{far}/edit"))
    assert again.status_code == 303
    assert row(session).mode == "review"


def test_what_would_change_is_shown_before_and_done_when_confirmed(
    admin: IsolatedClient, two: Session
) -> None:
    response = admin.post("/feeds/weak/edit", data=opened(admin, "weak", priority="5"))
    assert response.status_code == 200
    page = checked(response.text)
    assert page.all("a", href="/catalog/openai/gpt-x")
    assert "1 value in force becomes another" in words(page)
    assert row(two, "weak").priority == 20
    assert entry(two, "openai/gpt-x").supports_tools is True
    sent = form_of(page, "/feeds/weak/edit")
    confirmed = admin.post("/feeds/weak/edit", data=sent)
    assert (confirmed.status_code, confirmed.location) == (303, "/feeds/weak")
    assert row(two, "weak").priority == 5
    found = entry(two, "openai/gpt-x")
    assert (found.supports_tools, found.manual_fields) == (False, [])
    shown = checked(admin.get("/feeds/weak").text)
    undo = next(f["action"] for f in shown.all("form") if f["action"].startswith("/batches/"))
    assert admin.post(undo).status_code == 303
    assert entry(two, "openai/gpt-x").supports_tools is True


def test_from_the_preview_one_gets_back_to_the_form(admin: IsolatedClient, two: Session) -> None:
    sent = opened(admin, "weak", priority="5", trusted_fields=["family"])
    page = checked(admin.post("/feeds/weak/edit", data=sent).text)
    back = form_of(page, "/feeds/weak/edit") | {"back": "1"}
    form = form_of(checked(admin.post("/feeds/weak/edit", data=back).text), "/feeds/weak/edit")
    assert (form["priority"], form["trusted_fields"]) == (["5"], ["family"])
    assert row(two, "weak").priority == 20


def test_a_confirmation_of_what_is_no_longer_so_asks_again(
    admin: IsolatedClient, two: Session
) -> None:
    page = checked(admin.post("/feeds/weak/edit", data=opened(admin, "weak", priority="5")).text)
    tools = {"supports_tools": True}
    edit_record(two, ADMIN, "entry", "openai/gpt-x", tools, default_protection="fields")
    response = admin.post("/feeds/weak/edit", data=form_of(page, "/feeds/weak/edit"))
    assert response.status_code == 409
    again = checked(response.text)
    assert "look again" in words(again)
    assert row(two, "weak").priority == 20
    confirmed = admin.post("/feeds/weak/edit", data=form_of(again, "/feeds/weak/edit"))
    assert confirmed.status_code == 303
    assert row(two, "weak").priority == 5
    assert entry(two, "openai/gpt-x").supports_tools is True


def test_a_feed_is_switched_off_and_on(admin: IsolatedClient, session: Session, far: str) -> None:
    off = admin.post(f"{far}/enabled", data={"enabled": "false", "back": far}, headers=HTMX)
    assert off.headers["HX-Trigger"] == "almanac:changed"
    assert (row(session).enabled, row(session).next_run_at) == (False, None)
    on = admin.post(f"{far}/enabled", data={"enabled": "true", "back": far})
    assert (on.status_code, on.location) == (303, far)
    assert row(session).next_run_at is not None
    assert admin.post(f"{far}/enabled", data={"enabled": "maybe"}).status_code == 400
    assert admin.get("/feeds", headers=HTMX).text.lstrip().startswith("<section id=")
    assert admin.get(far, headers=HTMX).text.lstrip().startswith("<div id=")


def test_a_run_is_asked_for_and_shown(admin: IsolatedClient, session: Session, far: str) -> None:
    response = admin.post(f"{far}/sync", data={"dry_run": "true"})
    session.rollback()
    run = latest_runs(session, row(session).id)[0]
    assert (response.status_code, response.location) == (303, f"/sync-runs/{run.public_id}")
    assert (run.dry_run, run.trigger, run.actor) == (True, "console", ADMIN.name)
    other = admin.post(f"{far}/sync")
    assert (other.status_code, other.location) == (303, far), "another kind of run is under way"
    assert "under way" in admin.get(far).text
    assert admin.post("/feeds/none/sync").status_code == 404


def test_a_removed_feed_comes_back_with_undo(admin: IsolatedClient, two: Session) -> None:
    page = checked(admin.get("/feeds/weak/delete").text)
    assert "4 entries and 4 provider models" in words(page)
    response = admin.post("/feeds/weak/delete", data={"reason": "too wrong"})
    assert (response.status_code, response.location) == (303, "/feeds")
    shown = checked(admin.get("/feeds").text)
    assert [r.name for r in list_feed_rows(two)] == ["strong"]
    undo = next(f["action"] for f in shown.all("form") if f["action"].startswith("/batches/"))
    admin.post(undo)
    two.rollback()
    assert [r.name for r in list_feed_rows(two)] == ["strong", "weak"]
