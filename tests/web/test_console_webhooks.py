"""Webhooks in the console: the list, a page each, the form, and what the buttons do."""

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.events import EVENTS
from app.core.permissions import Role
from app.models import db
from app.queries.webhooks import list_webhooks
from app.services.deliveries import deliver_due
from app.services.transaction import writing
from tests.support.client import IsolatedClient
from tests.support.people import logged_in
from tests.support.webhooks import (
    SECRET,
    VAULT,
    make_delivery,
    make_webhook,
    messages,
    receiving,
)
from tests.web.html import checked

URL = "https://hooks.example/services/secret-path"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def hook(session: Session) -> str:
    """The address of the page of a webhook with messages in every state."""
    with writing(session) as open_session:
        webhook_id = make_webhook(
            open_session, URL, public_id="hook_1", description="On call", events=["sync.failed"]
        )
        for number, (state, attempts) in enumerate(
            [("delivered", 1), ("failed", 10), ("pending", 0), ("pending", 2)], 1
        ):
            make_delivery(
                open_session,
                webhook_id,
                public_id=f"msg_{number}",
                state=state,
                attempts=attempts,
                last_status=500 if attempts > 1 else None,
                last_error="the answer was 500 <b>" if attempts > 1 else None,
                response="<script>alert(1)</script>" if attempts > 1 else None,
                next_attempt_at=10**10 if attempts == 2 else 0,
            )
    return "/webhooks/hook_1"


def sent(**changes: Any) -> dict[str, Any]:
    return {"url": URL, "events": ["sync.failed", "sync.held"], "active": "y"} | changes


def rows(session: Session) -> list[Any]:
    session.rollback()
    return list(list_webhooks(session))


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, None])
def test_only_admins_come_in(app: Flask, hook: str, session: Session, role: Role | None) -> None:
    client = logged_in(app, role) if role else app.test_client()
    status = 403 if role else 303
    for path in ("/webhooks", "/webhooks/new", hook, f"{hook}/edit", f"{hook}/delete"):
        assert client.get(path).status_code == status
    for path in ("new", "hook_1/edit", "hook_1/active", "hook_1/secret", "hook_1/delete"):
        assert client.post(f"/webhooks/{path}", data=sent()).status_code in (status, 400)
    for path in ("test", "deliveries/msg_1/send-again"):
        assert client.post(f"{hook}/{path}").status_code in (status, 400)
    assert [(r.url, r.active, r.version) for r in rows(session)] == [(URL, True, 1)]
    assert [m.state for m in messages(session)] == ["delivered", "failed", "pending", "pending"]
    if role:
        assert 'href="/webhooks"' not in client.get("/").text


def test_the_pages_are_sound(admin: IsolatedClient, hook: str) -> None:
    for path in (
        *("/webhooks", "/webhooks/new", hook, f"{hook}/edit", f"{hook}/delete"),
        *(f"{hook}/secret", f"{hook}?state=failed", f"{hook}?state=pending&before=msg_4"),
    ):
        answer = admin.get(path)
        assert answer.status_code == 200, path
        checked(answer.text)
        assert SECRET not in answer.text
        assert "<script>alert" not in answer.text
    assert 'href="/webhooks"' in admin.get("/").text


def test_an_empty_list_says_what_webhooks_are_for(admin: IsolatedClient) -> None:
    page = checked(admin.get("/webhooks").text)
    assert [e.text for e in page.all("h2")] == ["No webhook yet"]


def test_a_webhook_is_added_and_its_secret_shown_once(
    admin: IsolatedClient, session: Session
) -> None:
    answer = admin.post("/webhooks/new", data=sent(description="On call", reason="night shift"))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    page = checked(answer.text)
    [field] = page.all("input", id="new-secret")
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", field["value"])
    [row] = rows(session)
    assert (row.description, row.events) == ("On call", ["sync.failed", "sync.held"])
    assert field["value"] not in admin.get(f"/webhooks/{row.public_id}").text
    assert field["value"] not in admin.get("/changes").text
    assert "secret-path" not in admin.get("/changes").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "mailto:a@b.example"}, "url"),
        ({"url": "https://user:secret@hooks.example"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["all of them"]}, "events"),
        ({"description": "x" * 300}, "description"),
    ],
)
def test_wrong_input_is_shown_where_it_was_typed(
    admin: IsolatedClient, hook: str, session: Session, changes: dict[str, Any], field: str
) -> None:
    for path in ("/webhooks/new", f"{hook}/edit"):
        answer = admin.post(path, data=sent(**changes))
        assert answer.status_code == 422
        page = checked(answer.text)
        assert page.all("p", id=f"{field}-problem")
        if field != "events":
            typed = page.all("input", name=field)[0]
            assert typed["value"] == changes[field]
            assert typed["aria-invalid"] == "true"
    assert [(r.url, r.version) for r in rows(session)] == [(URL, 1)]


def test_a_webhook_is_edited_undone_and_not_overwritten(
    admin: IsolatedClient, hook: str, session: Session
) -> None:
    form = checked(admin.get(f"{hook}/edit").text)
    ticked = [e["value"] for e in form.all("input", name="events") if "checked" in e.attributes]
    assert ticked == ["sync.failed"]
    assert len(form.all("input", name="events")) == len(EVENTS)
    version = form.all("input", name="version")[0]["value"]
    edit = sent(version=version, description="Night", active="")
    answer = admin.post(f"{hook}/edit", data=edit)
    assert (answer.status_code, answer.location) == (303, hook)
    assert (rows(session)[0].description, rows(session)[0].active) == ("Night", False)
    late = admin.post(f"{hook}/edit", data=sent(version=version, description="Day"))
    assert late.status_code == 409
    assert "Somebody changed this webhook" in late.text
    again = checked(late.text).all("input", name="version")[0]["value"]
    assert admin.post(f"{hook}/edit", data=sent(version=again)).status_code == 303
    page = checked(admin.get(hook).text)
    undo = next(e["action"] for e in page.all("form") if e["action"].startswith("/batches/"))
    assert admin.post(undo, data={"back": hook}).status_code == 303
    assert rows(session)[0].active is False


def test_the_switch_works_with_and_without_javascript(
    admin: IsolatedClient, hook: str, session: Session
) -> None:
    answer = admin.post(f"{hook}/active", data={"active": "false", "back": "/webhooks"})
    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert rows(session)[0].active is False
    answer = admin.post(f"{hook}/active", data={"active": "true"}, headers=HTMX)
    assert answer.headers["HX-Trigger"] == "almanac:changed"
    assert rows(session)[0].active is True
    assert admin.post(f"{hook}/active", data={"active": "maybe"}).status_code == 400
    assert admin.post("/webhooks/hook_none/active", data={"active": "true"}).status_code == 404


def test_a_new_secret_and_the_end_are_asked_for_first(
    admin: IsolatedClient, hook: str, session: Session
) -> None:
    answer = admin.post(f"{hook}/secret", data={"reason": "leaked"})
    assert answer.status_code == 200
    [field] = checked(answer.text).all("input", id="new-secret")
    assert field["value"] != SECRET
    assert rows(session)[0].secret_hint == field["value"][-4:]
    assert "cannot be undone" in admin.get(f"{hook}/delete").text
    answer = admin.post(f"{hook}/delete")
    assert (answer.status_code, answer.location) == (303, "/webhooks")
    assert (rows(session), messages(session)) == ([], [])
    assert admin.get(hook).status_code == 404


def test_the_log_says_what_became_of_every_message(admin: IsolatedClient, hook: str) -> None:
    page = checked(admin.get(hook).text)
    log = [e["id"] for e in page.all("li") if "hook-message" in e["class"]]
    assert len(log) == 4
    # The first summary is that of the menu, the last one that of the commands.
    said = [e.text.split()[0] for e in page.all("summary")[1:-1]]
    assert said == ["trying", "waiting", "failed", "delivered"]
    failed = checked(admin.get(f"{hook}?state=failed").text)
    assert [e.text.split()[0] for e in failed.all("summary")[1:-1]] == ["failed"]
    assert "the answer was 500" in failed.all("summary")[1].text
    for wrong in ("state=lost", "before=msg_x", "page=2"):
        assert admin.get(f"{hook}?{wrong}").status_code == 400
    assert admin.get(f"{hook}?before=msg_99").status_code == 404


def test_a_message_is_sent_again_and_a_test_message_sent(
    admin: IsolatedClient, hook: str, session: Session
) -> None:
    answer = admin.post(
        f"{hook}/deliveries/msg_2/send-again", data={"back": f"{hook}?state=failed"}
    )
    assert (answer.status_code, answer.location) == (303, f"{hook}?state=failed")
    assert [m.state for m in messages(session)] == ["delivered", "pending", "pending", "pending"]
    assert admin.post(f"{hook}/deliveries/msg_9/send-again").status_code == 404
    assert admin.post("/webhooks/hook_2/deliveries/msg_2/send-again").status_code == 404
    assert admin.post(f"{hook}/test").status_code == 303
    assert messages(session)[-1].event == "webhook.test"
    admin.post(f"{hook}/active", data={"active": "false"})
    count = len(messages(session))
    for path in ("test", "deliveries/msg_2/send-again"):
        refused = admin.post(f"{hook}/{path}", headers=HTMX)
        assert refused.status_code == 409
        assert "switched off" in refused.text
    assert len(messages(session)) == count


def test_a_test_message_really_arrives(admin: IsolatedClient, session: Session) -> None:
    with receiving((200, {}, b"hello")) as receiver:
        admin.post("/webhooks/new", data=sent(url=receiver.url))
        page = f"/webhooks/{rows(session)[0].public_id}"
        admin.post(f"{page}/test")
        deliver_due(db.session, VAULT, allow_private=True, holder="test")
        assert len(receiver.got) == 1
        assert "hello" in admin.get(page).text
