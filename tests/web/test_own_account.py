"""`/account`: everybody changes the own password, and nobody else's."""

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Change, User
from app.services.users import authenticate
from tests.support.client import IsolatedClient
from tests.support.people import PASSWORD, email_of, logged_in
from tests.web.html import checked

NEW = "a better password"
FORM = {"current": PASSWORD, "password": NEW, "again": NEW}


@pytest.mark.parametrize("role", list(Role))
def test_everybody_changes_the_own_password(app: Flask, session: Session, role: Role) -> None:
    here, elsewhere = logged_in(app, role), logged_in(app, role)
    page = checked(here.get("/account").text)
    assert page.one("a", href="/account")["class"] == "menu-item"
    answer = here.post("/account", data=FORM)
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "Your password is changed" in here.get("/account").text
    assert elsewhere.get("/account").status_code == 303
    assert authenticate(session, email_of(role), NEW)
    changes = session.execute(select(Change.record_type, Change.field, Change.old, Change.new))
    assert changes.all() == [("user", "password", None, None)]


@pytest.mark.parametrize(
    ("wrong", "field", "message"),
    [
        ({"current": "not my password"}, "current", "the current password is wrong"),
        ({"current": ""}, "current", "Enter your current password."),
        ({"password": "short", "again": "short"}, "password", "Use 8 characters or more."),
        ({"again": "something else"}, "again", "not the same"),
        ({"again": ""}, "again", "not the same"),
    ],
    ids=str,
)
def test_a_wrong_form_comes_back_and_changes_nothing(
    viewer: IsolatedClient, session: Session, wrong: dict[str, str], field: str, message: str
) -> None:
    before = session.scalars(select(User.password_hash)).one()
    answer = viewer.post("/account", data=FORM | wrong)
    assert answer.status_code == 422
    page = checked(answer.text)
    assert message in page.one("div", id=f"{field}-error").text
    assert PASSWORD not in answer.text
    assert NEW not in answer.text
    session.rollback()
    assert session.scalars(select(User.password_hash)).one() == before


@pytest.mark.engines("sqlite")
def test_the_current_password_is_not_guessed_at_forever(viewer: IsolatedClient) -> None:
    for _ in range(10):
        assert viewer.post("/account", data=FORM | {"current": ""}).status_code == 422
    assert viewer.post("/account", data=FORM).status_code == 429


@pytest.mark.engines("sqlite")
def test_nobody_has_no_account(client: IsolatedClient) -> None:
    assert client.get("/account").location == "/login?next=/account"
    assert client.post("/account", data=FORM).location == "/login"
