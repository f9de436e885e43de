"""A record's page tells its past: history by field, prices over time, who says what since when."""

import json
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Batch, CatalogEntry, Change, Feed, ProviderModel, SyncItem, SyncRun
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import actor_of
from tests.web.html import Page, checked

EDITOR = actor_of(Role.EDITOR)
START = 1_700_000_000
PAGE = "/catalog/acme/m"


def priced(prompt: str, image: str | None = None) -> dict[str, Any]:
    amounts = {"per_1k_prompt_tokens": prompt, "per_image": image}
    lines = [
        {"unit": unit, "amount_micro_usd": amount, "currency": "USD"}
        for unit, amount in amounts.items()
        if amount
    ]
    return {"lines": lines}


@pytest.fixture
def entry(session: Session) -> CatalogEntry:
    made = make_entry(
        session, public_id="acme/m", context_length=8_000, family="one", created_at=START
    )
    session.commit()
    return made


@pytest.fixture
def model(session: Session, entry: CatalogEntry) -> ProviderModel:
    provider = make_provider(session, name="Cheap <b>")
    made = make_provider_model(
        session, provider, entry, public_id="pmdl_1", pricing=priced("150"), created_at=START
    )
    session.commit()
    return made


def edit(session: Session, kind: Any, record: int, at: int, **values: Any) -> None:
    batch = edit_record(
        session, EDITOR, kind, record, values, default_protection="fields", reason="checked <it>"
    ).batch
    session.execute(update(Batch).where(Batch.public_id == batch).values(created_at=START + at))
    session.commit()


def plots(page: Page) -> dict[str, Any]:
    drawn = (e for e in page.all("div") if "data-plot" in e.attributes)
    return {e["id"]: json.loads(e["data-plot"]) for e in drawn}


def test_an_entry_names_who_changed_a_price_last(
    session: Session, editor: IsolatedClient, entry: CatalogEntry, model: ProviderModel
) -> None:
    def shown() -> Page:
        return checked(editor.get(PAGE).text)

    assert "unchanged" in shown().one("tr", id=f"offer-{model.id}").text
    edit(session, "provider_model", model.id, 0, pricing=priced("300"))
    edit(session, "provider_model", model.id, 1, token_limits={"context_length": 5})
    address = "/provider-models/pmdl_1?field=pricing#history"
    link = shown().one("a", href=address)
    assert link.text.startswith(f"{EDITOR.name} ")
    assert link["title"].endswith(": checked <it>")


def test_history_is_filtered_by_field_and_paged(
    session: Session, editor: IsolatedClient, entry: CatalogEntry
) -> None:
    for n in range(4):
        edit(session, "entry", entry.id, n, family=f"family {n}", notes=f"note {n}")
    page = checked(editor.get(f"{PAGE}?field=notes").text)
    text = page.one("section", id="history").text
    assert "note 3" in text
    assert "family 3" not in text
    assert "History of Notes" in text
    older = session.scalars(select(Change.id).where(Change.field == "notes")).all()
    page = checked(editor.get(f"{PAGE}?field=notes&before={sorted(older)[1]}").text)
    text = page.one("section", id="history").text
    assert "note 0" in text
    assert "note 1" not in text
    undo = [form for form in page.all("form") if form["action"].endswith("/undo")]
    assert len(undo) == 1
    assert page.all("a", href=f"{PAGE}?field=family#history"), "each field leads to its history"


@pytest.mark.parametrize("query", ["field=colour", "before=x", "before=-1", "before=" + "9" * 30])
def test_a_wrong_page_of_the_history_is_refused(
    editor: IsolatedClient, entry: CatalogEntry, query: str
) -> None:
    answer = editor.get(f"{PAGE}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.text


def test_more_changes_than_a_page_lead_on(
    session: Session, viewer: IsolatedClient, entry: CatalogEntry
) -> None:
    for n in range(51):
        edit(session, "entry", entry.id, n, notes=str(n))
    page = checked(viewer.get(f"{PAGE}?field=notes").text)
    (older,) = (link["href"] for link in page.all("a") if link["rel"] == "next")
    text = checked(viewer.get(older.partition("#")[0]).text).one("section", id="history").text
    assert "0" in text
    assert "Older changes" not in text


def test_prices_and_limits_are_plotted_with_the_table_behind(
    session: Session, viewer: IsolatedClient, model: ProviderModel
) -> None:
    edit(session, "provider_model", model.id, 100, pricing=priced("300", "5000"))
    edit(session, "provider_model", model.id, 200, pricing=priced("0", "5000"))
    page = checked(viewer.get("/provider-models/pmdl_1").text)
    drawn = plots(page)
    tokens = drawn["plot-token-prices"]
    assert tokens["x"][:3] == [START, START + 100, START + 200]
    assert (tokens["labels"], tokens["y"]) == (["Prompt tokens"], [[0.15, 0.3, 0, 0]])
    assert drawn["plot-other-prices"]["y"] == [[None, 0.005, 0.005]]
    assert "plot-limits" not in drawn, "nothing is known of its limits"
    tables = [e.text for e in page.all("details") if "plot-table" in e["class"]]
    for text in ("$0.15", "$0.30", "$0", "first known", "checked <it>", EDITOR.name):
        assert text in tables[0]
    assert "unknown" in tables[1]


def test_an_entry_shows_its_context_and_its_providers_prices(
    session: Session, viewer: IsolatedClient, entry: CatalogEntry, model: ProviderModel
) -> None:
    same = checked(viewer.get(PAGE).text)
    assert plots(same) == {}
    assert "Unchanged since 2023-11-14" in same.elements[0].text
    edit(session, "entry", entry.id, 100, context_length=None)
    edit(session, "entry", entry.id, 200, context_length=16_000)
    edit(session, "provider_model", model.id, 300, pricing=priced("300"))
    drawn = plots(checked(viewer.get(PAGE).text))
    assert drawn["plot-context"]["y"] == [[8_000, None, 16_000, 16_000]]
    assert drawn["plot-input"]["labels"] == ["Cheap <b>"]
    assert drawn["plot-input"]["y"] == [[0.15, 0.3, 0.3]]


def test_every_field_says_whose_it_is_and_since_when(
    session: Session, viewer: IsolatedClient, entry: CatalogEntry
) -> None:
    edit(session, "entry", entry.id, 86_400 * 10, family="two")
    feed = Feed(name="router", kind="openrouter", miss_limit=2, minimum_share=80, created_at=0)
    session.add(feed)
    session.flush()
    run = SyncRun(public_id="run_1", feed_id=feed.id, trigger="cli", actor_kind="system", actor="x")
    run.run_at = run.created_at = 0
    session.add(run)
    session.flush()
    item = SyncItem(run_id=run.id, feed_id=feed.id, kind="updated", record_type="entry", name="m")
    item.record_id, item.field, item.new, item.state = entry.id, "context_length", 77, "waiting"
    item.reason, item.message, item.created_at = "context_drop", "less than half", START
    session.add(item)
    session.commit()
    page = checked(viewer.get(PAGE).text)
    table = page.one("table", id=f"entry-{entry.id}").text
    assert "since 2023-11-24" in table, "the family was edited then"
    assert "since 2023-11-14" in table, "the context is as old as the entry"
    assert "router: waits for a decision" in table
    assert page.all("a", href="/review?record=acme/m")
    text = " ".join(page.elements[0].text.split())
    for words in ("Held for review", "77", "less than half"):
        assert words in text
