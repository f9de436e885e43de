"""The table of entries as a browser without JavaScript sees it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.fields import CAPABILITIES, ENTRY_FIELDS, Kind
from app.core.permissions import Role
from app.models import db
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.support.people import logged_in
from tests.web.html import checked

HOSTILE = '"><script>alert(1)</script><hx-partial hx-target="body">'


@contextmanager
def counted_queries(app: Flask) -> Iterator[list[str]]:
    """The SELECTs made meanwhile."""
    made: list[str] = []

    def note(_c: object, _k: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            made.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield made
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_every_field_has_its_cell_in_registry_order(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, public_id="meta/llama-3", model_display_name="Llama 3")
    page = checked(editor.get("/catalog").text)
    row = page.one("tr", id=f"entry-{entry.id}")
    assert row["data-public-id"] == "meta/llama-3"
    cells = [cell["data-field"] for cell in page.all("td") if cell["data-field"]]
    assert cells == [field.name for field in ENTRY_FIELDS]
    heads = [head.text for head in page.all("th")]
    assert heads == ["Model", "Status", *(f.short or f.label for f in ENTRY_FIELDS[1:])]


def test_flags_are_switches_named_after_field_and_model(
    editor: IsolatedClient, session: Session
) -> None:
    make_entry(session, model_display_name="Llama 3", supports_tools=True, supports_audio=False)
    page = checked(editor.get("/catalog").text)
    for field in (f for f in ENTRY_FIELDS if f.kind is Kind.FLAG):
        switch = page.one("button", role="switch", aria_label=f"{field.label} for Llama 3")
        assert switch["name"] == "flip"
        assert switch["aria-checked"] in {"true", "false"}
    assert page.one("button", aria_label="Tools for Llama 3")["aria-checked"] == "true"
    known = page.one("button", aria_label="Audio for Llama 3")
    unknown = page.one("button", aria_label="Video for Llama 3")
    assert known["aria-checked"] == unknown["aria-checked"] == "false"
    assert (known["aria-describedby"], unknown["aria-describedby"]) == ("", "is-unknown")
    assert known["class"] != unknown["class"]


def test_manual_and_drifting_values_are_marked(editor: IsolatedClient, session: Session) -> None:
    make_entry(
        session,
        model_display_name="Llama 3",
        family="llama",
        manual_fields=["family", "supports_tools"],
        drift={"family": "meta"},
        status="updated",
        protection="entry",
    )
    page = checked(editor.get("/catalog").text)
    family, tools = (page.one("td", data_field=n) for n in ("family", "supports_tools"))
    assert (family["data-manual"], family["data-drift"]) == ("true", "true")
    assert (tools["data-manual"], tools["data-drift"]) == ("true", "")
    assert page.one("td", data_field="tags")["data-manual"] == "false"
    told = page.one("button", aria_label="Tools for Llama 3")["aria-describedby"].split()
    assert told == ["is-unknown", "is-manual"]


def test_a_viewer_sees_values_and_nothing_to_edit(viewer: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, model_display_name="Llama 3", supports_tools=True)
    page = checked(viewer.get("/catalog").text)
    assert page.all("button", role="switch") == []
    assert page.all("button", name="cell") == []
    own = [form["action"] for form in page.all("form", method="post")]
    assert own == ["/logout", "/tables/entry/views", "/tables/entry/layout"]
    page.one("span", aria_label="Tools: on")
    assert viewer.post("/entries/flip", data={"flip": f"{entry.id}:active:on"}).status_code == 403
    assert viewer.get(f"/entries/edit?cell={entry.id}:family").status_code == 403


def test_hostile_texts_stay_texts(editor: IsolatedClient, session: Session) -> None:
    texts = {"model_display_name", "family", "notes", "description", "requires_feature_flag"}
    make_entry(
        session,
        **dict.fromkeys(texts, HOSTILE),
        public_id="x/<b>id",
        tags=[HOSTILE],
        architecture={
            "modality": HOSTILE,
            "input_modalities": [HOSTILE],
            "output_modalities": [],
            "tokenizer": HOSTILE,
            "instruct_type": None,
        },
        supported_parameters={"names": [HOSTILE], "default": {HOSTILE: 1}},
        extras={HOSTILE: HOSTILE, "percent": "%(id)s %d"},
    )
    for address in ("/catalog", "/catalog/x/%3Cb%3Eid", "/"):
        html = editor.get(address).text
        checked(html)
        assert "<script>alert" not in html
        assert "<hx-partial" not in html
        assert "%(" not in html.replace("%(id)s %d", "")


def test_the_address_holds_the_state(editor: IsolatedClient, session: Session) -> None:
    make_entry(session, public_id="a/one", family="llama", supports_tools=True)
    make_entry(session, public_id="a/two", family="qwen")
    page = checked(editor.get("/catalog?q=&family=llama&supports_tools=true&status=").text)
    assert [row["data-public-id"] for row in page.all("tr") if row["id"]] == ["a/one"]
    chips = {a["aria-label"]: a["href"] for a in page.all("a", **{"class": "chip"})}
    assert chips == {
        "Remove the filter Family: llama": "/catalog?supports_tools=true",
        "Remove the filter Tools: yes": "/catalog?family=llama",
    }
    page.one("select", id="filter-family")
    assert page.all("option", value="llama")[0].attributes.get("selected", "no") != "no"


def test_a_wrong_parameter_is_refused(editor: IsolatedClient) -> None:
    assert editor.get("/catalog?activ=true").status_code == 400
    assert editor.get("/catalog?active=perhaps").status_code == 400


@pytest.mark.parametrize(
    ("address", "text"),
    [("/catalog", "The catalog is empty"), ("/catalog?q=zz", "Nothing matches")],
)
def test_an_empty_table_says_why(editor: IsolatedClient, address: str, text: str) -> None:
    answer = editor.get(address)
    checked(answer.text)
    assert text in answer.text


def test_a_page_beyond_the_last_leads_back(editor: IsolatedClient, session: Session) -> None:
    make_entry(session)
    assert "There is no page 7" in editor.get("/catalog?page=7").text


def test_pages_and_sorting_keep_the_filters(editor: IsolatedClient, session: Session) -> None:
    for number in range(60):
        make_entry(session, family="llama", context_length=number)
    page = checked(editor.get("/catalog?family=llama&sort=context_length&order=desc").text)
    assert len([row for row in page.all("tr") if row["id"]]) == 50
    last = page.one("a", aria_label="Last page")["href"]
    assert last == "/catalog?family=llama&sort=context_length&order=desc&page=2"
    assert len([r for r in checked(editor.get(last).text).all("tr") if r["id"]]) == 10
    assert page.one("th", aria_sort="descending").text == "Context"


def test_a_fragment_is_the_table_alone(editor: IsolatedClient, session: Session) -> None:
    make_entry(session)
    answer = editor.get("/catalog?q=&active=true", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith("<section")
    assert answer.headers["HX-Push-Url"] == "/catalog?active=true"
    assert "HX-Request" in answer.headers["Vary"]


def test_a_page_costs_the_same_queries_whatever_it_holds(app: Flask, session: Session) -> None:
    client = logged_in(app, Role.EDITOR)
    counts = []
    for number in (1, 49):
        for _ in range(number):
            make_entry(session, tags=["a"], manual_fields=["tags"])
        session.commit()
        client.get("/catalog")
        with counted_queries(app) as made:
            client.get("/catalog")
        counts.append(len(made))
    # Before the first batch nothing is remembered: each facet is read for itself.
    assert counts[0] == counts[1] <= 30


def test_all_capabilities_can_be_filtered(editor: IsolatedClient) -> None:
    page = checked(editor.get("/catalog").text)
    for field in CAPABILITIES:
        page.one("select", id=f"filter-{field.name}")


def test_the_chosen_value_of_a_long_list_is_selected(
    editor: IsolatedClient, session: Session
) -> None:
    for family in ("llama", "llama-2", HOSTILE):
        make_entry(session, family=family)
    for family in ("llama", HOSTILE, "gone"):
        answer = editor.get("/catalog", query_string={"family": family})
        chosen = [o for o in checked(answer.text).all("option") if "selected" in o.attributes]
        assert [o["value"] or o.text for o in chosen] == [family]
