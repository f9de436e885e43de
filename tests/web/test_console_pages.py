"""An entry's page, and the pages that are read."""

import pytest
from sqlalchemy.orm import Session

from app.core.fields import ENTRY_FIELDS
from app.models import Claim, Feed, Provider, ProviderModel, now
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.web.html import checked

PAGES = ("/", "/catalog", "/feeds", "/changes", "/providers", "/provider-models")


@pytest.fixture
def known(session: Session) -> int:
    """An entry that a feed knows and a provider offers; its row id."""
    entry = make_entry(
        session,
        aliases=["llama3:8b"],
        public_id="meta/llama-3-8b:free",
        model_display_name="Llama 3",
        context_length=8192,
        sources={"context_length": "upstream"},
    )
    feed = Feed(name="upstream", kind="models_dev", url="javascript:alert(1)", created_at=now())
    provider = Provider(
        public_id="prov_1",
        name="Acme",
        vendor="custom",
        base_url="https://acme.example/v1",
        created_at=now(),
        updated_at=now(),
    )
    session.add_all((feed, provider))
    session.flush()
    moments = dict.fromkeys(("first_seen_at", "changed_at", "last_seen_at"), now())
    session.add(
        Claim(
            feed_id=feed.id,
            record_type="entry",
            record_id=entry.id,
            fields={"context_length": 8192, "family": "llama"},
            content_hash="-",
            **moments,
        )
    )
    lines = [
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "150", "currency": "USD"},
        {"unit": "per_1k_completion_tokens", "amount_micro_usd": "0.0375", "currency": "USD"},
    ]
    session.add(
        ProviderModel(
            public_id="pmdl_1",
            provider_id=provider.id,
            entry_id=entry.id,
            raw_id="llama3-8b",
            pricing={"lines": lines},
            token_limits={"context_length": 4096, "max_completion_tokens": None},
            status="filled",
            created_at=now(),
            updated_at=now(),
        )
    )
    session.commit()
    return entry.id


@pytest.mark.parametrize("role", ["viewer", "editor"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_sound_empty_and_filled(
    path: str, role: str, known: int, request: pytest.FixtureRequest
) -> None:
    client: IsolatedClient = request.getfixturevalue(role)
    answer = client.get(path)
    assert answer.status_code == 200
    page = checked(answer.text)
    current = [a["href"] for a in page.all("a") if a["aria-current"] == "page"]
    assert current == [path]
    assert all(a["href"] != "/users" for a in page.all("a")), "not for this role"


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_sound_with_nothing_to_show(path: str, admin: IsolatedClient) -> None:
    page = checked(admin.get(path).text)
    assert page.all("a", href="/users")


def test_an_entry_shows_all_that_is_known(editor: IsolatedClient, known: int) -> None:
    answer = editor.get("/catalog/meta/llama-3-8b:free")
    page = checked(answer.text)
    cells = [cell["data-field"] for cell in page.all("td") if cell["data-field"]]
    assert cells == [field.name for field in ENTRY_FIELDS]
    for text in ("llama3:8b", "upstream", "Acme", "llama3-8b", "0.15", "0.0000375", "4,096"):
        assert text in answer.text, text
    page.one("select", id="protection")


def test_an_alias_leads_to_the_entry(editor: IsolatedClient, known: int) -> None:
    answer = editor.get("/catalog/llama3:8b")
    assert (answer.status_code, answer.location) == (302, "/catalog/meta/llama-3-8b:free")
    assert editor.get("/catalog/no/such").status_code == 404


def test_a_viewer_edits_nothing_on_an_entry(viewer: IsolatedClient, known: int) -> None:
    page = checked(viewer.get("/catalog/meta/llama-3-8b:free").text)
    assert [form["action"] for form in page.all("form", method="post")] == ["/logout"]


def test_an_edit_on_the_page_answers_with_the_page(editor: IsolatedClient, known: int) -> None:
    data = {"flip": f"{known}:supports_tools:unknown", "view": "entry"}
    answer = editor.post("/entries/flip", data=data, headers={"HX-Request": "true"})
    assert 'hx-target="#entry-page"' in answer.text
    page = checked(editor.get("/catalog/meta/llama-3-8b:free").text)
    page.one("button", aria_label="Give Tools back to the feeds")
    assert "manual by editor@example.org" in page.one("table", id=f"entry-{known}").text
    assert "unknown" in page.elements[0].text


def test_drift_is_shown_with_both_values(
    editor: IsolatedClient, known: int, session: Session
) -> None:
    editor.post(
        f"/entries/{known}/fields/context_length",
        data={"value": "128000", "opened": "8192", "view": "entry"},
    )
    page = checked(editor.get("/catalog/meta/llama-3-8b:free").text)
    page.one("button", aria_label="Take upstream's value of Context")
    drift = next(t for t in page.all("table") if "drift-table" in t["class"])
    assert "128,000" in drift.text
    assert "8,192" in drift.text
    assert "128,000" in checked(editor.get("/changes").text).elements[0].text


def test_only_web_addresses_become_links(admin: IsolatedClient, known: int) -> None:
    feeds, providers = (checked(admin.get(path).text) for path in ("/feeds", "/providers"))
    assert not [a for a in feeds.all("a") if a["href"].startswith("javascript")]
    assert "javascript:alert(1)" in feeds.elements[0].text
    assert providers.all("a", href="https://acme.example/v1")
