"""Saved views as ordinary forms, and the view that a table opens with."""

from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import SavedView
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.web.html import checked

SAVE = "/tables/entry/views"


def _save(client: IsolatedClient, name: str, back: str, **data: str) -> str:
    """Save a view; the address of its own."""
    answer = client.post(SAVE, data={"name": name, "back": back, **data})
    assert answer.status_code == 303, answer.text
    return answer.location or ""


def _args(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_a_view_is_saved_opened_updated_and_deleted(
    editor: IsolatedClient, session: Session
) -> None:
    make_entry(session, family="llama")
    url = _save(editor, "Llamas", "/catalog?family=llama&sort=family&page=2&columns=family,tags")
    opened = editor.get(url)
    assert opened.status_code == 302
    args = _args(opened.location)
    assert args.pop("view") == url.rpartition("/")[2]
    looks = {"columns": "family,tags", "density": "comfortable"}
    assert args == {"family": "llama", "sort": "family", **looks}
    page = checked(editor.get(opened.location).text)
    assert page.one("a", href=url)["aria-current"] == "true"
    form = {"back": "/catalog?family=qwen", "do": "update"}
    assert editor.post(url, data=form).location == url
    assert _args(editor.get(url).location)["family"] == "qwen"
    assert editor.post(url, data={"do": "rename", "name": "Qwens"}).status_code == 303
    assert "Qwens" in editor.get("/catalog").text
    assert editor.post(url, data={"do": "delete"}).location == "/catalog"
    assert editor.get(url).status_code == 404


def test_a_table_opens_with_the_chosen_view(editor: IsolatedClient, session: Session) -> None:
    make_entry(session, family="llama")
    url = _save(editor, "Llamas", "/catalog?family=llama")
    assert editor.get("/catalog").status_code == 200
    editor.post(url, data={"do": "default", "back": "/catalog"})
    bare = editor.get("/catalog")
    assert bare.status_code == 302
    assert _args(bare.location)["family"] == "llama"
    everything = editor.get("/catalog?view=none")
    assert everything.status_code == 200
    page = checked(editor.get(bare.location).text)
    assert page.one("a", aria_label="Remove the filter Family: llama")["href"].startswith(
        "/catalog?view=view_"
    )
    hrefs = {a["href"] for a in page.all("a", **{"class": "chip-all"})}
    assert hrefs == {"/catalog?view=none"}
    assert editor.get("/catalog", headers={"HX-Request": "true"}).status_code == 200
    assert editor.get("/provider-models").status_code == 200
    editor.post(url, data={"do": "delete"})
    assert editor.get("/catalog").status_code == 200


def test_shared_views_are_everybodys_to_open_only(
    editor: IsolatedClient, viewer: IsolatedClient
) -> None:
    shared = _save(editor, "For all", "/catalog?drift=true", shared="true")
    private = _save(editor, "For me", "/catalog?drift=true")
    assert "For all" in viewer.get("/catalog").text
    assert "For me" not in viewer.get("/catalog").text
    assert (viewer.get(shared).status_code, viewer.get(private).status_code) == (302, 404)
    for do in ("rename", "update", "delete"):
        assert viewer.post(shared, data={"do": do, "name": "x"}).status_code == 404
    assert viewer.post(shared, data={"do": "default"}).status_code == 303
    assert viewer.get("/catalog").status_code == 302


def test_what_cannot_be_saved_is_asked_for_again(editor: IsolatedClient, session: Session) -> None:
    url = _save(editor, "Taken", "/catalog?active=true")
    for name in ("taken", "", "x" * 90):
        answer = editor.post(SAVE, data={"name": name, "back": "/catalog?q=a", "shared": "true"})
        page = checked(answer.text)
        assert answer.status_code == 422
        assert page.one("input", id="view-name")["value"] == name
        assert page.one("a", id="view-cancel")["href"] == "/catalog?q=a"
    assert editor.post(SAVE, data={"name": "x", "back": "/catalog?colour=red"}).status_code == 422
    assert editor.post(url, data={"do": "rename", "name": ""}).status_code == 422
    assert editor.post(url, data={"do": "explode"}).status_code == 400
    assert editor.post("/tables/feeds/views", data={"name": "x"}).status_code == 404
    assert session.scalars(select(SavedView.name)).all() == ["Taken"]


def test_an_old_view_still_opens_and_says_what_it_lost(
    editor: IsolatedClient, session: Session
) -> None:
    url = _save(editor, "Old", "/catalog?family=llama&columns=family")
    old = "family=llama&colour=red&columns=family,weight"
    session.execute(update(SavedView).values(query=old))
    session.commit()
    address = editor.get(url).location
    assert _args(address) | {"view": ""} == {
        "family": "llama",
        "columns": "family,weight",
        "view": "",
    }
    text = editor.get(address).text
    assert "Left out of Old, for it does not exist any more: colour." in text
    assert "There is no column weight (any more)" in text


def test_a_view_that_vanished_opens_nothing(
    app: object, session: Session, admin: IsolatedClient
) -> None:
    url = _save(admin, "Mine", "/catalog?drift=true")
    admin.post(url, data={"do": "default"})
    session.query(SavedView).delete()
    session.commit()
    assert admin.get("/catalog").status_code == 200


def test_hostile_names_stay_texts(editor: IsolatedClient) -> None:
    hostile = '"><script>alert(1)</script>'
    _save(editor, hostile, "/catalog?drift=true")
    html = editor.get("/catalog").text
    checked(html)
    assert "<script>alert" not in html
