"""Which columns a table shows: the address decides, else the person."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.blueprints.console.columns import COLUMNS, USUAL
from app.core.fields import RecordType
from app.core.permissions import Role
from app.models import User
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import email_of, logged_in
from tests.web.html import Page, checked
from tests.web.test_console_catalog import counted_queries


def _cells(page: Page) -> list[str]:
    """The names of the cells of the first row."""
    names = [cell["data-field"] or cell["data-info"] for cell in page.all("td")]
    begins = [at for at, name in enumerate(names) if name == "model_display_name"]
    return names[: begins[1]] if len(begins) > 1 else names


def _order(page: Page) -> list[str]:
    return [one["value"] for one in page.all("input", name="place")]


def _send(client: IsolatedClient, page: Page, do: str, **changes: object) -> str:
    """Send the form of columns as a browser would; the address it leads to."""
    form = page.one("form", id="columns-form")
    ticked = [b["value"] for b in page.all("input", name="column") if "checked" in b.attributes]
    data = {
        "back": page.all("input", name="back")[0]["value"],
        "place": _order(page),
        "column": changes.get("column", ticked),
        "density": changes.get("density", "comfortable"),
        "do": do,
    }
    answer = client.post(form["action"], data=data)
    assert answer.status_code == 303, answer.text
    return answer.location or ""


@pytest.fixture
def row(session: Session) -> None:
    make_entry(session, public_id="meta/llama", family="llama", sources={"family": "models.dev"})
    make_provider_model(session, make_provider(session))
    session.commit()


@pytest.mark.parametrize(
    ("kind", "path"), [("entry", "/catalog"), ("provider_model", "/provider-models")]
)
@pytest.mark.usefixtures("row")
def test_every_column_can_be_shown_alone_and_all_together(
    editor: IsolatedClient, kind: RecordType, path: str
) -> None:
    names = [column.name for column in COLUMNS[kind]]
    assert len(names) > len(USUAL[kind]) + 7
    for chosen in (*([name] for name in names), names[::-1]):
        page = checked(editor.get(f"{path}?columns={','.join(chosen)}").text)
        assert _cells(page)[1 : len(chosen) + 1] == chosen
        assert len(page.all("th")) == len(chosen) + 1


@pytest.mark.usefixtures("row")
def test_only_what_is_shown_is_read(app: Flask, editor: IsolatedClient) -> None:
    editor.get("/catalog?columns=family")
    with counted_queries(app) as made:
        page = checked(editor.get("/catalog?columns=family").text)
    rows = [sql for sql in made if "catalog_entries.family" in sql and "public_id" in sql]
    assert len(rows) == 1
    assert "description" not in rows[0]
    assert _cells(page) == ["model_display_name", "family"]


@pytest.mark.usefixtures("row")
def test_a_choice_is_the_persons_own_and_an_address_wins(app: Flask, session: Session) -> None:
    one, other = logged_in(app, Role.VIEWER), logged_in(app, Role.EDITOR)
    page = checked(one.get("/catalog?family=llama").text)
    where = _send(one, page, "apply", column=["tags", "family"], density="compact")
    assert where == "/catalog?family=llama"
    page = checked(one.get(where).text)
    assert _cells(page)[1:] == ["family", "tags"]
    assert "is-compact" in page.all("table")[0]["class"]
    assert len(_cells(checked(other.get(where).text))) == len(USUAL["entry"]) + 1
    sent = checked(one.get("/catalog?columns=notes&density=comfortable").text)
    assert _cells(sent)[1:] == ["notes"]
    assert "is-comfortable" in sent.all("table")[0]["class"]
    kept = session.scalar(select(User.preferences).where(User.email == email_of(Role.VIEWER)))
    assert kept == {"tables": {"entry": {"columns": ["family", "tags"], "density": "compact"}}}
    assert _send(one, page, "reset") == "/catalog?family=llama"
    session.expire_all()
    assert len(_cells(checked(one.get("/catalog").text))) == len(USUAL["entry"]) + 1
    assert not session.scalar(select(User.preferences).where(User.email == email_of(Role.VIEWER)))


@pytest.mark.usefixtures("row")
def test_columns_are_moved_without_scripts(editor: IsolatedClient) -> None:
    page = checked(editor.get("/catalog?columns=family,tags,notes").text)
    where = _send(editor, page, "up:tags")
    assert parse_qs(urlsplit(where).query)["columns"] == ["tags,family,notes"]
    where = _send(editor, checked(editor.get(where).text), "down:family")
    assert parse_qs(urlsplit(where).query)["columns"] == ["tags,notes,family"]
    page = checked(editor.get(where).text)
    assert _order(page)[:3] == ["tags", "notes", "family"]
    assert _cells(checked(editor.get("/catalog").text))[1:] == list(USUAL["entry"])
    assert _send(editor, page, "keep") == "/catalog"
    assert _cells(checked(editor.get("/catalog").text))[1:] == ["tags", "notes", "family"]


@pytest.mark.usefixtures("row")
def test_columns_stay_in_every_link_and_out_of_the_filter(editor: IsolatedClient) -> None:
    page = checked(editor.get("/catalog?family=llama&columns=family,tags&density=compact").text)
    chip = page.one("a", **{"class": "chip"})["href"]
    assert chip == "/catalog?columns=family%2Ctags&density=compact"
    assert page.one("input", name="where")["value"] == "family=llama"
    heads = [a["href"] for a in page.all("a") if "sort=family" in a["href"]]
    assert heads
    assert all("columns=family%2Ctags" in head for head in heads)


def test_what_does_not_exist_is_left_out_and_said(editor: IsolatedClient, session: Session) -> None:
    make_entry(session)
    answer = editor.get("/catalog?columns=family,colour,<b>")
    page = checked(answer.text)
    assert _cells(page)[1:] == ["family"]
    assert "There is no column colour, &lt;b&gt; (any more): left out." in answer.text
    assert len(_cells(checked(editor.get("/catalog?columns=nothing,here").text))) > 10
    assert editor.get("/catalog?density=tight").status_code == 400


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"column": [], "do": "apply"}, 400),
        ({"column": ["nonsense"], "do": "apply"}, 400),
        ({"column": ["family"], "do": "sideways:family"}, 400),
        ({"column": ["family"], "density": "tight"}, 400),
        ({"column": ["family"], "back": "https://evil.example/"}, 303),
    ],
)
def test_a_wrong_choice_is_refused(
    editor: IsolatedClient, session: Session, data: dict[str, object], status: int
) -> None:
    answer = editor.post("/tables/entry/layout", data=data)
    assert answer.status_code == status
    assert answer.location in {None, "/catalog"}
    kept = session.scalar(select(User.preferences).where(User.email == email_of(Role.EDITOR)))
    assert bool(kept) == (status == 303)


def test_there_are_two_tables(editor: IsolatedClient) -> None:
    assert editor.post("/tables/feeds/layout", data={"column": "a"}).status_code == 404


def test_damaged_preferences_do_no_harm(editor: IsolatedClient, session: Session) -> None:
    make_entry(session)
    user = session.scalar(select(User).where(User.email == email_of(Role.EDITOR)))
    assert user is not None
    for damaged in ({"tables": 1}, {"tables": {"entry": {"columns": "x", "density": 3}}}):
        user.preferences = damaged
        session.commit()
        assert len(_cells(checked(editor.get("/catalog").text))) == len(USUAL["entry"]) + 1


def test_a_changed_row_has_the_cells_of_the_table_it_stands_in(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, supports_tools=True)
    form = {"flip": f"{entry.id}:supports_tools:on", "back": "/catalog?columns=family"}
    headers = {"HX-Request": "true"}
    page = Page(editor.post("/entries/flip", data=form, headers=headers).text)
    assert _cells(page)[1:] == ["family"]
    form["flip"] = f"{entry.id}:supports_tools:off"
    headers["X-Columns"] = "tags,supports_tools"
    page = Page(editor.post("/entries/flip", data=form, headers=headers).text)
    assert _cells(page)[1:] == ["tags", "supports_tools"]
