"""Bulk calls and undo by API: who is switched, who stays, what is refused (contract 4.1, 4.2)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Batch, Provider, ProviderModel
from app.queries.naming import find_entry_ids
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, make_feed, model, sync

CATALOGS = "/v1/admin/models/catalogs"
MODELS = "/v1/admin/models/provider-models"
NAMES = ("gpt-4o", "gpt-4o-mini", "o3", "gpt-5")


@pytest.fixture(autouse=True)
def catalog(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    models = {name: model(name=name.upper(), family="gpt") for name in NAMES}
    sync(session, tmp_path, answer(models, "openai", azure=models))
    session.execute(update(Provider).values(active=True))
    session.commit()


def call(client: IsolatedClient, path: str, status: int = 200, **body: Any) -> Any:
    response = client.post(path, json=body)
    assert response.status_code == status, response.json
    return response.json


def provider(session: Session, key: str = "openai") -> str:
    session.rollback()
    return session.scalars(select(Provider.public_id).where(Provider.feed_key == key)).one()


def on(session: Session) -> set[tuple[str, str]]:
    """The provider models that are switched on: (provider, its id)."""
    session.rollback()
    statement = select(Provider.feed_key, ProviderModel.raw_id).join(
        Provider, Provider.id == ProviderModel.provider_id
    )
    return {(key or "", raw) for key, raw in session.execute(statement.where(ProviderModel.active))}


def test_the_four_patterns(api_editor: IsolatedClient, session: Session) -> None:
    openai = provider(session)
    answered = call(
        api_editor,
        f"{MODELS}/bulk-toggle",
        enable=True,
        provider_id=openai,
        except_models=[" gpt-5 ", "gpt-5", "openai/o3"],
    )
    batch = answered.pop("batch_id")
    assert answered == {
        "updated_count": 2,
        "skipped_count": 2,
        "failed_count": 0,
        "total_checked": 4,
        "failed_models": [],
    }
    assert on(session) == {("openai", "gpt-4o"), ("openai", "gpt-4o-mini")}
    listed = api_editor.get(f"{MODELS}?active=true").json
    assert listed is not None
    assert listed["total"] == 2
    assert {one["status"] for one in listed["data"]} == {"updated"}
    everything = call(api_editor, f"{MODELS}/bulk-toggle", enable=True)
    assert (everything["updated_count"], everything["total_checked"]) == (6, 8)
    only = call(api_editor, f"{MODELS}/bulk-toggle", enable=False, except_models=["o3"])
    assert only["updated_count"] == 6
    assert on(session) == {("openai", "o3"), ("azure", "o3")}
    none = call(api_editor, f"{MODELS}/bulk-toggle", enable=False)
    assert (none["updated_count"], on(session)) == (2, set())
    again = call(api_editor, f"{MODELS}/bulk-toggle", enable=False)
    assert (again["updated_count"], again["batch_id"]) == (0, None)
    refused = call(api_editor, f"/v1/admin/batches/{batch}/undo", 409)
    assert refused["code"] == "conflict"
    undone = call(api_editor, f"/v1/admin/batches/{none['batch_id']}/undo")
    assert (undone["undone_count"], undone["refused_count"], undone["refused"]) == (2, 0, [])
    assert on(session) == {("openai", "o3"), ("azure", "o3")}


def test_a_provider_model_is_excepted_by_its_own_id(
    api_editor: IsolatedClient, session: Session
) -> None:
    public_id = session.scalars(select(ProviderModel.public_id)).first()
    answered = call(api_editor, f"{MODELS}/bulk-toggle", enable=True, except_models=[public_id])
    assert (answered["updated_count"], answered["skipped_count"]) == (7, 1)


def test_entries_all_some_and_but_for(api_editor: IsolatedClient, session: Session) -> None:
    path = f"{CATALOGS}/bulk-toggle"
    dry = call(api_editor, path, enable=False, except_models=["openai/o3"], dry_run=True)
    assert (dry["updated_count"], dry["batch_id"]) == (3, None)
    assert entry(session, "openai/gpt-5").active is True
    some = call(api_editor, path, enable=False, catalog_ids=["GPT-4o", "openai/gpt-5"])
    assert (some["updated_count"], some["total_checked"]) == (2, 2)
    row = entry(session, "openai/gpt-5")
    assert (row.active, row.protection, row.manual_fields) == (False, "fields", ["active"])
    rest = call(api_editor, path, enable=False, except_models=["openai/o3"], catalog_ids=[])
    assert (rest["updated_count"], rest["skipped_count"], rest["total_checked"]) == (1, 3, 4)
    assert entry(session, "openai/o3").active is True


def test_a_reason_is_kept_and_a_reset_gives_back(
    api_editor: IsolatedClient, session: Session
) -> None:
    patched = api_editor.patch(f"{CATALOGS}/openai/o3", json={"family": "x", "notes": "n"})
    assert patched.status_code == 200
    response = api_editor.post(
        f"{CATALOGS}/bulk-reset",
        json={"catalog_ids": ["openai/o3", "openai/gpt-5"], "fields": ["family"]},
        headers={"X-Change-Reason": "wrong guess"},
    )
    assert response.json is not None
    assert (response.json["updated_count"], response.json["skipped_count"]) == (1, 1)
    row = entry(session, "openai/o3")
    assert (row.family, row.notes) == ("gpt", "n")
    reason = select(Batch.reason).where(Batch.public_id == response.json["batch_id"])
    assert session.scalars(reason).one() == "wrong guess"
    call(api_editor, f"{CATALOGS}/bulk-reset", catalog_ids=["openai/o3"])
    assert entry(session, "openai/o3").status == "filled"


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        (CATALOGS, {}, 400, "enable"),
        (CATALOGS, {"enable": 1}, 400, "enable"),
        (CATALOGS, {"enable": "true"}, 400, "enable"),
        (CATALOGS, {"enable": True, "dry_run": 0}, 400, "dry_run"),
        (CATALOGS, {"enable": True, "catalog_ids": "openai/o3"}, 400, "catalog_ids"),
        (CATALOGS, {"enable": True, "catalog_ids": [1]}, 400, "catalog_ids"),
        (CATALOGS, {"enable": True, "catalog_ids": [" "]}, 400, "empty"),
        (CATALOGS, {"enable": True, "catalog_ids": ["openai/none", "o3"]}, 404, "openai/none"),
        (CATALOGS, {"enable": True, "except_models": ["openai/none"]}, 400, "openai/none"),
        (
            CATALOGS,
            {"enable": True, "catalog_ids": ["openai/o3"], "except_models": ["openai/gpt-5"]},
            400,
            "openai/gpt-5",
        ),
        (CATALOGS, {"enable": True, "except_models": ["o3"] * 1001}, 400, "1000"),
        (CATALOGS, {"enable": True, "except_models": ["x" * 256]}, 400, "255"),
        (CATALOGS, {"enable": True, "except_model": ["o3"]}, 400, "except_models"),
        (MODELS, {"enable": True, "provider_id": "prov_none"}, 404, "prov_none"),
        (MODELS, {"enable": True, "provider_id": 7}, 400, "provider_id"),
        (MODELS, {"enable": True, "except_models": ["gpt-6"]}, 400, "gpt-6"),
        (MODELS, {"enable": True, "except_models": [None]}, 400, "except_models"),
    ],
)
def test_wrong_input_is_refused_and_changes_nothing(
    api_editor: IsolatedClient,
    session: Session,
    path: str,
    body: dict[str, Any],
    status: int,
    words: str,
) -> None:
    answered = call(api_editor, f"{path}/bulk-toggle", status, **body)
    assert words in str(answered)
    session.rollback()
    assert session.scalars(select(Batch).where(Batch.kind == "bulk")).first() is None


def test_an_exception_of_another_provider_matches_nothing(
    api_editor: IsolatedClient, session: Session
) -> None:
    session.execute(
        update(ProviderModel)
        .where(ProviderModel.raw_id == "o3")
        .values(raw_id="own-o3")
        .where(ProviderModel.provider_id == 2)
    )
    session.commit()
    body = {"enable": True, "provider_id": provider(session), "except_models": ["own-o3"]}
    assert "own-o3" in str(call(api_editor, f"{MODELS}/bulk-toggle", 400, **body))


def test_resetting_needs_names_and_known_fields(api_editor: IsolatedClient) -> None:
    path = f"{CATALOGS}/bulk-reset"
    assert "catalog_ids" in str(call(api_editor, path, 400))
    assert "at least one" in str(call(api_editor, path, 400, catalog_ids=[]))
    assert "colour" in str(call(api_editor, path, 400, catalog_ids=["o3"], fields=["colour"]))


def test_roles(api_viewer: IsolatedClient) -> None:
    for path in (f"{CATALOGS}/bulk-toggle", f"{MODELS}/bulk-toggle"):
        call(api_viewer, path, 403, enable=True)
    call(api_viewer, "/v1/admin/batches/batch_x/undo", 403)


def test_undoing_what_is_not_there(api_editor: IsolatedClient, session: Session) -> None:
    call(api_editor, "/v1/admin/batches/batch_none/undo", 404)
    batch = call(api_editor, f"{MODELS}/bulk-toggle", enable=True)["batch_id"]
    call(api_editor, f"/v1/admin/batches/{batch}/undo", 404, change_id=2**31 - 1)
    call(api_editor, f"/v1/admin/batches/{batch}/undo", 400, change_id="1")
    assert len(on(session)) == 8


def test_a_patch_names_the_batch_that_undoes_it(
    api_editor: IsolatedClient, session: Session
) -> None:
    patched = api_editor.patch(f"{CATALOGS}/openai/o3", json={"notes": "n"})
    undone = call(api_editor, f"/v1/admin/batches/{patched.headers['X-Batch-ID']}/undo")
    assert undone["undone_count"] >= 1
    row = entry(session, "openai/o3")
    assert (row.notes, row.status, row.protection) == (None, "filled", "none")


def test_names_are_found_whatever_their_spelling(session: Session) -> None:
    found = find_entry_ids(session, ["openai/o3", "OpenAI/O3", "o3", "nothing"])
    assert len(found) == 3
    assert len(set(found.values())) == 1
