"""Entries side by side, and the offers of one entry."""

import re

import pytest
from sqlalchemy.orm import Session

from app.models import now
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.web.html import Page, checked


def priced(prompt: str | None) -> dict[str, object] | None:
    if prompt is None:
        return None
    line = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": prompt, "currency": "USD"}
    return {"lines": [line]}


@pytest.fixture(autouse=True)
def catalog(session: Session) -> None:
    big = make_entry(
        session,
        public_id="a/big",
        model_display_name="Big",
        aliases=["big-alias"],
        context_length=1_000_000,
        supports_tools=True,
        supports_images=None,
        architecture={"input_modalities": ["text", "image"], "tokenizer": None},
        family="x",
        status="updated",
        manual_fields=["context_length"],
        drift={"family": "y"},
    )
    small = make_entry(
        session,
        public_id="a/small",
        model_display_name="Small <i>",
        context_length=8_000,
        supports_tools=False,
        supports_images=False,
        family="x",
    )
    for number in range(5):
        make_entry(session, public_id=f"a/more-{number}")
    offers = {"Cheap": "100", "Dear": "3000", "Free": "0", "Silent": None}
    for name, amount in offers.items():
        provider = make_provider(session, name=name)
        make_provider_model(
            session,
            provider,
            big,
            raw_id=f"big-{name}",
            public_id=f"pmdl_{name}",
            pricing=priced(amount),
        )
    gone = make_provider(session, name="Gone")
    make_provider_model(
        session, gone, small, raw_id="small-gone", pricing=priced("1"), retired_at=now()
    )
    make_provider_model(session, gone, small, raw_id="small", pricing=priced("500"))
    session.commit()


def cells(page: Page, label: str) -> list[str]:
    """The texts of a row's cells."""
    found: list[str] = []
    inside = False
    for element in page.elements:
        if element.tag == "th" and element["scope"] == "row":
            inside = element.text.strip() == label
            inside = inside or element.text.replace("(differs)", "").strip() == label
        elif element.tag == "td" and inside:
            found.append(" ".join(element.text.split()))
    return found


def test_entries_side_by_side_differences_first(viewer: IsolatedClient) -> None:
    answer = viewer.get("/compare?entries=a/big&entries=a/small")
    assert answer.status_code == 200
    page = checked(answer.text)
    assert cells(page, "Context") == ["1,000,000largest, by hand", "8,000"]
    assert cells(page, "Images") == ["unknown", "no"]
    assert cells(page, "Tools") == ["yes", "no"]
    assert cells(page, "Family") == ["x, drifting", "x"]
    assert cells(page, "Lowest price, in") == [
        "$0.10 per million Cheap, free at 1lowest",
        "$0.50 per million Gone",
    ]
    assert cells(page, "Takes") == ["text, image", "unknown"]
    assert answer.text.index(">Different<") < answer.text.index(">Context<")
    assert answer.text.index(">The same<") > answer.text.index(">Tools<")
    assert cells(page, "Tokenizer") == [], "nobody says anything about it"
    heads = [a["href"] for a in page.all("a", class_="compare-name")] or re.findall(
        r'class="compare-name" href="([^"]*)"', answer.text
    )
    assert heads == ["/catalog/a/big", "/catalog/a/small"]


def test_columns_are_taken_out_and_the_toggle_is_in_the_address(viewer: IsolatedClient) -> None:
    answer = viewer.get("/compare?entries=a/big&entries=a/small&only=differences").text
    assert ">The same<" not in answer
    assert 'href="/compare?entries=a/small&amp;only=differences"' in answer
    assert (
        'href="/compare?entries=a/big&amp;entries=a/small" role="switch" aria-checked="true"'
        in answer
    )
    checked(answer)


def test_the_offers_of_an_entry(viewer: IsolatedClient) -> None:
    answer = viewer.get("/compare?entry=big-alias")
    page = checked(answer.text)
    assert cells(page, "Price: prompt tokens") == [
        "$0.10 per million",
        "$3 per million",
        "freelowest",
        "unknown",
    ]
    assert 'href="/compare?entry=big-alias&amp;hide=pmdl_Cheap"' in answer.text
    fewer = viewer.get("/compare?entry=a/big&hide=pmdl_Free&hide=pmdl_none").text
    assert "Show the 1 left out" in fewer
    assert '$0.10 per million</span><span class="compare-best">lowest' in fewer


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("entries=a/none&entries=a/big", 404, "There is no catalog entry “a/none”"),
        ("entry=a/none", 404, "There is no catalog entry “a/none”"),
        ("entry=a/big&entries=a/small", 400, "not for both"),
        ("&".join(f"entries=a/more-{n}" for n in range(5)) + "&entries=a/big", 400, "At most 5"),
        ("entries=a/big&entries=big-alias", 200, "shown once"),
        ("entries=a/big&entries=a/big", 200, "One entry so far"),
        ("entries=a/big", 200, "One entry so far"),
        ("entries=&entries=%20", 200, "Nothing to compare yet"),
        ("", 200, "Nothing to compare yet"),
        ("entry=a/more-1", 200, "No provider offers this model"),
        ("entries=<script>", 404, "&lt;script&gt;"),
    ],
)
def test_wrong_and_incomplete_questions(
    viewer: IsolatedClient, query: str, status: int, said: str
) -> None:
    answer = viewer.get(f"/compare?{query}")
    assert answer.status_code == status
    assert said in answer.text
    checked(answer.text)


def test_ticked_rows_without_a_script(editor: IsolatedClient) -> None:
    answer = editor.post("/compare", data={"id": ["1", "2", "x", "99", "1"]})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/compare?entries=a/big&entries=a/small"
    assert editor.post("/compare", data={}).headers["Location"] == "/compare"


def test_it_is_reached_from_the_entry_and_the_bar(editor: IsolatedClient) -> None:
    assert "/compare?entry=a/big" in editor.get("/catalog/a/big").text
    assert "data-bulk-compare" in editor.get("/catalog").text
    assert "data-bulk-compare" not in editor.get("/provider-models").text
