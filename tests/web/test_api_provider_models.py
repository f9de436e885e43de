"""`/v1/admin/models/provider-models`, line by line of the contract: what is right, what is not."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.core.values import MAX_INTEGER, PRICE_UNITS
from app.models import Batch, Change, Override, Provider, ProviderModel
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import api_client
from tests.web.test_api_catalog import assert_refused, body_of, count_statements

LIST = "/v1/admin/models/provider-models"
ID = "pmdl_one"
ONE = f"{LIST}/{ID}"
KEYS = {
    *("id", "provider_id", "provider_vendor", "model_catalog_id", "model_public_id"),
    *("provider_original_model_id", "model_display_name", "category", "category_order_number"),
    *("model_order_number", "pricing", "token_limits", "family", "supports_audio"),
    *("supports_browser", "supports_embeddings", "supports_images", "supports_instruct"),
    *("supports_reasoning", "supports_tools", "supports_video", "active", "available"),
    *("instruct_model_public_id", "status", "manual_fields", "drift", "version", "created_at"),
    "updated_at",
}
AMOUNT = '{"pricing": {"lines": [{"unit": "per_request", "amount_micro_usd": 0.5}]}}'
FINE = "0.000000000000000000000125"  # exact, and no float


def line(unit: str, amount: Any, **more: Any) -> dict[str, Any]:
    return {"unit": unit, "amount_micro_usd": amount, **more}


def price(unit: str, amount: str) -> dict[str, Any]:
    return line(unit, amount, currency="USD")


@pytest.fixture
def model(session: Session) -> ProviderModel:
    provider = make_provider(session, public_id="prov_one", name="Größe AG", vendor="groesse")
    entry = make_entry(
        session,
        aliases=["openai:gpt-4o"],
        public_id="openai/gpt-4o",
        family="gpt",
        supports_tools=True,
    )
    made = make_provider_model(
        session,
        provider,
        entry,
        public_id=ID,
        raw_id="GPT-4o:free",
        model_display_name="GPT-4o",
        category="Chat",
        pricing={"lines": [price("per_1k_prompt_tokens", FINE), price("per_image", "0")]},
        token_limits={"context_length": 8192, "max_completion_tokens": None},
        created_at=1_000,
        updated_at=1_000,
    )
    make_provider_model(session, provider, entry, public_id="pmdl_two", created_at=500)
    session.commit()
    return made


@pytest.fixture
def editor(app: Flask, client: IsolatedClient) -> IsolatedClient:
    return api_client(app, Role.EDITOR)


@pytest.fixture
def viewer(app: Flask, client: IsolatedClient) -> IsolatedClient:
    return api_client(app, Role.VIEWER)


def contents(session: Session) -> dict[str, Any]:
    """What an edit could have written."""
    session.rollback()
    rows = session.execute(select(*ProviderModel.__table__.columns)).mappings().all()
    counts = [session.scalar(select(func.count()).select_from(t)) for t in (Override, Change)]
    edits = session.scalar(select(func.count()).where(Batch.kind == "edit"))
    texts = sorted(session.scalars(text("SELECT text FROM provider_model_search")))
    return {"rows": rows, "counts": counts, "edits": edits, "texts": texts}


def test_a_list_has_data_total_limit_and_offset(
    model: ProviderModel, viewer: IsolatedClient
) -> None:
    answer = body_of(viewer.get(LIST))
    assert list(answer) == ["data", "total", "limit", "offset"]
    assert (answer["total"], answer["limit"], answer["offset"]) == (2, 20, 0)
    assert [m["id"] for m in answer["data"]] == [ID, "pmdl_two"]
    assert all(set(m) == KEYS for m in answer["data"])
    second = body_of(viewer.get(f"{LIST}?limit=1&offset=1"))
    assert ([m["id"] for m in second["data"]], second["total"]) == (["pmdl_two"], 2)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        *(("search=gpt-4O", 2), ("search=gr%C3%B6%C3%9Fe", 2), ("search=:FREE", 1)),
        *(("search=%25", 0), ("model_key=openai/gpt-4o", 2), ("model_key=OpenAI:gpt-4o", 2)),
        *(("model_key=GPT-4o:free", 1), ("model_key=pmdl_two", 1), ("model_key=gpt", 0)),
        *(("provider_id=prov_one", 2), ("provider_id=prov_other", 0), ("category=Chat", 1)),
        *(("family=gpt", 2), ("family=g", 0), ("supports_tools=true", 2), ("active=true", 2)),
        *(("supports_video=false", 2), ("available=true", 2), ("available=false", 0)),
        *(("status=filled", 2), ("manual=true", 0), ("drift=false", 2), ("retired=true", 0)),
        ("search=gpt&category=Chat&provider_id=prov_one&available=true&limit=1000", 1),
    ],
)
@pytest.mark.engines("sqlite")
def test_each_parameter_filters(
    model: ProviderModel, viewer: IsolatedClient, query: str, found: int
) -> None:
    answer = body_of(viewer.get(f"{LIST}?{query}"))
    assert answer["total"] == len(answer["data"]) == found


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(
    ("query", "field", "hint"),
    [
        *(("limit=0", "limit", ""), ("offset=-1", "offset", ""), ("order=down", "order", "")),
        ("sort=prompt", "sort", "prompt_price"),
        ("sort=pricing", "sort", "prompt_price"),
        *(("status=new", "status", ""), ("available=1", "available", "")),
        *(("provider_id=openai", "provider_id", "prov_"), ("provider_id=", "provider_id", "")),
        *(
            ("q=x", "q", ""),
            ("provider=x", "provider", "provider_id"),
            ("category=", "category", ""),
        ),
        *((f"search={'x' * 256}", "search", ""), ("active=true&active=true", "active", "")),
        ("suports_tools=true", "suports_tools", "supports_tools"),
    ],
)
def test_a_parameter_that_cannot_be_understood_is_refused(
    viewer: IsolatedClient, query: str, field: str, hint: str
) -> None:
    problem = assert_refused(viewer.get(f"{LIST}?{query}"), 400, field)
    assert hint in problem["details"][0]["message"]


def test_a_provider_model_shows_every_key_and_its_prices_exactly(
    model: ProviderModel, viewer: IsolatedClient
) -> None:
    response = viewer.get(ONE)
    shown = body_of(response)
    assert set(shown) == KEYS
    assert shown["model_catalog_id"] == shown["model_public_id"] == "openai/gpt-4o"
    assert (shown["provider_id"], shown["provider_vendor"]) == ("prov_one", "groesse")
    assert shown["provider_original_model_id"] == "GPT-4o:free"
    assert (shown["supports_tools"], shown["supports_video"], shown["family"]) == (
        True,
        False,
        "gpt",
    )
    assert f'"unit":"per_1k_prompt_tokens","amount_micro_usd":{FINE},' in response.text
    assert '"unit":"per_image","amount_micro_usd":0,' in response.text
    assert shown["token_limits"] == {"context_length": 8192, "max_completion_tokens": None}
    assert response.headers["ETag"].startswith('"1.')
    unknown = body_of(viewer.get(f"{LIST}/pmdl_two"))
    assert (unknown["pricing"], unknown["token_limits"]) == ({"lines": []}, None)


@pytest.mark.engines("sqlite")
def test_an_etag_saves_sending_it_again_until_anything_shown_changes(
    session: Session, model: ProviderModel, viewer: IsolatedClient
) -> None:
    tag = viewer.get(ONE).headers["ETag"]
    assert viewer.get(ONE, headers={"If-None-Match": tag}).status_code == 304
    session.get_one(Provider, model.provider_id).active = False
    session.commit()
    again = viewer.get(ONE, headers={"If-None-Match": tag})
    assert (again.status_code, again.get_json()["available"]) == (200, False)


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("part"), ["no", "pmdl_ONE", "x" * 256, "a%2Fb", "%FF", "pmdl_one/"])
def test_an_id_that_is_none_is_not_found(
    session: Session, model: ProviderModel, editor: IsolatedClient, part: str
) -> None:
    before = contents(session)
    assert_refused(editor.get(f"{LIST}/{part}"), 404)
    assert_refused(editor.patch(f"{LIST}/{part}", json={"active": True}), 404)
    assert contents(session) == before


def test_a_model_of_a_deleted_provider_is_not_there(
    session: Session, model: ProviderModel, editor: IsolatedClient
) -> None:
    session.get_one(Provider, model.provider_id).deleted_at = 1
    session.commit()
    before = contents(session)
    assert body_of(editor.get(LIST))["total"] == 0
    assert_refused(editor.get(ONE), 404)
    assert_refused(editor.patch(ONE, json={"active": False}), 404)
    assert contents(session) == before


RIGHT: list[tuple[str, Any, Any]] = [
    *(("active", value, value) for value in (True, False)),
    *((name, None, None) for name in ("model_display_name", "category", "token_limits")),
    *((name, None, None) for name in ("category_order_number", "model_order_number")),
    ("instruct_model_public_id", None, None),
    ("instruct_model_public_id", "pmdl_two", "pmdl_two"),
    ("model_display_name", " GPT 4o ", "GPT 4o"),
    ("category", "Größe", "Größe"),
    ("category_order_number", 0, 0),
    ("model_order_number", 7.0, 7),
    ("token_limits", {"context_length": 9}, {"context_length": 9, "max_completion_tokens": None}),
    ("token_limits", {}, {"context_length": None, "max_completion_tokens": None}),
    ("pricing", {"lines": []}, {"lines": []}),
    (
        "pricing",
        {"lines": [line("per_request", 0), line("per_1k_prompt_tokens", "0.10")]},
        {"lines": [price("per_1k_prompt_tokens", "0.1"), price("per_request", "0")]},
    ),
    (
        "pricing",
        {"lines": [line(unit, n, currency="USD") for n, unit in enumerate(PRICE_UNITS)]},
        {"lines": [price(unit, str(n)) for n, unit in enumerate(PRICE_UNITS)]},
    ),
]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("field", "sent", "kept"), RIGHT)
def test_a_field_is_replaced_whole_and_becomes_manual(
    session: Session,
    model: ProviderModel,
    editor: IsolatedClient,
    field: str,
    sent: Any,
    kept: Any,
) -> None:
    before = body_of(editor.get(ONE))
    after = body_of(editor.patch(ONE, json={field: sent}))
    stored = session.scalar(
        select(getattr(ProviderModel, field)).where(ProviderModel.id == model.id)
    )
    assert stored == kept
    assert (after["status"], after["manual_fields"]) == ("updated", [field])
    assert after == body_of(editor.get(ONE))
    changed = {name for name in KEYS if before[name] != after[name]}
    assert changed <= {field, "available", "status", "manual_fields", "version", "updated_at"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("0.000125", "0.000125"),
        (FINE, FINE),
        ("123456789.123456789012345678", "123456789.123456789012345678"),
        *(("1e-7", "0.0000001"), ("1.50", "1.5"), ("2.0", "2"), ("0.0", "0"), ("-0.0", "0")),
        *((f'"{FINE}"', FINE), ('"0.1"', "0.1"), (str(MAX_INTEGER), str(MAX_INTEGER))),
    ],
)
def test_an_amount_goes_in_and_out_without_becoming_another(
    model: ProviderModel, editor: IsolatedClient, sent: str, kept: str
) -> None:
    body = AMOUNT.replace("0.5", sent)
    response = editor.patch(ONE, data=body, content_type="application/json")
    assert response.status_code == 200, response.text
    assert f'"amount_micro_usd":{kept},' in response.text
    again = editor.patch(ONE, data=response.text, content_type="application/json")
    assert f'"amount_micro_usd":{kept},' in again.text


def each(name: str, *values: Any) -> list[tuple[str, Any]]:
    return [(name, value) for value in values]


BAD_AMOUNTS: tuple[Any, ...] = (
    *(-1, "-1", True, "x", "", [], 10**16, "1e-25", "NaN", "1e999999999999"),
)
WRONG: list[tuple[str, Any]] = [
    *each("active", None, "true", 1, 0, []),
    *each("model_display_name", "x" * 256, 1, "a\nb", "a\x00b"),
    *each("category", 1, ["Chat"]),
    *each("category_order_number", -1, 1.5, "1", True, 10**16),
    *each("model_order_number", -1, 0.1),
    *each("token_limits", [], {"context": 1}, {"context_length": -1}, {"context_length": "1"}),
    *each("instruct_model_public_id", ID, "pmdl_none", "x" * 33, 1),
    *each("pricing", None, [], {"line": []}, {"lines": {}}, {"lines": [1]}, {"lines": [{}]}),
    *each("pricing", {"lines": [line("per_request", 1), line("per_request", 1)]}),
    *each("pricing", {"lines": [line("per_token", 1)]}, {"lines": [line("per_request", None)]}),
    *(("pricing", {"lines": [line("per_request", amount)]}) for amount in BAD_AMOUNTS),
    *each("pricing", {"lines": [line("per_request", 1, currency="EUR")]}),
    *each("pricing", {"lines": [line("per_request", 1, per="x")]}),
]


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize(("field", "sent"), WRONG)
def test_a_wrong_value_is_refused_and_nothing_is_written(
    session: Session, model: ProviderModel, editor: IsolatedClient, field: str, sent: Any
) -> None:
    before = contents(session)
    fine = "category" if field != "category" else "model_display_name"
    assert_refused(editor.patch(ONE, json={fine: "fine", field: sent}), 400, field)
    assert contents(session) == before


def test_a_refused_limit_is_named_and_both_where_both_are_wrong(
    session: Session, model: ProviderModel, editor: IsolatedClient
) -> None:
    before = contents(session)
    completion = "(max completion tokens) must not be negative or above 10^15"
    context = "(context length) must be a whole number"
    for sent, told in (
        ({"max_completion_tokens": 10**16}, completion),
        ({"context_length": "1", "max_completion_tokens": -1}, f"{context}; {completion}"),
    ):
        response = editor.patch(ONE, json={"token_limits": sent})
        assert_refused(response, 400, "token_limits")
        assert [one["message"] for one in response.get_json()["details"]] == [told]
    assert contents(session) == before


@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("amount", ["1e999999999999999999999", "0." + "1" * 400, "NaN", "-1e-30"])
def test_a_number_beyond_all_bounds_is_refused(
    session: Session, model: ProviderModel, editor: IsolatedClient, amount: str
) -> None:
    before = contents(session)
    body = AMOUNT.replace("0.5", amount)
    response = editor.patch(ONE, data=body, content_type="application/json")
    assert response.status_code == 400, response.text
    assert contents(session) == before


def test_unknown_keys_are_named_with_the_nearest_one_and_read_only_ones_are_ignored(
    session: Session, model: ProviderModel, editor: IsolatedClient
) -> None:
    before = contents(session)
    problem = assert_refused(
        editor.patch(ONE, json={"prices": [], "raw_id": "x"}), 400, "prices", "raw_id"
    )
    assert "'pricing'" in problem["details"][0]["message"]
    assert contents(session) == before
    shown = body_of(editor.get(ONE))
    after = body_of(
        editor.patch(ONE, json={**shown, "id": "other", "available": False, "drift": 1})
    )
    assert (after["id"], after["status"], after["version"]) == (ID, "updated", 2)
    assert after["pricing"] == shown["pricing"]


@pytest.mark.engines("sqlite")
def test_an_empty_patch_marks_the_model(model: ProviderModel, editor: IsolatedClient) -> None:
    after = body_of(editor.patch(ONE, json={}))
    assert (after["status"], after["manual_fields"]) == ("updated", [])


@pytest.mark.engines("sqlite")
def test_if_match_guards_an_edit_and_the_reason_is_kept(
    session: Session, model: ProviderModel, editor: IsolatedClient
) -> None:
    tag = editor.get(ONE).headers["ETag"]
    headers = {"If-Match": tag, "X-Change-Reason": "too%20dear"}
    response = editor.patch(ONE, json={"active": False}, headers=headers)
    assert response.headers["ETag"].startswith('"2.')
    assert session.scalars(select(Batch.reason).where(Batch.kind == "edit")).all() == ["too dear"]
    before = contents(session)
    assert_refused(editor.patch(ONE, json={"active": True}, headers=headers), 412)
    for header in ('"1", "7"', "nonsense"):
        again = editor.patch(ONE, json={"active": True}, headers={"If-Match": header})
        assert_refused(again, 412)
    assert contents(session) == before


def test_an_edit_is_found_at_once(model: ProviderModel, editor: IsolatedClient) -> None:
    assert body_of(editor.get(f"{LIST}?search=omni"))["total"] == 0
    body_of(editor.patch(ONE, json={"model_display_name": "Omni"}))
    assert body_of(editor.get(f"{LIST}?search=omni"))["total"] == 1


def test_viewers_read_and_nobody_else_does(
    session: Session, app: Flask, model: ProviderModel, viewer: IsolatedClient
) -> None:
    before = contents(session)
    assert_refused(viewer.patch(ONE, json={"active": False}), 403)
    nobody = app.test_client()
    for answer in (nobody.get(LIST), nobody.get(ONE), nobody.patch(ONE, json={})):
        assert_refused(answer, 401)
    assert contents(session) == before


def test_calls_take_a_fixed_number_of_statements(
    session: Session, model: ProviderModel, editor: IsolatedClient
) -> None:
    few = count_statements(editor, f"{LIST}?limit=50")
    for _ in range(30):
        make_provider_model(session)
    session.commit()
    editor.get(f"{LIST}?limit=50")
    assert count_statements(editor, f"{LIST}?limit=50") <= min(few, 4)
    assert count_statements(editor, f"{LIST}?limit=50&search=gpt&available=true") <= 8
    assert count_statements(editor, ONE) <= 2
    assert count_statements(editor, ONE, {"active": False}) <= 18
