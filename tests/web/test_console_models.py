"""Provider models in the console: their table, their editors, their page."""

import json
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.fields import PROVIDER_MODEL_FIELDS, Kind
from app.core.permissions import Role
from app.core.values import PRICE_UNITS
from app.models import Override, ProviderModel
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import logged_in
from tests.web.html import Page, checked
from tests.web.test_console_catalog import HOSTILE, counted_queries
from tests.web.test_console_editing import HTMX, checked_partials

PRICES = {
    "lines": [
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "150", "currency": "USD"},
        {"unit": "per_image", "amount_micro_usd": "40000", "currency": "USD"},
    ]
}
LIMITS = {"context_length": 128_000, "max_completion_tokens": None}
# What the editor of each kind sends for a value, and the value.
SAMPLES: dict[Kind, tuple[dict[str, Any], Any]] = {
    Kind.FLAG: ({"value": "false"}, False),
    Kind.TEXT: ({"value": " A name "}, "A name"),
    Kind.CHOICE: ({"value": "chat"}, "chat"),
    Kind.INTEGER: ({"value": "20"}, 20),
    Kind.PRICING: (
        {"unit": ["per_1k_prompt_tokens", "per_image", ""], "amount": ["0.15", "$0.04", ""]},
        PRICES,
    ),
    Kind.TOKEN_LIMITS: (
        {"context_length": "128,000", "max_completion_tokens": ""},
        LIMITS,
    ),
    Kind.REFERENCE: ({"value": "pmdl_sibling"}, "pmdl_sibling"),
}


def now_of(session: Session, pk: int, name: str) -> Any:
    session.expire_all()
    return getattr(session.get_one(ProviderModel, pk), name)


def form_of(page: Page) -> dict[str, list[str]]:
    """What a browser would send of the editor's form, untouched."""
    data: dict[str, list[str]] = {}
    options: list[Any] = []
    for element in page.elements:
        if "form" not in element.inside and element.tag != "form":
            continue
        if element.tag == "select":
            options = data.setdefault(element["name"], [])
            options.append("")
        elif element.tag == "option" and "selected" in element.attributes:
            options[-1] = element["value"]
        elif element.tag == "input" and element["name"]:
            data.setdefault(element["name"], []).append(element["value"])
    return data


def test_a_row_shows_offer_prices_limits_and_availability(
    editor: IsolatedClient, session: Session
) -> None:
    provider = make_provider(session, public_id="prov_acme", name="Acme", active=False)
    entry = make_entry(session, public_id="meta/llama", family="llama", supports_tools=True)
    model = make_provider_model(
        session,
        provider,
        entry,
        public_id="pmdl_1",
        raw_id="llama-raw",
        model_display_name="Llama",
        pricing=PRICES,
        token_limits=LIMITS,
    )
    page = checked(editor.get("/provider-models?provider_id=prov_acme").text)
    row = page.one("tr", id=f"provider-model-{model.id}")
    assert row["data-public-id"] == "pmdl_1"
    for text in ("Llama", "llama-raw", "Acme", "meta/llama", "0.15", "128,000", "Tools", "llama"):
        assert text in row.text, text
    assert "no: provider off" in row.text
    assert page.one("a", href="/provider-models/pmdl_1").text == "llama-raw"
    page.one("button", role="switch", aria_label="Active for Llama of Acme")
    page.one("input", type="checkbox", name="id", aria_label="Select Llama of Acme")
    fields = [cell["data-field"] for cell in page.all("td") if cell["data-field"]]
    assert sorted(fields) == sorted(field.name for field in PROVIDER_MODEL_FIELDS)
    page.one("a", aria_label="Remove the filter Provider: Acme")


@pytest.mark.parametrize("columns", ["active", "provider,active"])
def test_one_name_at_two_providers_is_two_names_where_it_is_read_alone(
    editor: IsolatedClient, session: Session, columns: str
) -> None:
    entry = make_entry(session)
    for name in ("Acme", "Umbrella"):
        offered = make_provider(session, name=name)
        make_provider_model(session, offered, entry, raw_id="llama", model_display_name="Llama")
    page = checked(editor.get(f"/provider-models?columns={columns}").text)
    rows = [row for row in page.all("tr") if row["data-public-id"]]
    labels = [one["aria-label"] for kind in ("input", "button") for one in page.all(kind)]
    for label in ("Active for", "Select", "Copy the id of"):
        said = [one for one in labels if one and one.startswith(f"{label} Llama")]
        assert sorted(said) == [f"{label} Llama of Acme", f"{label} Llama of Umbrella"]
    assert len(rows) == 2


def test_free_is_not_unknown(editor: IsolatedClient, session: Session) -> None:
    lines = [{"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0", "currency": "USD"}]
    make_provider_model(session, pricing={"lines": lines})
    cell = checked(editor.get("/provider-models").text).one("td", data_field="pricing")
    assert cell.text.strip() == "free / –"


@pytest.mark.parametrize("field", PROVIDER_MODEL_FIELDS, ids=lambda f: f.name)
def test_every_field_is_edited_by_a_plain_form(
    editor: IsolatedClient, session: Session, field: Any
) -> None:
    make_provider_model(session, public_id="pmdl_sibling")
    model = make_provider_model(session)
    before = getattr(model, field.name)
    sent, expected = SAMPLES[field.kind]
    address = f"/provider-models/edit?cell={model.id}:{field.name}&view=table"
    form = checked(editor.get(address).text).one("form", id="editor")
    answer = editor.post(
        form["action"],
        data=sent | {"opened": json.dumps(before), "back": "/provider-models?page=2"},
    )
    assert answer.status_code == 303
    assert answer.location == f"/provider-models?page=2#provider-model-{model.id}"
    assert now_of(session, model.id, field.name) == expected
    override = session.scalars(select(Override)).one()
    assert (override.record_type, override.field) == ("provider_model", field.name)


@pytest.mark.parametrize("field", PROVIDER_MODEL_FIELDS, ids=lambda f: f.name)
def test_an_editor_opens_on_what_it_saved(
    editor: IsolatedClient, session: Session, field: Any
) -> None:
    make_provider_model(session, public_id="pmdl_sibling")
    amounts = {unit: f"0.{'0' * n}125" for n, unit in enumerate(PRICE_UNITS)}
    lines = [{"unit": u, "amount_micro_usd": a, "currency": "USD"} for u, a in amounts.items()]
    value = {"lines": lines} if field.kind is Kind.PRICING else SAMPLES[field.kind][1]
    values: dict[str, Any] = {field.name: value}
    model = make_provider_model(session, **values)
    for headers in ({}, HTMX):
        page = checked(
            editor.get(f"/provider-models/edit?cell={model.id}:{field.name}", headers=headers).text
        )
        action = page.one("form", id="editor")["action"]
        assert editor.post(action, data=form_of(page)).status_code == 303
        assert now_of(session, model.id, field.name) == value


def _prices(*lines: tuple[str, str]) -> dict[str, Any]:
    return {"unit": [unit for unit, _ in lines], "amount": [amount for _, amount in lines]}


TOKENS = "per_1k_prompt_tokens"


@pytest.mark.parametrize(
    ("name", "sent", "message"),
    [
        ("pricing", _prices((TOKENS, "-1")), "must not be negative"),
        ("pricing", _prices((TOKENS, "0." + "0" * 27 + "1")), "at most 27 decimal places"),
        ("pricing", _prices((TOKENS, "0,15")), "no commas"),
        ("pricing", _prices((TOKENS, "much")), "an amount of dollars"),
        ("pricing", _prices(("per_smile", "1")), "unknown unit"),
        ("pricing", _prices(("", "1")), "needs a unit"),
        ("pricing", _prices((TOKENS, "1"), (TOKENS, "2")), "is there twice"),
        ("pricing", {"unit": [TOKENS], "amount": []}, "damaged"),
        ("token_limits", {"context_length": "1.5"}, "(context length) must be a whole number"),
        ("token_limits", {"max_completion_tokens": "-1"}, "must be a whole number"),
        (
            "token_limits",
            {"max_completion_tokens": "9" * 16},
            "(max completion tokens) must not be",
        ),
        ("model_order_number", {"value": "first"}, "must be a whole number"),
        ("instruct_model_public_id", {"value": "pmdl_nobody"}, "names no provider model"),
        ("instruct_model_public_id", {"value": "pmdl_self"}, "must not be the model itself"),
        ("instruct_model_public_id", {"value": "x" * 40}, "at most 32"),
        ("category", {"value": "x" * 256}, "at most 255"),
    ],
)
def test_what_is_not_acceptable_comes_back_with_the_form(
    editor: IsolatedClient, session: Session, name: str, sent: dict[str, Any], message: str
) -> None:
    model = make_provider_model(session, public_id="pmdl_self")
    before = getattr(model, name)
    url = f"/provider-models/{model.id}/fields/{name}"
    for headers in ({}, HTMX):
        data = sent | {"opened": json.dumps(before), "reason": "<i>"}
        answer = editor.post(url, data=data, headers=headers)
        assert answer.status_code == 422
        page = checked(answer.text)
        assert message in page.one("form", id="editor").text
        assert page.one("input", name="reason")["value"] == "<i>"
        for value in sent.get("amount", []):
            assert value in [i["value"] for i in page.all("input", name="amount")]
    assert now_of(session, model.id, name) == before


def test_the_wrong_line_is_the_one_marked(editor: IsolatedClient, session: Session) -> None:
    model = make_provider_model(session)
    data = _prices((TOKENS, "1"), ("per_image", "-2")) | {"opened": "null"}
    answer = editor.post(f"/provider-models/{model.id}/fields/pricing", data=data, headers=HTMX)
    wrong = [i["value"] for i in checked(answer.text).all("input", aria_invalid="true")]
    assert wrong == ["-2"]


@pytest.mark.parametrize(
    ("context", "completion", "wrong"),
    [("many", "5", ["many"]), ("5", "9" * 16, ["9" * 16]), ("-1", "few", ["-1", "few"])],
)
def test_the_wrong_limit_is_the_one_marked(
    editor: IsolatedClient, session: Session, context: str, completion: str, wrong: list[str]
) -> None:
    model = make_provider_model(session)
    sent = {"context_length": context, "max_completion_tokens": completion, "opened": "null"}
    url = f"/provider-models/{model.id}/fields/token_limits"
    page = checked(editor.post(url, data=sent, headers=HTMX).text)
    assert [i["value"] for i in page.all("input", aria_invalid="true")] == wrong
    for name in ("context_length", "max_completion_tokens"):
        said = f"({name.replace('_', ' ')})" in page.one("p", id="editor-problem").text
        assert said == (sent[name] in wrong)


def test_empty_amounts_take_lines_away(editor: IsolatedClient, session: Session) -> None:
    model = make_provider_model(session, pricing=PRICES)
    data = _prices((TOKENS, ""), ("per_image", "0")) | {"opened": json.dumps(PRICES)}
    assert editor.post(f"/provider-models/{model.id}/fields/pricing", data=data).status_code == 303
    lines = now_of(session, model.id, "pricing")["lines"]
    assert [(line["unit"], line["amount_micro_usd"]) for line in lines] == [("per_image", "0")]


def test_a_price_changed_meanwhile_is_asked_about(editor: IsolatedClient, session: Session) -> None:
    model = make_provider_model(session, pricing=PRICES)
    data = _prices((TOKENS, "9"), ("per_image", "1")) | {"opened": '{"lines": []}'}
    url = f"/provider-models/{model.id}/fields/pricing"
    page = checked(editor.post(url, data=data, headers=HTMX).text)
    assert "$0.15 per million" in page.one("form", id="editor").text
    assert "$9 per million" in page.one("form", id="editor").text
    assert editor.post(url, data=form_of(page)).status_code == 303
    assert now_of(session, model.id, "pricing")["lines"][0]["amount_micro_usd"] == "9000"


def test_a_flip_answers_with_the_row_and_an_undo(editor: IsolatedClient, session: Session) -> None:
    acme = make_provider(session, name="Acme")
    model = make_provider_model(session, acme, model_display_name="Llama")
    flip = {"flip": f"{model.id}:active:on", "view": "table"}
    answer = editor.post("/provider-models/flip", data=flip, headers=HTMX)
    page = checked_partials(answer.text)
    targets = [p["hx-target"] for p in page.all("hx-partial")]
    assert targets == [f"#provider-model-{model.id}", "#toasts"]
    assert page.one("button", aria_label="Active for Llama of Acme")["aria-checked"] == "false"
    undo = next(f for f in page.all("form") if f["action"].startswith("/batches/"))
    assert editor.post(undo["action"], data={"back": "/provider-models"}).status_code == 303
    assert now_of(session, model.id, "active") is True


def test_an_offer_is_flipped_on_the_page_of_its_entry(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, public_id="meta/llama")
    model = make_provider_model(session, entry=entry, model_display_name="Llama")
    page = checked(editor.get("/catalog/meta/llama").text)
    page.one("a", href=f"/provider-models/{model.public_id}")
    switch = page.one("button", form="flip-offer")
    data = {"flip": switch["value"], "view": "entry", "back": "/catalog/meta/llama"}
    answer = editor.post("/provider-models/flip", data=data, headers=HTMX)
    assert 'hx-target="#entry-page"' in answer.text
    assert "no: switched off" in answer.text
    assert editor.post("/provider-models/flip", data=data).status_code == 303
    assert now_of(session, model.id, "active") is False


def test_the_page_says_everything(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, public_id="meta/llama", active=False)
    model = make_provider_model(
        session, entry=entry, pricing=PRICES, category="chat", drift={"token_limits": LIMITS}
    )
    answer = editor.get(f"/provider-models/{model.public_id}")
    page = checked(answer.text)
    for text in ("no: entry off", "$0.15 per million", "$0.04 each", "1 of 1 in chat", "drifting"):
        assert text in re.sub(r"\s+", " ", page.elements[0].text), text
    cells = [cell["data-field"] for cell in page.all("td") if cell["data-field"]]
    assert cells == [field.name for field in PROVIDER_MODEL_FIELDS]
    page.one("select", id="protection")
    assert editor.get("/provider-models/pmdl_nobody").status_code == 404


def test_a_viewer_sees_values_and_nothing_to_edit(viewer: IsolatedClient, session: Session) -> None:
    model = make_provider_model(session, category="chat")
    for address in ("/provider-models", f"/provider-models/{model.public_id}"):
        page = checked(viewer.get(address).text)
        own = {form["action"] for form in page.all("form", method="post")}
        assert {url for url in own if not url.startswith("/tables/")} == {"/logout"}
        assert page.all("button", role="switch") == []
        assert {box["name"] for box in page.all("input", type="checkbox")} <= {"column", "shared"}
    flip = {"flip": f"{model.id}:active:on"}
    assert viewer.post("/provider-models/flip", data=flip).status_code == 403
    assert viewer.post("/provider-models/order", data={"id": model.id}).status_code == 403


def test_hostile_texts_stay_texts(editor: IsolatedClient, session: Session) -> None:
    provider = make_provider(session, name=HOSTILE)
    model = make_provider_model(
        session,
        provider,
        make_entry(session, family=HOSTILE),
        raw_id=HOSTILE,
        model_display_name="%(id)s" + HOSTILE,
        category=HOSTILE,
    )
    other = make_provider_model(session, provider)
    for address in (
        "/provider-models",
        f"/provider-models/{model.public_id}",
        f"/provider-models/edit?cell={other.id}:instruct_model_public_id",
        f"/provider-models/options?for={other.id}&q=script",
    ):
        html = editor.get(address).text
        checked(html)
        assert "<script>alert" not in html
        assert "<hx-partial" not in html


def test_suggestions_begin_with_the_same_provider(editor: IsolatedClient, session: Session) -> None:
    provider = make_provider(session, name="Acme")
    model = make_provider_model(session, provider, raw_id="llama-base")
    make_provider_model(session, raw_id="a-llama-elsewhere")
    make_provider_model(session, provider, raw_id="llama-instruct")
    gone = make_provider(session, deleted_at=1)
    make_provider_model(session, gone, raw_id="llama-gone")
    page = checked(editor.get(f"/provider-models/options?for={model.id}&q=LLAMA").text)
    found = [option.text for option in page.all("li", role="option")]
    assert [text.rpartition("· ")[2] for text in found] == ["llama-instruct", "a-llama-elsewhere"]
    assert editor.get("/provider-models/options?for=0&q=x").status_code == 404
    assert editor.get(f"/provider-models/options?for={model.id}&q=100%25").text.strip() == ""


def test_filters_and_wrong_parameters(editor: IsolatedClient, session: Session) -> None:
    make_provider_model(session, category="chat", model_display_name="In")
    make_provider_model(session, category="code", model_display_name="Out", active=False)
    page = checked(editor.get("/provider-models?category=chat&available=true&search=").text)
    assert [row.text.count("In") > 0 for row in page.all("tr") if row["id"]] == [True]
    assert "Clear all filters" in editor.get("/provider-models?search=zzz").text
    assert editor.get("/provider-models?colour=red").status_code == 400
    for name in ("provider_id", "family", "manual", "drift", "status", "supports_tools"):
        page.one("select", id=f"filter-{name}")


def test_a_page_costs_the_same_queries_whatever_it_holds(app: Flask, session: Session) -> None:
    client = logged_in(app, Role.EDITOR)
    counts = []
    for number in (1, 40):
        for _ in range(number):
            make_provider_model(session, pricing=PRICES, manual_fields=["pricing"])
        session.commit()
        client.get("/provider-models")
        with counted_queries(app) as made:
            client.get("/provider-models")
        counts.append(len(made))
    # Before the first batch nothing is remembered: each facet is read for itself.
    assert counts[0] == counts[1] <= 28
