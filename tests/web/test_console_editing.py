"""Editing as ordinary forms and as htmx sends it."""

import html
import json
import re
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import ENTRY_FIELDS, FIELDS, Kind
from app.models import CatalogEntry, Override
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry
from tests.web.html import checked

HTMX = {"HX-Request": "true"}
ARCHITECTURE = {
    "modality": "text->text",
    "input_modalities": ["text", "smell"],
    "output_modalities": ["text"],
    "tokenizer": "GPT",
    "instruct_type": None,
}
# What the editor of each kind sends for a value, and the value.
SAMPLES: dict[Kind, tuple[dict[str, Any], Any]] = {
    Kind.FLAG: ({"value": "true"}, True),
    Kind.TEXT: ({"value": "  A name "}, "A name"),
    Kind.CHOICE: ({"value": "llama"}, "llama"),
    Kind.LONG_TEXT: ({"value": "one\r\ntwo"}, "one\ntwo"),
    Kind.INTEGER: ({"value": "128,000"}, 128_000),
    Kind.TAGS: ({"value": 'fast, "a, b",  cheap'}, ["fast", "a, b", "cheap"]),
    Kind.ARCHITECTURE: (
        {
            "modality": "text->text",
            "input_modalities": "text",
            "input_modalities_more": "smell",
            "output_modalities": "text",
            "tokenizer": "GPT",
        },
        ARCHITECTURE,
    ),
    Kind.PARAMETERS: (
        {"name": "top_p", "of": "top_p", "default": "0.5", "more": "seed, stop"},
        {"names": ["top_p", "seed", "stop"], "default": {"top_p": 0.5}},
    ),
    Kind.JSON: ({"value": '{"a": [1, 2]}'}, {"a": [1, 2]}),
}


def _now(session: Session, pk: int, name: str) -> Any:
    session.expire_all()
    return getattr(session.get_one(CatalogEntry, pk), name)


def _opened(value: Any) -> dict[str, str]:
    return {"opened": json.dumps(value)}


@pytest.mark.parametrize("field", ENTRY_FIELDS, ids=lambda f: f.name)
def test_every_field_is_edited_by_a_plain_form(
    editor: IsolatedClient, session: Session, field: Any
) -> None:
    entry = make_entry(session)
    value_before = getattr(entry, field.name)
    sent, expected = SAMPLES[field.kind]
    page = checked(editor.get(f"/entries/edit?cell={entry.id}:{field.name}&view=table").text)
    form = page.one("form", id="editor")
    assert json.loads(page.one("input", name="opened")["value"]) == value_before
    answer = editor.post(
        form["action"],
        data=sent | _opened(value_before) | {"back": "/catalog?q=x", "reason": "measured"},
    )
    assert answer.status_code == 303
    assert answer.location == f"/catalog?q=x#entry-{entry.id}"
    assert _now(session, entry.id, field.name) == expected
    override = session.scalars(select(Override)).one()
    assert (override.field, override.reason) == (field.name, "measured")


@pytest.mark.parametrize("field", ENTRY_FIELDS, ids=lambda f: f.name)
def test_an_editor_opens_on_what_it_saved(
    editor: IsolatedClient, session: Session, field: Any
) -> None:
    """Opening and saving without a change keeps the value, whatever it holds."""
    value = {
        Kind.TAGS: ["a", 'quote " here', "comma, here"],
        Kind.PARAMETERS: {"names": ["b", "a"], "default": {"a": None, "b": 1.5, "z": 3}},
        Kind.LONG_TEXT: "\n leading, <b>markup</b> & more".strip(),
    }.get(field.kind, SAMPLES[field.kind][1])
    entry = make_entry(session, **{field.name: value})
    page = checked(editor.get(f"/entries/edit?cell={entry.id}:{field.name}").text)
    data: dict[str, Any] = {}
    for element in page.elements:
        name, inside = element["name"], "form" in element.inside
        if not name or not inside or element["type"] == "search":
            continue
        if element["type"] == "checkbox" and "checked" not in element.attributes:
            continue
        text = element["value"]
        if element.tag == "textarea":
            text = element.text.removeprefix("\n")
        if element.tag == "select":
            chosen = [o for o in page.all("option") if "selected" in o.attributes]
            text = chosen[0]["value"]
        data.setdefault(name, []).append(text)
    assert editor.post(page.one("form", id="editor")["action"], data=data).status_code == 303
    assert _now(session, entry.id, field.name) == value


@pytest.mark.parametrize(
    ("name", "sent", "message"),
    [
        ("context_length", {"value": "12.5"}, "must be a whole number"),
        ("context_length", {"value": "128k"}, "must be a whole number"),
        ("context_length", {"value": "-1"}, "must be a whole number"),
        ("model_display_name", {"value": "x" * 256}, "at most 255"),
        ("extras", {"value": "{"}, "is not JSON"),
        ("extras", {"value": "[1]"}, "must be a JSON object"),
        ("extras", {"value": '{"a": NaN}'}, "NaN"),
        ("extras", {"value": '{"a": ' + "9" * 5000 + "}"}, "too many digits"),
        ("extras", {"value": '{"a":' * 900 + "1" + "}" * 900}, "nested"),
        ("extras", {"value": '{"a":' * 5000 + "1" + "}" * 5000}, "nested too deeply"),
        ("supported_parameters", {"of": "top_p", "default": "much"}, "must be a number"),
        ("supported_parameters", {"of": "top_p", "default": "9" * 5000}, "must be a finite number"),
        ("tags", {"value": "x" * 300}, "at most 255"),
        ("active", {"value": ""}, "null is not accepted"),
    ],
)
def test_what_is_not_acceptable_comes_back_with_the_form(
    editor: IsolatedClient, session: Session, name: str, sent: dict[str, str], message: str
) -> None:
    entry = make_entry(session)
    before = getattr(entry, name)
    url = f"/entries/{entry.id}/fields/{name}"
    for headers in ({}, HTMX):
        data = sent | _opened(before) | {"reason": "<i>"}
        answer = editor.post(url, data=data, headers=headers)
        assert answer.status_code == 422
        page = checked(answer.text)
        assert message in page.one("p", id="editor-problem").text
        assert page.one("input", name="reason")["value"] == "<i>"
        if "value" in sent and name != "active":
            assert (
                html.escape(sent["value"]).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
                in answer.text
            )
        assert (answer.headers.get("HX-Retarget") == "#editor") == bool(headers)
    assert _now(session, entry.id, name) == before


def test_a_value_changed_meanwhile_is_asked_about(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, family="theirs")
    url = f"/entries/{entry.id}/fields/family"
    sent = {"value": "mine", "reason": "why"} | _opened("before")
    for headers in ({}, HTMX):
        answer = editor.post(url, data=sent, headers=headers)
        assert answer.status_code == 409
        page = checked(answer.text)
        text = page.one("form", id="editor").text
        assert "theirs" in text
        assert "mine" in text
        keep = {e["name"]: e["value"] for e in page.all("input")}
        assert json.loads(keep["opened"]) == "theirs"
        assert _now(session, entry.id, "family") == "theirs"
    assert editor.post(url, data=sent | _opened("theirs")).status_code == 303
    assert _now(session, entry.id, "family") == "mine"


def test_a_flag_flips_by_a_plain_form(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, supports_tools=None)
    for seen, expected in (("unknown", True), ("on", False), ("off", True)):
        answer = editor.post(
            "/entries/flip",
            data={"flip": f"{entry.id}:supports_tools:{seen}", "back": "/catalog?page=2"},
        )
        assert (answer.status_code, answer.location) == (303, f"/catalog?page=2#entry-{entry.id}")
        assert _now(session, entry.id, "supports_tools") is expected
    assert "Tools is on for" in editor.get("/catalog").text


def test_a_flip_answers_htmx_with_the_row_and_a_message(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, model_display_name="Llama 3", supports_tools=True)
    answer = editor.post(
        "/entries/flip", data={"flip": f"{entry.id}:supports_tools:on"}, headers=HTMX
    )
    assert answer.status_code == 200
    page = checked_partials(answer.text)
    assert [p["hx-target"] for p in page.all("hx-partial")] == [f"#entry-{entry.id}", "#toasts"]
    switch = page.one("button", aria_label="Tools for Llama 3")
    assert switch["aria-checked"] == "false"
    assert page.one("td", data_field="supports_tools")["data-manual"] == "true"
    assert page.all("form")[0]["action"].startswith("/batches/batch_")
    assert "Undo" in answer.text


def checked_partials(text: str) -> Any:
    """A fragment's own texts for marks stand on the page that it goes into."""
    return checked(
        text + '<i id="is-unknown"></i><i id="is-manual"></i><i id="is-drift"></i>'
        '<form id="flip"></form><form id="edit"></form><form id="bulk"></form>'
    )


def test_a_flip_of_a_flag_that_changed_meanwhile_shows_it(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, supports_tools=False)
    flip = {"flip": f"{entry.id}:supports_tools:on"}
    answer = editor.post("/entries/flip", data=flip, headers=HTMX)
    assert answer.status_code == 409
    assert "was changed meanwhile: it is no" in answer.text
    assert editor.post("/entries/flip", data=flip).status_code == 303
    assert _now(session, entry.id, "supports_tools") is False


@pytest.mark.parametrize(
    "flip",
    ["", "x", "0:active:on", "1:family:on", "1:active:maybe", "1:nothing:on", "-1:active:on"],
)
def test_nonsense_is_not_found(editor: IsolatedClient, session: Session, flip: str) -> None:
    make_entry(session)
    assert editor.post("/entries/flip", data={"flip": flip}).status_code == 404
    assert editor.get("/entries/edit", query_string={"cell": flip}).status_code in {200, 404}


def test_a_value_goes_back_to_the_feeds(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, supports_tools=None)
    editor.post("/entries/flip", data={"flip": f"{entry.id}:supports_tools:unknown"})
    editor.post("/entries/flip", data={"flip": f"{entry.id}:active:on"})
    url = f"/entries/{entry.id}/reset"
    answer = editor.post(url, data={"field": "supports_tools", "view": "entry"})
    assert answer.status_code == 303
    assert answer.location.startswith("/catalog/")
    assert _now(session, entry.id, "supports_tools") is None
    assert _now(session, entry.id, "manual_fields") == ["active"]
    assert editor.post(url).status_code == 303
    assert _now(session, entry.id, "manual_fields") == []
    assert _now(session, entry.id, "active") is True


def test_what_an_edit_holds_is_chosen(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session)
    url = f"/entries/{entry.id}/protection"
    assert editor.post(url, data={"protection": "fields"}).status_code == 303
    assert _now(session, entry.id, "protection_choice") == "fields"
    assert editor.post(url, data={"protection": "none"}).status_code == 400


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/catalog\\evil", "/users", "/catalog\n"]
)
def test_no_form_leads_elsewhere(editor: IsolatedClient, session: Session, back: str) -> None:
    entry = make_entry(session, public_id="a/b")
    answer = editor.post("/entries/flip", data={"flip": f"{entry.id}:active:on", "back": back})
    assert answer.location == f"/catalog/a/b#entry-{entry.id}"


def test_the_card_of_a_value_says_who_when_why(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, family="llama")
    editor.post(
        f"/entries/{entry.id}/fields/family",
        data={"value": "qwen", "reason": "the card says so"} | _opened("llama"),
    )
    answer = editor.get(f"/entries/{entry.id}/fields/family/origin?view=table", headers=HTMX)
    checked(answer.text)
    text = re.sub(r"\s+", " ", answer.text)
    for expected in ("editor@example.org", "qwen", "the card says so", "UTC", "Give back"):
        assert expected in text


def test_an_unknown_field_or_entry_is_not_found(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session)
    for url in (
        f"/entries/{entry.id}/fields/status/origin",
        f"/entries/{entry.id + 1}/fields/family/origin",
        f"/entries/edit?cell={entry.id}:status",
        "/entries/edit?cell=99999999999999999999:family",
    ):
        assert editor.get(url).status_code == 404


def test_every_kind_of_an_entry_has_a_sample() -> None:
    assert {f.kind for f in FIELDS["entry"].values()} <= SAMPLES.keys()


def test_a_cell_pressed_without_a_script_flips_or_opens_its_editor(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, supports_tools=False)
    back = {"view": "table", "back": "/catalog?page=2"}
    flipped = editor.post("/entries/cell", data={"flip": f"{entry.id}:supports_tools:off"} | back)
    assert (flipped.status_code, flipped.location) == (303, f"/catalog?page=2#entry-{entry.id}")
    assert _now(session, entry.id, "supports_tools") is True
    opened = editor.post("/entries/cell", data={"cell": f"{entry.id}:family"} | back)
    assert opened.status_code == 303
    page = checked(editor.get(opened.location).text)
    assert page.one("form", id="editor")["action"] == f"/entries/{entry.id}/fields/family"
    assert page.one("a", href="/catalog?page=2")["href"] == "/catalog?page=2"
    for wrong in ({}, {"cell": "0:family"}, {"flip": "x"}):
        answer = editor.post("/entries/cell", data=wrong, follow_redirects=True)
        assert answer.status_code == 404
