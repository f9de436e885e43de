"""`/v1/admin/providers` as a program meets it."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Batch, Change, Feed, Provider
from tests.support.client import IsolatedClient
from tests.support.lists import ListServer, list_server

PROVIDERS = "/v1/admin/providers"
KEYS = {
    "id",
    "name",
    "vendor",
    "base_url",
    "endpoints",
    "active",
    "category",
    "default_provider_image_generate",
    "default_provider_image_edit",
    "metadata",
    "api_key_hint",
    "model_count",
    "model_active_count",
    "last_synced_at",
    "version",
    "created_at",
    "updated_at",
}
SECRET = "sk-live-0123456789-abcd"


@pytest.fixture
def server() -> Iterator[ListServer]:
    with list_server(key=SECRET) as running:
        yield running


def made(client: IsolatedClient, **values: Any) -> dict[str, Any]:
    answer = client.post(PROVIDERS, json={"name": "Acme"} | values)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json or {}
    return body


def test_a_provider_is_made_read_changed_and_deleted(api_admin: IsolatedClient) -> None:
    answer = api_admin.post(PROVIDERS, json={"name": "Acme", "api_key": SECRET})
    there = answer.json or {}
    place = f"{PROVIDERS}/{there['id']}"
    assert (answer.status_code, answer.location) == (201, place)
    assert set(there) == KEYS
    assert (there["api_key_hint"], there["active"], there["model_count"]) == ("abcd", True, 0)
    read = api_admin.get(place)
    assert read.json == there
    assert api_admin.get(PROVIDERS).json == [there]
    tag = {"If-None-Match": read.headers["ETag"]}
    assert api_admin.get(place, headers=tag).status_code == 304
    changed = api_admin.patch(place, json={**there, "category": "image"})
    assert changed.json == {
        **there,
        "category": "image",
        "version": 2,
        "updated_at": (changed.json or {})["updated_at"],
    }
    gone = api_admin.delete(place)
    assert (gone.status_code, gone.data) == (204, b"")
    assert api_admin.get(place).status_code == 404
    assert api_admin.patch(place, json={}).status_code == 404
    assert api_admin.post(f"{place}/sync").status_code == 404
    assert api_admin.delete(place).status_code == 404
    assert api_admin.get(PROVIDERS).json == []
    assert made(api_admin)["id"] != there["id"]


@pytest.mark.parametrize(
    ("body", "field", "hint"),
    [
        ({"nmae": "x"}, "nmae", "did you mean 'name'"),
        ({"name": 1}, "name", "string"),
        ({"base_url": "ftp://x"}, "base_url", "http"),
        ({"endpoints": [{"url": "http://a", "weight": -1}]}, "endpoints", "negative"),
        ({"metadata": {"a": 1}}, "metadata", "string"),
        ({"metadata": {"feed_kind": "x"}}, "metadata", "openai_compatible"),
        ({"category": "x"}, "category", "llm or image"),
        ({"active": "true"}, "active", "true or false"),
        ({"api_key": "geheim\nnis"}, "api_key", "one line"),
    ],
)
def test_wrong_fields_are_named(
    api_admin: IsolatedClient, body: dict[str, Any], field: str, hint: str
) -> None:
    there = made(api_admin)
    for answer in (
        api_admin.patch(f"{PROVIDERS}/{there['id']}", json=body),
        api_admin.post(PROVIDERS, json={"name": "Other"} | body),
    ):
        problem = answer.json or {}
        assert (answer.status_code, problem["code"]) == (400, "validation_error")
        assert field in {detail["field"] for detail in problem["details"]}
        assert hint in problem["message"]
        assert "geheim" not in answer.text
    assert api_admin.get(PROVIDERS).json == [there]


def test_a_name_is_needed_and_unique(api_admin: IsolatedClient) -> None:
    assert api_admin.post(PROVIDERS, json={}).status_code == 400
    assert api_admin.post(PROVIDERS, data="[", content_type="application/json").status_code == 400
    made(api_admin)
    again = api_admin.post(PROVIDERS, json={"name": "aCME"})
    assert (again.status_code, (again.json or {})["code"]) == (409, "conflict")


def test_an_old_version_is_refused(api_admin: IsolatedClient) -> None:
    place = f"{PROVIDERS}/{made(api_admin)['id']}"
    tag = api_admin.get(place).headers["ETag"]
    assert (
        api_admin.patch(place, json={"vendor": "x"}, headers={"If-Match": tag}).status_code == 200
    )
    assert (
        api_admin.patch(place, json={"vendor": "y"}, headers={"If-Match": tag}).status_code == 412
    )
    assert api_admin.delete(place, headers={"If-Match": tag}).status_code == 412
    assert (api_admin.get(place).json or {})["vendor"] == "x"


def test_lists_are_filtered(api_admin: IsolatedClient) -> None:
    made(api_admin, name="One", vendor="openrouter", active=True)
    made(api_admin, name="Two", base_url="https://two.example/v1")

    def names(query: str) -> list[str]:
        return [p["name"] for p in api_admin.get(f"{PROVIDERS}?{query}").json or []]

    assert names("kind=openrouter") == ["One"]
    assert names("kind=openai_compatible&active=false") == ["Two"]
    assert names("search=TWO.exa") == ["Two"]
    for wrong in ("knid=x", "active=1", "kind=", "active=true&active=false", "limit=1"):
        assert api_admin.get(f"{PROVIDERS}?{wrong}").status_code == 400, wrong


def test_who_may_what(
    client: IsolatedClient,
    api_viewer: IsolatedClient,
    api_editor: IsolatedClient,
    api_admin: IsolatedClient,
) -> None:
    place = f"{PROVIDERS}/{made(api_admin)['id']}"
    assert client.get(PROVIDERS).status_code == 401
    assert api_viewer.get(PROVIDERS).status_code == 200
    for other in (api_viewer, api_editor):
        assert other.post(PROVIDERS, json={"name": "x"}).status_code == 403
        assert other.patch(place, json={}).status_code == 403
        assert other.delete(place).status_code == 403
        assert other.post(f"{place}/sync").status_code == 403


def test_a_sync_answers_with_its_counts(
    api_admin: IsolatedClient, server: ListServer, session: Session
) -> None:
    there = made(api_admin, base_url=server.url, api_key=SECRET)
    place = f"{PROVIDERS}/{there['id']}"
    rehearsed = api_admin.post(f"{place}/sync", json={"dry_run": True})
    body = rehearsed.json or {}
    assert (body["added"], body["dry_run"], body["batch_id"]) == (2, True, None)
    assert session.scalar(select(func.count(Feed.id))) == 0
    done = api_admin.post(f"{place}/sync")
    body = done.json or {}
    assert (done.status_code, body["added"], body["error"], body["rejected"]) == (200, 2, None, [])
    now_there = api_admin.get(place).json or {}
    assert (now_there["model_count"], now_there["model_active_count"]) == (2, 0)
    assert now_there["last_synced_at"] is not None
    server.key = "other"
    refused = api_admin.post(f"{place}/sync")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "feed_error")
    assert "the key was refused" in refused.text
    for wrong in ({"dry_run": "yes"}, {"dry": True}):
        assert api_admin.post(f"{place}/sync", json=wrong).status_code == 400


def test_a_deleted_provider_stays_in_the_log(api_admin: IsolatedClient, session: Session) -> None:
    place = f"{PROVIDERS}/{made(api_admin)['id']}"
    api_admin.delete(place, headers={"X-Change-Reason": "not paid"})
    batch = session.scalars(select(Batch).order_by(Batch.id.desc())).first()
    assert batch is not None
    assert (batch.kind, batch.reason) == ("delete", "not paid")


def test_a_key_is_nowhere_in_clear(
    app: Flask,
    api_admin: IsolatedClient,
    admin: IsolatedClient,
    server: ListServer,
    session: Session,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Answers, pages, log lines, the change log, feeds' errors, and the database itself."""
    seen = []
    there = api_admin.post(
        PROVIDERS, json={"name": "Acme", "base_url": server.url, "api_key": SECRET}
    )
    place, page = (
        f"{PROVIDERS}/{(there.json or {})['id']}",
        f"/providers/{(there.json or {})['id']}",
    )
    server.key = "other"  # its refusals repeat what was sent
    seen += [there, api_admin.post(f"{place}/sync"), admin.post(f"{page}/test")]
    seen += [admin.post(f"{page}/sync"), admin.post(f"{page}/sync", headers={"HX-Request": "true"})]
    bad = {"name": "", "api_key": SECRET, "category": "llm"}
    seen += [admin.post(f"{page}/edit", data=bad), admin.post("/providers/new", data=bad)]
    seen += [
        api_admin.patch(place, json={"api_key": f"{SECRET}\n"}),
        api_admin.patch(place, json={"api_key": [SECRET]}),
        api_admin.patch(place, json={"api_key": SECRET, "name": ""}),
        api_admin.post(PROVIDERS, data=f'{{"api_key": "{SECRET}"', content_type="application/json"),
        api_admin.get(place),
        api_admin.get(PROVIDERS),
    ]
    paths = ("/providers", page, f"{page}/edit", f"{page}/delete", "/changes", "/feeds", "/")
    seen += [admin.get(path) for path in (*paths, "/v1/openapi.json", "/v1/docs")]
    for answer in seen:
        assert SECRET not in answer.text + str(answer.headers), answer.request.path
    output = capfd.readouterr()
    assert SECRET not in output.out + output.err
    session.rollback()
    rows = [session.execute(select(table.__table__)).all() for table in (Batch, Change, Feed)]
    assert SECRET not in str(rows)
    stored = session.scalars(select(Provider)).one()
    assert SECRET not in f"{stored!r} {vars(stored)}"
    _search_files(session)


def _search_files(session: Session) -> None:
    url = session.get_bind().engine.url
    if url.get_backend_name() != "sqlite":
        return
    from pathlib import Path

    for file in Path(str(url.database)).parent.glob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file.name
