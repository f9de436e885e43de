"""The pages for users and tokens."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Role
from app.models import Token, User
from app.services.tokens import create_token
from app.services.users import create_user
from app.web.permissions import current_settings
from tests.support.client import IsolatedClient

NEW = {"email": "new@example.org", "password": "long enough", "role": "editor"}


def test_an_admin_adds_a_user(admin: IsolatedClient, session: Session) -> None:
    answer = admin.post("/users", data=NEW)
    assert answer.status_code == 303
    page = admin.get("/users").text
    assert "new@example.org" in page
    assert "may log in now" in page
    assert session.scalar(select(User.role).where(User.email == NEW["email"])) == "editor"


@pytest.mark.parametrize(
    "wrong",
    [{"email": "nobody"}, {"email": ""}, {"password": "short"}, {"role": "root"}],
    ids=str,
)
def test_a_wrong_form_comes_back_with_what_is_wrong(
    admin: IsolatedClient, session: Session, wrong: dict[str, str]
) -> None:
    answer = admin.post("/users", data=NEW | wrong)
    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert "long enough" not in answer.text
    assert session.scalar(select(User.id).where(User.email == NEW["email"])) is None


def test_an_email_is_taken_once(admin: IsolatedClient) -> None:
    admin.post("/users", data=NEW)
    answer = admin.post("/users", data=NEW | {"email": "NEW@example.org"})
    assert answer.status_code == 422
    assert "there is a user new@example.org already" in answer.text


def test_an_admin_changes_what_a_user_may(admin: IsolatedClient, session: Session) -> None:
    user_id = create_user(session, SYSTEM, "u@example.org", "long enough", "viewer")
    steps = {"role": {"role": "editor"}, "active": {"active": "false"}}
    for path, form in steps.items():
        assert admin.post(f"/users/{user_id}/{path}", data=form).status_code == 303
    user = session.get_one(User, user_id)
    assert (user.role, user.active) == ("editor", False)
    before = user.password_hash
    form = {"password": "another one"}
    assert admin.post(f"/users/{user_id}/password", data=form).status_code == 303
    session.refresh(user)
    assert user.password_hash != before


def test_what_cannot_be_done_is_said(admin: IsolatedClient, session: Session) -> None:
    own = session.scalars(select(User.id).where(User.role == Role.ADMIN.value)).one()
    session.rollback()
    answer = admin.post(f"/users/{own}/role", data={"role": "viewer"})
    assert answer.status_code == 409
    assert "is the last active admin" in answer.text
    assert admin.post("/users/999/active", data={"active": "true"}).status_code == 404
    assert admin.post(f"/users/{own}/password", data={"password": "short"}).status_code == 400


def test_a_token_is_shown_once_and_works(
    admin: IsolatedClient, client: IsolatedClient, session: Session
) -> None:
    form = {"name": "billing", "role": "viewer", "days": "30"}
    answer = admin.post("/tokens", data=form)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    found = re.search(r"eyJ[\w.-]+", answer.text)
    assert found
    page = admin.get("/tokens").text
    assert "billing" in page
    assert found[0] not in page


@pytest.mark.parametrize("wrong", [{"days": "0"}, {"days": "x"}, {"name": ""}], ids=str)
def test_a_wrong_token_form_makes_none(
    admin: IsolatedClient, session: Session, wrong: dict[str, str]
) -> None:
    form = {"name": "billing", "role": "viewer", "days": "30"} | wrong
    answer = admin.post("/tokens", data=form)
    assert answer.status_code == 422
    assert session.scalar(select(Token.id)) is None


def test_a_token_is_revoked(admin: IsolatedClient, session: Session) -> None:
    create_token(session, SYSTEM, current_settings(), name="t", role="viewer")
    token = session.scalars(select(Token)).one()
    assert admin.post(f"/tokens/{token.id}/revoke").status_code == 303
    session.refresh(token)
    assert token.revoked_at is not None
    assert "revoked" in admin.get("/tokens").text
    assert admin.post("/tokens/999/revoke").status_code == 404


def test_what_people_type_is_shown_as_text(admin: IsolatedClient) -> None:
    form = {"name": "<script>alert(1)</script>", "role": "viewer", "days": "1"}
    assert "<script>alert" not in admin.post("/tokens", data=form).text
    assert "<script>alert" not in admin.get("/tokens").text
