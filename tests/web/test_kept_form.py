"""A session that ends in the middle of an edit: what was sent without JavaScript is not lost."""

import re
from html import unescape

import pytest
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.web.kept_form import read_kept
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.people import PASSWORD, email_of, ensure_user

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
OURS = {"Origin": "http://localhost"}


def hidden(html: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in HIDDEN.findall(html)}


def test_what_was_sent_is_sent_after_the_login(client: IsolatedClient, session: Session) -> None:
    ensure_user(Role.EDITOR)
    entry = make_entry(session, family="before")
    path = f"/entries/{entry.id}/fields/family"
    sent = {"value": "after <all>", "opened": '"before"', "reason": "we know", "view": "entry"}
    answer = client.post(path, data=sent, headers=OURS)
    assert answer.status_code == 401
    assert "What you wrote is kept" in answer.text
    form = hidden(answer.text) | {"email": email_of(Role.EDITOR), "password": "wrong"}
    refused = client.post("/login", data=form)
    assert refused.status_code == 422
    form = hidden(refused.text) | {"email": email_of(Role.EDITOR), "password": PASSWORD}
    offered = client.post("/login", data=form)
    assert offered.status_code == 200
    assert "after &lt;all&gt;" in offered.text
    assert f'action="{path}"' in offered.text
    assert entry.family == "before"
    done = client.post(path, data=hidden(offered.text))
    assert done.status_code == 303
    session.refresh(entry)
    assert entry.family == "after <all>"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
def test_what_another_site_sent_is_not_kept(
    client: IsolatedClient, headers: dict[str, str]
) -> None:
    answer = client.post("/entries/1/fields/family", data={"value": "x"}, headers=headers)
    assert answer.status_code == 303
    assert answer.location == "/login"


def test_no_secret_is_written_into_the_page(client: IsolatedClient) -> None:
    sent = {"email": "new@example.org", "password": "hunter2hunter2", "api_key": "sk-hunter2"}
    answer = client.post("/users", data=sent, headers=OURS)
    assert answer.status_code == 401
    assert "new@example.org" in answer.text
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "{", '["//evil.example/x", []]', '["https://evil.example", []]'),
        *(
            '["/logout", []]',
            '["/login?x", []]',
            '["/users", 5]',
            '["/users", [["a"]]]',
            "9" * 9999,
        ),
    ],
)
def test_what_we_did_not_write_is_not_kept(text: str) -> None:
    assert read_kept(text) is None


def test_a_forged_token_or_secret_is_not_carried() -> None:
    kept = read_kept('["/users", [["csrf_token", "x"], ["password", "y"], ["email", "z"]]]')
    assert kept is not None
    assert kept.fields == (("email", "z"),)


def test_a_page_that_is_open_gets_the_login_and_then_a_token(client: IsolatedClient) -> None:
    ensure_user_in(client)
    htmx = {"HX-Request": "true", "HX-Request-Type": "partial"}
    asked = client.get("/login", headers=htmx)
    assert "You were logged out" in asked.text
    assert "<html" not in asked.text
    form = hidden(asked.text) | {"email": email_of(Role.EDITOR), "password": PASSWORD}
    answer = client.post("/login", data=form, headers=htmx)
    assert answer.status_code == 204
    assert answer.headers["X-Almanac-User"] == email_of(Role.EDITOR)
    fresh = answer.headers["X-CSRFToken"]
    done = client.post("/logout", headers={"X-CSRFToken": fresh})
    assert done.status_code == 303
    assert client.post("/logout", headers={"X-CSRFToken": form["csrf_token"]}).status_code == 400


def ensure_user_in(client: IsolatedClient) -> None:
    with client.application.app_context():
        ensure_user(Role.EDITOR)
