"""The pages that move, merge and split, as ordinary forms."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, ProviderModel
from app.queries.entries import get_entry
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, make_feed, model, sync
from tests.web.html import checked

ONE = {"gpt-4o": model(name="GPT-4o"), "o3": model(name="o3")}


@pytest.fixture(autouse=True)
def catalog(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    sync(session, tmp_path, answer(ONE, "openai", azure={"gpt-4o": model(name="GPT-4o")}))


def pk_of(session: Session, public_id: str) -> int:
    session.rollback()
    return session.scalars(select(CatalogEntry.id).where(CatalogEntry.public_id == public_id)).one()


def models(session: Session, raw_id: str) -> list[ProviderModel]:
    session.rollback()
    return list(session.scalars(select(ProviderModel).where(ProviderModel.raw_id == raw_id)))


def test_moving_a_provider_model(editor: IsolatedClient, session: Session) -> None:
    mine = models(session, "gpt-4o")[1]
    page = f"/provider-models/{mine.id}/move"
    asked = editor.get(page).text
    checked(asked)
    assert "GPT-4o" in asked
    for wrong in ("", "openai/none", "openai/gpt-4o"):
        refused = editor.post(page, data={"to": wrong, "reason": "why <b>"})
        assert refused.status_code in (404, 409)
        checked(refused.text)
        assert "Nothing was changed" in refused.text
        assert "why &lt;b&gt;" in refused.text
    done = editor.post(page, data={"to": "O3"})
    assert (done.status_code, done.headers["Location"]) == (303, "/catalog/openai/o3")
    assert models(session, "gpt-4o")[1].entry_id == pk_of(session, "openai/o3")
    shown = editor.get("/catalog/openai/o3").text
    assert "Undo" in shown


def test_merging_shows_what_it_means_first(editor: IsolatedClient, session: Session) -> None:
    page = f"/entries/{pk_of(session, 'openai/gpt-4o')}/merge"
    checked(editor.get(page).text)
    assert editor.get(f"{page}?other=openai/none").status_code == 404
    assert editor.get(f"{page}?other=GPT-4o").status_code == 400
    asked = editor.get(f"{page}?other=openai/o3")
    assert "1</b> offer comes here" in asked.text
    checked(asked.text)
    assert get_entry(session, "openai/o3").public_id == "openai/o3"
    done = editor.post(page, data={"other": "openai/o3"})
    assert done.headers["Location"] == "/catalog/openai/gpt-4o"
    session.rollback()
    assert get_entry(session, "openai/o3").public_id == "openai/gpt-4o"


def test_splitting_an_entry(editor: IsolatedClient, session: Session) -> None:
    page = f"/entries/{pk_of(session, 'openai/gpt-4o')}/split"
    mine = models(session, "gpt-4o")[1].public_id
    asked = editor.get(page).text
    checked(asked)
    assert mine in asked
    for data in ({"public_id": "azure/new"}, {"model": mine, "public_id": "A B"}):
        refused = editor.post(page, data=data)
        assert refused.status_code == 400
        checked(refused.text)
    done = editor.post(page, data={"model": mine, "public_id": "azure/gpt-4o"})
    assert done.headers["Location"] == "/catalog/azure/gpt-4o"
    assert models(session, "gpt-4o")[1].entry_id == pk_of(session, "azure/gpt-4o")


def test_entries_are_suggested(editor: IsolatedClient) -> None:
    found = editor.get("/entries/options?q=gpt&but=").text
    assert "openai/gpt-4o" in found
    assert "2 offers" in found
    assert "openai/gpt-4o" not in editor.get("/entries/options?q=gpt&but=openai/gpt-4o").text
    assert editor.get("/entries/options?q=%25_").text.strip() == ""


def test_who_may_not(viewer: IsolatedClient, session: Session) -> None:
    pk = pk_of(session, "openai/o3")
    for path in (f"/entries/{pk}/merge", f"/entries/{pk}/split", f"/provider-models/{pk}/move"):
        assert viewer.get(path).status_code == 403
        assert viewer.post(path).status_code == 403


def test_a_name_with_braces_is_only_a_name(editor: IsolatedClient, session: Session) -> None:
    mine = models(session, "gpt-4o")[1]
    mine.model_display_name = "GPT-4o {beta}"
    session.commit()
    done = editor.post(f"/provider-models/{mine.id}/move", data={"to": "openai/o3"})
    assert done.status_code == 303
    assert "GPT-4o {beta} is an offer of" in editor.get(done.headers["Location"]).text


def test_only_offers_of_the_entry_are_split_off(editor: IsolatedClient, session: Session) -> None:
    page = f"/entries/{pk_of(session, 'openai/gpt-4o')}/split"
    other = models(session, "o3")[0].public_id
    assert editor.post(page, data={"model": other, "public_id": "a/b"}).status_code == 400
