"""The command palette's answers, and the page that does without a script."""

import re

import pytest
from sqlalchemy.orm import Session

from app.queries import find_words
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.feeds import make_feed
from tests.web.html import checked

PALETTE = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def catalog(session: Session) -> None:
    find_words.forget()
    make_feed(session)
    provider = make_provider(session, public_id="prov_acme", name="Acme <b>")
    make_provider(session, name="Sleeping", active=False)
    entry = make_entry(session, public_id="openai/gpt-4o", model_display_name="GPT-4o")
    make_provider_model(session, provider, entry, raw_id="gpt-4o", public_id="pmdl_a")
    session.commit()


def options(client: IsolatedClient, typed: str) -> list[dict[str, str]]:
    answer = client.get("/find", query_string={"q": typed}, headers=PALETTE)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    page = checked(answer.text)
    return [
        {name: value or "" for name, value in e.attributes.items()}
        for e in page.elements
        if e["role"] == "option"
    ]


def labels(client: IsolatedClient, typed: str) -> list[str]:
    return [option["data-label"] for option in options(client, typed)]


def test_records_pages_and_actions_are_found(admin: IsolatedClient) -> None:
    found = options(admin, "gtp-4o")
    assert [option["data-kind"] for option in found] == ["entry", "model"]
    assert found[0]["data-path"] == "/catalog/openai/gpt-4o"
    assert found[1]["data-path"] == "/provider-models/pmdl_a"
    assert options(admin, "feeds")[0]["data-path"] == "/feeds"
    assert options(admin, "wehbooks")[0]["data-path"] == "/webhooks"
    acme = {option["data-label"]: option for option in options(admin, "acme")}
    assert acme["Acme <b>"]["data-path"] == "/providers/prov_acme"
    assert acme["Sync Acme <b> now"]["data-path"] == "/providers/prov_acme/sync"
    assert "quick" in acme["Disable all models of Acme <b>"]["data-fields"]
    assert labels(admin, "sync models-dev") == ["Sync feed models-dev now"]
    assert "Add a provider" in labels(admin, "new provider")
    assert labels(admin, "swich theme") == ["Switch theme"]
    assert "Compare providers of GPT-4o" in labels(admin, "compare gpt")


def test_a_model_and_then_its_provider_leads_to_that_offer(
    admin: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, public_id="groq/allam-2-7b", model_display_name="Allam 2 7B")
    for name in ("Groq", "Together AI"):
        make_provider_model(session, make_provider(session, name=name), entry, raw_id="allam-2-7b")
    session.commit()

    def kinds(typed: str) -> list[tuple[str, str]]:
        return [(one["data-kind"], one.get("data-path", "")) for one in options(admin, typed)]

    groq, together, entry_first = (
        kinds(typed)[0] for typed in ("allam-2-7b groq", "allam together ai", "groq allam-2-7b")
    )
    assert groq[0] == together[0] == "model"
    assert groq[1] != together[1]
    assert entry_first == ("entry", "/catalog/groq/allam-2-7b")


def test_what_a_role_may_not_do_is_not_offered(
    viewer: IsolatedClient, editor: IsolatedClient
) -> None:
    assert labels(viewer, "sync") == ["Sync runs"]
    assert "Acme <b>" in labels(viewer, "acme")
    assert not [label for label in labels(viewer, "acme") if "all models" in label]
    assert "Disable all models of Acme <b>" in labels(editor, "acme")
    assert not {"Users", "Tokens", "Webhooks"} & set(labels(viewer, ""))
    assert "Sync Acme <b> now" not in labels(editor, "acme")


def test_nothing_typed_suggests_pages_and_actions(admin: IsolatedClient) -> None:
    found = labels(admin, "  ")
    assert found[0] == "Dashboard"
    assert {"Keyboard help", "Switch theme", "Compare entries"} <= set(found)


@pytest.mark.parametrize("typed", ["", "gpt", "acme", "sync", "zzzzqqq", "<script>", "x" * 999])
def test_the_page_is_sound(admin: IsolatedClient, typed: str) -> None:
    answer = admin.get("/find", query_string={"q": typed})
    assert answer.status_code == 200
    page = checked(answer.text)
    assert [a for a in page.all("a", href="/find") if "data-palette-open" in a.attributes]
    assert "<script>alert" not in answer.text
    assert answer.headers["Vary"].count("HX-Request") == 1


def test_an_action_works_as_an_ordinary_form(admin: IsolatedClient) -> None:
    page = checked(admin.get("/find?q=disable acme").text)
    form = page.one("form", action="/bulk/preview")
    assert form["method"] == "post"
    hidden = {e["name"]: e["value"] for e in page.all("input", type="hidden")}
    preview = admin.post("/bulk/preview", data=hidden)
    assert preview.status_code == 200
    assert "1</b> of <b>1</b>" in preview.text or "1 of 1" in re.sub("<[^>]*>", "", preview.text)


def test_nobody_finds_anything_without_logging_in(client: IsolatedClient) -> None:
    assert client.get("/find?q=gpt").status_code in (302, 303)
