"""Pages and panels with pictures: every dot and cell leads to exactly what it says."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import CatalogEntry
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.web.html import checked

TOTAL = re.compile(r'class="count" role="status"><b>([\d,]+)</b>')


@pytest.fixture
def filled(session: Session) -> str:
    """Two models of about the same price, a free one, one without a price; the provider's id."""
    provider = make_provider(session, name="Acme", public_id="prov_acme")
    for number in range(3):
        make_entry(session, family="llama", supports_tools=number > 0 or None)
    for price in ("150", "151", "0", None):
        line = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": price}
        pricing = {"lines": [line]} if price else None
        make_provider_model(session, provider, context_length=128_000, pricing=pricing)
    session.commit()
    return "prov_acme"


@pytest.mark.parametrize("path", ["/", "/coverage"])
def test_coverage_says_counts_and_leads_to_those_entries(
    viewer: IsolatedClient, filled: str, path: str
) -> None:
    page = checked(viewer.get(path).text)
    cell = page.one("a", title="2 can, 0 cannot, of 1 nobody says")
    assert cell.text == "2"
    found = TOTAL.search(viewer.get(cell["href"]).text)
    assert found is not None
    assert found[1] == "2"


@pytest.mark.parametrize("path", ["/", "/prices", "/prices?provider_id=prov_acme"])
def test_a_dot_leads_to_its_models(viewer: IsolatedClient, filled: str, path: str) -> None:
    page = checked(viewer.get(path).text)
    assert [one.text for one in page.all("title")][1:] != []
    links = [one["href"] for one in page.all("a", tabindex="-1") if one["href"].startswith("/prov")]
    many = [one for one in links if "?" in one]
    assert (len(links), len(many)) == (2, 1)
    found = TOTAL.search(viewer.get(many[0]).text)
    assert found is not None
    assert found[1] == "2"
    (alone,) = set(links) - set(many)
    assert viewer.get(alone).status_code == 200


def test_the_table_behind_names_the_cheapest_that_cost_something(
    viewer: IsolatedClient, filled: str
) -> None:
    text = viewer.get("/prices").text
    assert "3 provider models; 1 more have no price" in text
    assert "0.15" in text
    assert "0.151" in text


def test_empty_pages_say_what_is_missing(viewer: IsolatedClient) -> None:
    assert "There are no entries yet" in viewer.get("/coverage").text
    assert "They come with the first sync" in viewer.get("/prices").text
    home = viewer.get("/").text
    assert "Coverage</h2>" not in home
    assert "Price against context" not in home


def test_an_unknown_provider_is_not_found(viewer: IsolatedClient) -> None:
    assert viewer.get("/prices?provider_id=prov_none").status_code == 404


@pytest.mark.parametrize("path", ["/", "/activity", "/activity?days=90"])
def test_a_bar_leads_to_the_actions_of_its_day(
    viewer: IsolatedClient, filled: str, session: Session, path: str
) -> None:
    entry = session.scalars(select(CatalogEntry.public_id)).first()
    assert entry is not None
    for number in range(3):
        edit_record(session, SYSTEM, "entry", entry, {"notes": f"note {number}"})
    page = checked(viewer.get(path).text)
    (said,) = [title.text for title in page.all("title") if title.text.startswith("System, ")]
    assert said.endswith(": 3 actions")
    bar = next(a for a in page.all("a", tabindex="-1") if a["href"].startswith("/changes"))
    found = viewer.get(bar["href"]).text
    assert "3 actions" in found
    assert found.count("<tr id=") == 3


def test_an_unknown_number_of_days_is_refused(viewer: IsolatedClient) -> None:
    answer = viewer.get("/activity?days=31")
    assert answer.status_code == 400
    assert "30" in answer.text


@pytest.mark.parametrize(
    ("contexts", "labels"),
    [
        ((512, 4_000, 1_000_000), ["1k", "8k", "32k", "128k", "1M"]),
        ((2_000, 5_000), ["2k", "5k"]),
        ((128_000,), ["128k"]),
        ((7,), ["7"]),
    ],
)
def test_the_axis_of_contexts_names_known_sizes(
    viewer: IsolatedClient, session: Session, contexts: tuple[int, ...], labels: list[str]
) -> None:
    provider = make_provider(session)
    line = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "150"}
    for context in contexts:
        make_provider_model(session, provider, context_length=context, pricing={"lines": [line]})
    session.commit()
    page = checked(viewer.get("/prices").text)
    across = [one.text for one in page.all("text", text_anchor="middle")]
    assert across == labels
