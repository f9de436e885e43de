"""The change log in the console: filtered, read batch by batch, and taken back."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.bulk import switch
from app.core.permissions import SYSTEM, Role
from app.models import Batch, CatalogEntry, Change
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.flags import create_flag, delete_flag
from app.services.records import edit_record
from app.services.users import create_user
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.people import actor_of
from tests.web.html import Page, checked

HTMX = {"HX-Request": "true"}
EDITOR = actor_of(Role.EDITOR)
CHIPS = ("Everybody", "People", "API tokens", "Feeds", "System")


@pytest.fixture
def entries(session: Session) -> list[int]:
    made = [make_entry(session, public_id=f"acme/m-{i}", family="old") for i in range(5)]
    session.commit()
    return [entry.id for entry in made]


@pytest.fixture
def bulk(session: Session, entries: list[int]) -> str:
    """A batch that switched all entries off; its public id."""
    done = run_bulk(session, EDITOR, switch("entry", False), Selection("entry"), reason="night")
    return str(done.batch)


def edit(session: Session, entry: int, **values: object) -> str:
    return edit_record(session, EDITOR, "entry", entry, values, default_protection="fields").batch


def value(session: Session, entry: int, name: str) -> object:
    session.expire_all()
    return getattr(session.get_one(CatalogEntry, entry), name)


def batches(page: Page) -> list[str]:
    return [row["id"] for row in page.all("tr") if row["id"].startswith("batch_")]


def listed(client: IsolatedClient, query: str = "") -> list[str]:
    answer = client.get(f"/changes?{query}")
    assert answer.status_code == 200
    return batches(checked(answer.text))


def test_a_batch_is_one_line(editor: IsolatedClient, bulk: str) -> None:
    page = checked(editor.get("/changes").text)
    line = " ".join(page.one("tr", id=bulk).text.split())
    for text in ("editor@example.org", "5 entries switched off", "night", "all 5 changes"):
        assert text in line
    assert page.all("a", href=f"/changes/{bulk}")
    assert page.all("a", href="/catalog/acme/m-0")
    assert batches(checked(editor.get("/").text)) == [bulk]


def test_filters_find_batches(session: Session, editor: IsolatedClient, bulk: str) -> None:
    entry = session.scalars(select(CatalogEntry.id).order_by(CatalogEntry.id)).first() or 0
    edited = edit(session, entry, family="new")
    flag = create_flag(session, SYSTEM, {"key": "beta"})
    assert listed(editor) == [flag.batch, edited, bulk]
    assert listed(editor, "record=acme/m-0") == [edited, bulk]
    assert listed(editor, "record=ACME/M-1") == [bulk]
    assert listed(editor, "record=beta") == [flag.batch]
    assert listed(editor, "record=nothing") == []
    assert listed(editor, "field=family") == [edited]
    assert listed(editor, "record=acme/m-1&field=family") == []
    assert listed(editor, "actor=almanac&kind=") == [flag.batch]
    assert listed(editor, "kind=bulk") == [bulk]
    assert listed(editor, f"batch={edited}") == [edited]
    assert listed(editor, "since=2000-01-01&until=2001-01-01") == []
    assert len(listed(editor, "since=2000-01-01T10:30&field=active&until=9999-01-01")) == 1
    assert len(listed(editor, "since=1&until=253402300799")) == 3


def test_the_log_is_filtered_by_kind_of_actor(
    session: Session, editor: IsolatedClient, bulk: str
) -> None:
    flag = str(create_flag(session, SYSTEM, {"key": "beta"}).batch)
    page = checked(editor.get("/changes?kind=flag&actor_kind=system").text)
    assert batches(page) == [flag]
    assert "system" in page.one("tr", id=flag).text.split()
    assert page.one("input", name="actor_kind")["value"] == "system", "a filter more keeps it"
    chips = [a for a in page.all("a") if a["href"].startswith("/changes") and a.text in CHIPS]
    assert [a.text for a in chips if a["aria-current"]] == ["System"]
    found = {a.text: listed(editor, a["href"].partition("?")[2]) for a in chips}
    assert found == {"Everybody": [flag], "People": [], "API tokens": [], "Feeds": []} | {
        "System": [flag]
    }
    assert listed(editor, "actor_kind=user") == [bulk]
    assert listed(editor) == [flag, bulk]


@pytest.mark.parametrize(
    "query",
    [
        *("colour=red", "since=yesterday", "until=2026-13-01", "since=-5", "since=1969-01-01"),
        *("record=" + "x" * 256, "until=99999-01-01", "actor_kind=robot"),
    ],
)
def test_a_wrong_filter_is_said_and_kept(editor: IsolatedClient, bulk: str, query: str) -> None:
    answer = editor.get(f"/changes?{query}")
    assert answer.status_code == 400
    name, _, sent = query.partition("=")
    page = checked(answer.text)
    assert name in page.one("div", role="alert").text
    if name in ("since", "until"):
        assert page.one("input", id=f"filter-{name}")["value"] == sent
    assert batches(page) == []


def test_pages_beyond_the_last_are_said(editor: IsolatedClient, bulk: str) -> None:
    assert (
        "Nothing is older" in checked(editor.get(f"/changes?before={bulk}").text).elements[0].text
    )
    assert editor.get("/changes?page=9").status_code == 400
    assert "names no batch" in editor.get("/changes?before=batch_none").text
    checked(editor.get(f"/changes/{bulk}?page=9").text)
    assert editor.get("/changes/batch_none").status_code == 404


def test_a_batch_has_a_page(editor: IsolatedClient, viewer: IsolatedClient, bulk: str) -> None:
    page = checked(editor.get(f"/changes/{bulk}").text)
    assert len([row for row in page.all("tr") if row["id"].startswith("change-")]) == 5
    assert len([f for f in page.all("form") if f["action"] == f"/batches/{bulk}/undo"]) == 6
    seen = checked(viewer.get(f"/changes/{bulk}").text)
    assert [form["action"] for form in seen.all("form", method="post")] == ["/logout"]
    assert viewer.post(f"/batches/{bulk}/undo").status_code == 403


def test_a_batch_is_undone_and_redone(session: Session, editor: IsolatedClient, bulk: str) -> None:
    answer = editor.post(f"/batches/{bulk}/undo", data={"back": f"/changes/{bulk}"})
    assert (answer.status_code, answer.location) == (303, f"/changes/{bulk}")
    page = checked(editor.get(f"/changes/{bulk}").text)
    assert "Undone: 5 changes." in page.elements[0].text
    assert set(session.scalars(select(CatalogEntry.active))) == {True}
    undoing = session.scalars(select(Batch.public_id).where(Batch.kind == "undo")).one()
    assert page.all("a", href=f"/changes/{undoing}"), "a batch that was undone says by which"
    assert checked(editor.get(f"/changes/{undoing}").text).all("a", href=f"/changes/{bulk}")

    redone = editor.post(f"/batches/{undoing}/undo", headers=HTMX)
    assert redone.headers["HX-Trigger"] == "almanac:changed"
    assert 'hx-target="#toasts"' in redone.text
    assert "Redo" in redone.text
    assert set(session.scalars(select(CatalogEntry.active))) == {False}
    assert "redone" in checked(editor.get(f"/changes/{bulk}").text).elements[0].text


def test_what_was_changed_since_is_named(
    session: Session, editor: IsolatedClient, entries: Sequence[int], bulk: str
) -> None:
    edit(session, entries[1], active=True, model_display_name="Theirs & <b>")
    answer = editor.post(f"/batches/{bulk}/undo", headers=HTMX)
    assert answer.status_code == 200
    text = " ".join(checked(answer.text).elements[0].text.split())
    assert "Undone: 4 changes. 1 was changed since and stays as it is: Active of Theirs" in text
    assert "toast-warning" in answer.text
    assert "/changes/batch_" in answer.text


def test_one_change_is_undone(session: Session, editor: IsolatedClient, bulk: str) -> None:
    change = session.scalars(select(Change).order_by(Change.id)).first()
    assert change is not None
    data = {"change": str(change.id), "back": "//evil.example"}
    answer = editor.post(f"/batches/{bulk}/undo", data=data)
    assert (answer.status_code, answer.location) == (303, "/changes")
    assert [value(session, change.record_id, "active")] == [True]
    assert session.scalars(select(CatalogEntry.active)).all().count(False) == 4


def test_nothing_undone_is_a_warning(
    session: Session, editor: IsolatedClient, entries: Sequence[int]
) -> None:
    first = edit(session, entries[0], family="one")
    edit(session, entries[0], family="two")
    answer = editor.post(f"/batches/{first}/undo", headers=HTMX)
    assert answer.status_code == 409
    assert "toast-warning" in answer.text
    assert "HX-Trigger" not in answer.headers
    assert editor.post(f"/batches/{first}/undo", data={"back": "/catalog"}).location == "/catalog"
    assert "othing could be taken back" in editor.get("/catalog").text
    assert value(session, entries[0], "family") == "two"


@pytest.mark.parametrize("change", ["x", "-1", "9" * 20, "1.5"])
def test_a_change_that_is_none_is_refused(editor: IsolatedClient, bulk: str, change: str) -> None:
    assert editor.post(f"/batches/{bulk}/undo", data={"change": change}).status_code == 400
    assert editor.post(f"/batches/{bulk}/undo", data={"change": "99999"}).status_code == 404
    assert editor.post("/batches/batch_none/undo").status_code == 404


def test_what_nobody_takes_back_is_not_offered(session: Session, admin: IsolatedClient) -> None:
    create_user(session, SYSTEM, "new@example.org", "correct horse", "viewer")
    batch = session.scalars(select(Batch.public_id).order_by(Batch.id.desc())).first()
    page = checked(admin.get(f"/changes/{batch}").text)
    assert "new@example.org" in page.elements[0].text
    assert [form["action"] for form in page.all("form", method="post")] == ["/logout"]
    assert admin.post(f"/batches/{batch}/undo", headers=HTMX).status_code == 409


def test_deleted_flags_keep_their_names(session: Session, editor: IsolatedClient) -> None:
    made = create_flag(session, EDITOR, {"key": "gone-flag"})
    gone = delete_flag(session, EDITOR, made.id)
    page = checked(editor.get(f"/changes/{gone.batch}").text)
    assert "gone-flag" in page.elements[0].text
    assert "deleted" in page.elements[0].text
    editor.post(f"/batches/{gone.batch}/undo")
    assert "gone-flag" in editor.get("/feature-flags").text
    assert (
        "deleted"
        not in checked(editor.get(f"/changes/{gone.batch}").text)
        .one("tr", id=f"change-{made.id + 1}")
        .text
    )
