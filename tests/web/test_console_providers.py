"""Providers in the console: the table, a page each, the form, and what the buttons do."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Provider
from app.queries.providers import get_provider, list_providers
from app.services.providers import create_provider, edit_provider
from app.services.secrets import Vault
from tests.support.client import IsolatedClient
from tests.support.database import ENCRYPTION_KEY
from tests.support.factories import make_entry
from tests.support.lists import ListServer, list_server
from tests.support.people import actor_of, logged_in
from tests.support.providers import make_model
from tests.web.html import Page, checked

ADMIN = actor_of(Role.ADMIN)
VAULT = Vault([ENCRYPTION_KEY])
SECRET = "sk-live-0123456789-abcd"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def server() -> Iterator[ListServer]:
    with list_server(key=SECRET) as running:
        yield running


@pytest.fixture
def acme(session: Session) -> str:
    """The address of a provider's page; it has everything."""
    values = {
        "name": "Acme",
        "base_url": "https://acme.example/v1",
        "endpoints": [{"url": "https://a.example/v1", "weight": 3, "healthy": False}],
        "metadata": {"team": "search", "doc": "javascript:alert(1)"},
        "api_key": SECRET,
    }
    public_id = create_provider(session, ADMIN, values, vault=VAULT).public_id
    make_model(session, get_provider(session, public_id).id, make_entry(session).id)
    session.commit()
    return f"/providers/{public_id}"


def row(session: Session) -> Any:
    session.rollback()
    return list_providers(session)[0]


def sent(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Acme",
        "vendor": "custom",
        "base_url": "https://acme.example/v1",
        "category": "llm",
    } | changes


def buttons(page: Page) -> set[str]:
    return {form["action"] for form in page.all("form") if form["method"] == "post"} - {"/logout"}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.ADMIN])
def test_the_pages_are_sound_for_every_role(app: Flask, acme: str, role: Role) -> None:
    client = logged_in(app, role)
    for path in ("/providers", acme, "/providers?search=nobody"):
        answer = client.get(path)
        page = checked(answer.text)
        assert SECRET not in answer.text
        if role is Role.VIEWER:
            assert buttons(page) == set(), path
        if role is not Role.ADMIN:
            assert not [a for a in buttons(page) if a.startswith(("/providers", "/batches"))]
            assert not page.all("a", href="/providers/new")
    refused = 200 if role is Role.ADMIN else 403
    for path in ("/providers/new", f"{acme}/edit", f"{acme}/delete"):
        assert client.get(path).status_code == refused
        if refused == 200:
            checked(client.get(path).text)
    assert client.get("/providers/prov_none").status_code == 404


def test_the_table_shows_numbers_and_the_end_of_the_key(viewer: IsolatedClient, acme: str) -> None:
    page = checked(viewer.get("/providers").text)
    cells = {c["data-field"]: c.text.strip() for c in page.all("td")}
    assert cells["api_key_hint"] == "…abcd"
    numbers = ("model_count", "model_active_count", "available")
    assert [cells[name] for name in numbers] == ["1", "1", "1"]
    public_id = acme.removeprefix("/providers/")
    assert page.all("a", href=f"/provider-models?provider_id={public_id}")
    assert not [a for a in checked(viewer.get(acme).text).all("a") if "javascript" in a["href"]]


def test_a_search_answers_htmx_with_the_table(viewer: IsolatedClient, acme: str) -> None:
    answer = viewer.get("/providers?search=acm&kind=&active=", headers=HTMX)
    assert answer.headers["HX-Push-Url"] == "/providers?search=acm"
    assert answer.text.lstrip().startswith("<section id=")
    assert viewer.get("/providers?active=perhaps").status_code == 400


def test_a_provider_is_made_by_form(admin: IsolatedClient, session: Session) -> None:
    data = sent(
        api_key=SECRET,
        endpoint_url=["https://b.example", " "],
        endpoint_weight=["7", ""],
        endpoint_priority=["", ""],
        endpoint_healthy=["no", "yes"],
        meta_key=["auto_enable_new_models", ""],
        meta_value=["true", ""],
        reason="new contract",
    )
    answer = admin.post("/providers/new", data=data)
    there = row(session)
    assert (answer.status_code, answer.location) == (303, f"/providers/{there.public_id}")
    assert there.endpoints == [
        {"url": "https://b.example", "weight": 7, "priority": 0, "healthy": False}
    ]
    assert (there.metadata, there.active) == ({"auto_enable_new_models": "true"}, True)
    assert "Acme is there now." in admin.get(answer.location or "").text


def test_another_row_can_be_had_without_javascript(admin: IsolatedClient) -> None:
    data = sent(more="endpoints", endpoint_url=["https://b.example", ""], api_key=SECRET)
    answer = admin.post("/providers/new", data=data)
    page = checked(answer.text)
    assert answer.status_code == 200
    assert len(page.all("input", name="endpoint_url")) == 3
    assert len(page.all("input", name="meta_key")) == 1
    assert "has to be entered again" in answer.text
    assert SECRET not in answer.text
    assert page.one("input", id="name")["value"] == "Acme"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "must not be empty"),
        ({"base_url": "nowhere"}, "must be an http or https URL"),
        ({"endpoint_url": ["x"]}, "item 1 url"),
        ({"endpoint_url": ["http://a"], "endpoint_weight": ["-1"]}, "item 1 weight"),
        ({"meta_key": ["a", "a"], "meta_value": ["1", "2"]}, "is there twice"),
        ({"category": "x"}, "must be llm or image"),
        ({"api_key": "schlüssel"}, "printable ASCII"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    admin: IsolatedClient, session: Session, acme: str, changes: dict[str, Any], said: str
) -> None:
    before = row(session)
    answer = admin.post(f"{acme}/edit", data=sent(**changes))
    assert answer.status_code == 422
    assert said in checked(answer.text).elements[0].text
    assert row(session) == before


def test_an_edit_keeps_the_key_until_it_is_replaced_or_removed(
    admin: IsolatedClient, session: Session, acme: str
) -> None:
    page = checked(admin.get(f"{acme}/edit").text)
    assert page.one("input", id="api_key")["value"] == ""
    assert "ending in …abcd" in page.elements[0].text
    admin.post(f"{acme}/edit", data=sent(vendor="acme"))
    assert (row(session).vendor, row(session).api_key_hint) == ("acme", "abcd")
    admin.post(f"{acme}/edit", data=sent(api_key="another-key-wxyz"))
    assert row(session).api_key_hint == "wxyz"
    admin.post(f"{acme}/edit", data=sent(remove_key="y"))
    assert (row(session).api_key_hint, row(session).has_key) == (None, False)


def test_two_people_edit_and_the_second_is_asked(
    admin: IsolatedClient, session: Session, acme: str
) -> None:
    opened = checked(admin.get(f"{acme}/edit").text).one("input", name="version")["value"]
    public_id = acme.removeprefix("/providers/")
    edit_provider(session, ADMIN, public_id, {"vendor": "theirs"}, vault=VAULT)
    answer = admin.post(f"{acme}/edit", data=sent(vendor="mine", version=opened))
    assert answer.status_code == 409
    assert "Somebody changed this provider" in answer.text
    assert row(session).vendor == "theirs"
    again = checked(answer.text).one("input", name="version")["value"]
    admin.post(f"{acme}/edit", data=sent(vendor="mine", version=again))
    assert row(session).vendor == "mine"


def test_a_switch_offers_undo(admin: IsolatedClient, session: Session, acme: str) -> None:
    plain = admin.post(f"{acme}/active", data={"active": "false", "back": "/providers?kind=custom"})
    assert (plain.status_code, plain.location) == (303, "/providers?kind=custom")
    assert not row(session).active
    answer = admin.post(f"{acme}/active", data={"active": "true"}, headers=HTMX)
    assert answer.headers["HX-Trigger"] == "almanac:changed"
    form = next(f for f in checked(answer.text).all("form") if f["action"].startswith("/batches/"))
    assert row(session).active
    admin.post(form["action"], data={"back": acme})
    assert not row(session).active


def test_deleting_says_what_goes_and_can_be_undone(
    admin: IsolatedClient, session: Session, acme: str
) -> None:
    before = row(session)
    asked = checked(admin.get(f"{acme}/delete").text).elements[0].text
    for text in ("1 model", "1 is available to programs now", "no other provider offers", "key"):
        assert text in " ".join(asked.split()), text
    answer = admin.post(f"{acme}/delete", data={"reason": "over"})
    assert (answer.status_code, answer.location) == (303, "/providers")
    assert list_providers(session) == []
    page = checked(admin.get("/providers").text)
    form = next(f for f in page.all("form") if f["action"].startswith("/batches/"))
    admin.post(form["action"], data={"back": acme})
    assert row(session)._replace(version=1, updated_at=before.updated_at) == before


def test_a_connection_is_tested_with_and_without_javascript(
    admin: IsolatedClient, session: Session, acme: str, server: ListServer
) -> None:
    admin.post(f"{acme}/edit", data=sent(base_url=server.url))
    whole, piece = admin.post(f"{acme}/test"), admin.post(f"{acme}/test", headers=HTMX)
    for answer in (whole, piece):
        assert f"{server.url}</b> answers and lists 2 models" in answer.text
    checked(whole.text)
    assert "<html" not in piece.text
    assert row(session).models == 1
    admin.post(f"{acme}/edit", data=sent(base_url=""))
    assert "no base URL" in admin.post(f"{acme}/test", headers=HTMX).text


def test_a_sync_says_what_it_brought_or_why_not(
    admin: IsolatedClient, session: Session, acme: str, server: ListServer
) -> None:
    admin.post(f"{acme}/edit", data=sent(base_url=server.url))
    answer = admin.post(f"{acme}/sync", headers=HTMX)
    assert "Synced: 2 added" in answer.text
    server.key = "other"
    refused = admin.post(f"{acme}/sync", headers=HTMX)
    assert refused.status_code == 409
    assert "key was refused" in refused.text
    page = admin.get(acme).text
    assert "key was refused" in page
    assert SECRET not in page


def test_a_provider_that_a_feed_brought_has_a_page(admin: IsolatedClient, session: Session) -> None:
    session.add(
        Provider(
            public_id="prov_1",
            name="<Bold> & Co",
            vendor="bold",
            base_url="javascript:alert(1)",
            created_at=1,
            updated_at=1,
        )
    )
    session.commit()
    for path in ("/providers", "/providers/prov_1", "/providers/prov_1/delete"):
        page = checked(admin.get(path).text)
        assert not [a for a in page.all("a") if a["href"].startswith("javascript")]
    assert "Nothing else goes with it" in admin.get("/providers/prov_1/delete").text
