"""The page of feature flags: added, edited in place, deleted, and who may."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import Change, FeatureFlag
from app.services.flags import create_flag
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.web.html import checked

HTMX = {"HX-Request": "true"}


@pytest.fixture
def flag_id(session: Session) -> int:
    return create_flag(session, SYSTEM, {"key": "beta/1 & <b>", "name": "Beta"}).id


def field(session: Session, flag_id: int, name: str) -> object:
    session.expire_all()
    return getattr(session.get_one(FeatureFlag, flag_id), name)


def test_the_page_shows_flags_and_who_requires_them(
    viewer: IsolatedClient, editor: IsolatedClient, session: Session, flag_id: int
) -> None:
    make_entry(session, requires_feature_flag="beta/1 & <b>")
    page = checked(editor.get("/feature-flags").text)
    row = page.one("tr", id=f"flag-{flag_id}")
    assert "1 entry" in row.text
    link = next(a for a in page.all("a") if "requires_feature_flag" in a["href"])
    assert "1 entry found" in " ".join(
        checked(editor.get(link["href"]).text).elements[0].text.split()
    )
    seen = checked(viewer.get("/feature-flags").text)
    assert [form["action"] for form in seen.all("form", method="post")] == ["/logout"]


def test_an_empty_page_says_what_to_do(editor: IsolatedClient) -> None:
    assert "No feature flag yet" in checked(editor.get("/feature-flags").text).elements[0].text


def test_a_flag_is_added(editor: IsolatedClient, session: Session) -> None:
    answer = editor.post("/feature-flags", data={"key": " new ", "name": "New", "description": ""})
    assert (answer.status_code, answer.location) == (303, "/feature-flags")
    page = checked(editor.get("/feature-flags").text)
    assert "The feature flag new is there now." in page.elements[0].text
    assert session.scalars(select(FeatureFlag.key)).all() == ["new"]


@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        ("", 422, "Enter a key."),
        ("a\tb", 422, "one line"),
        ("x" * 256, 422, "255"),
        ("beta/1 & <b>", 409, "already"),
    ],
)
def test_a_wrong_flag_is_refused_and_kept_in_the_form(
    editor: IsolatedClient, flag_id: int, key: str, status: int, said: str
) -> None:
    answer = editor.post("/feature-flags", data={"key": key, "name": "kept"})
    assert answer.status_code == status
    page = checked(answer.text)
    assert said in page.elements[0].text
    assert page.one("input", id="flag-name")["value"] == "kept"


def test_a_flag_is_edited_in_place(editor: IsolatedClient, session: Session, flag_id: int) -> None:
    path = f"/feature-flags/{flag_id}"
    page = checked(editor.get(f"{path}/edit").text)
    assert page.one("input", id=f"flag-{flag_id}-name")["value"] == "Beta"
    row = editor.get(f"{path}/edit", headers=HTMX).text
    assert row.strip().startswith("<tr")
    sent = {"name": "Gamma", "description": "two\nlines", "version": "1"}
    answer = editor.post(path, data=sent, headers=HTMX)
    assert answer.status_code == 200
    assert "Gamma" in answer.text
    assert "is saved" in answer.text
    assert field(session, flag_id, "description") == "two\nlines"
    checked(editor.get(path).text).one("tr", id=f"flag-{flag_id}")


def test_an_editor_that_is_out_of_date_shows_both(
    editor: IsolatedClient, session: Session, flag_id: int
) -> None:
    path = f"/feature-flags/{flag_id}"
    editor.post(path, data={"name": "One", "description": "", "version": "1"})
    answer = editor.post(path, data={"name": "Two", "description": "", "version": "1"})
    assert answer.status_code == 409
    page = checked(answer.text)
    form = next(f for f in page.all("form") if f["action"] == path)
    assert "One" in form.text
    assert page.one("input", id=f"flag-{flag_id}-name")["value"] == "Two"
    assert page.one("input", name="version")["value"] == "2"
    assert field(session, flag_id, "name") == "One"


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_wrong_edit_stays_in_the_editor(
    editor: IsolatedClient, session: Session, flag_id: int, headers: dict[str, str]
) -> None:
    sent = {"name": "x" * 256, "description": "kept", "version": "1"}
    answer = editor.post(f"/feature-flags/{flag_id}", data=sent, headers=headers)
    assert answer.status_code == 422
    assert "at most 255" in answer.text
    assert "kept" in answer.text
    assert field(session, flag_id, "name") == "Beta"
    for version in ("", "x", "-1", "9" * 30):
        wrong = editor.post(f"/feature-flags/{flag_id}", data=sent | {"version": version})
        assert wrong.status_code == 400


def test_a_flag_is_deleted_unless_it_is_required(
    editor: IsolatedClient, session: Session, flag_id: int
) -> None:
    entry = make_entry(session, requires_feature_flag="beta/1 & <b>")
    answer = editor.post(f"/feature-flags/{flag_id}/delete", headers=HTMX)
    assert answer.status_code == 409
    assert "required by 1 entry" in answer.text
    entry.requires_feature_flag = None
    answer = editor.post(f"/feature-flags/{flag_id}/delete")
    assert answer.status_code == 303
    assert "is deleted" in editor.get("/feature-flags").text
    assert editor.post(f"/feature-flags/{flag_id}/delete").status_code == 404
    assert session.scalars(select(Change.field)).all() == ["*", "*"]


def test_a_viewer_changes_nothing(viewer: IsolatedClient, flag_id: int) -> None:
    assert viewer.post("/feature-flags", data={"key": "x"}).status_code == 403
    for path in ("edit", "delete", ""):
        address = f"/feature-flags/{flag_id}/{path}".rstrip("/")
        call = viewer.get if path == "edit" else viewer.post
        assert call(address).status_code == 403
    assert viewer.get(f"/feature-flags/{flag_id}").status_code == 200
    assert viewer.get("/feature-flags/99999").status_code == 404
