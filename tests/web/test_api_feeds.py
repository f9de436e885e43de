"""`/v1/admin/feeds` as a program meets it."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.models import Batch, Feed, SyncRun, db
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, filler, make_feed, model, sync

FEEDS = "/v1/admin/feeds"
KEYS = {
    *("name", "kind", "url", "path", "provider", "mode", "enabled", "priority"),
    *("trusted_fields", "trusted_model_fields"),
    *("trusted_fields_default", "trusted_model_fields_default"),
    *("miss_limit", "minimum_share", "guards", "interval_minutes", "next_run_at"),
    *("last_success_at", "last_error_at", "last_error", "last_counts", "waiting_count"),
    "created_at",
}
RUN_KEYS = {
    *("id", "feed", "status", "stage", "trigger", "dry_run", "counts", "entries", "error"),
    *("batch_id", "created_at", "started_at", "finished_at"),
}
URL = "https://feeds.example.test/v1/models"


def made(client: IsolatedClient, **values: Any) -> dict[str, Any]:
    sent = {"name": "far", "kind": "openrouter", "url": URL} | values
    response = client.post(FEEDS, json=sent)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json or {}
    return body


def test_a_feed_is_made_read_changed_and_removed(api_admin: IsolatedClient) -> None:
    response = api_admin.post(FEEDS, json={"name": "far", "kind": "openrouter", "url": URL})
    there = response.json or {}
    place = f"{FEEDS}/far"
    assert (response.status_code, response.location) == (201, place)
    assert set(there) == KEYS
    assert (there["interval_minutes"], there["mode"], there["waiting_count"]) == (60, "auto", 0)
    assert there["guards"]["price_factor"] == 5
    assert there["trusted_fields_default"] is True
    assert "pricing" in there["trusted_model_fields"]
    read = api_admin.get(place)
    assert read.json == there
    assert api_admin.get(FEEDS).json == {"data": [there], "total": 1}
    tag = {"If-None-Match": read.headers["ETag"]}
    assert api_admin.get(place, headers=tag).status_code == 304
    changed = api_admin.patch(place, json={**there, "priority": 3, "guards": {"price_factor": 9}})
    assert changed.json == {
        **there,
        "priority": 3,
        "guards": there["guards"] | {"price_factor": 9},
    }
    assert changed.headers["X-Batch-ID"].startswith("batch_")
    renamed = api_admin.patch(place, json={"name": "further"})
    assert (renamed.json or {})["name"] == "further"
    place = f"{FEEDS}/further"
    gone = api_admin.delete(place)
    assert (gone.status_code, gone.data) == (204, b"")
    for method in ("get", "patch", "delete"):
        assert getattr(api_admin, method)(place, json={}).status_code == 404
    assert api_admin.post(f"{place}/sync").status_code == 404
    assert api_admin.get(FEEDS).json == {"data": [], "total": 0}
    undone = f"/v1/admin/batches/{gone.headers['X-Batch-ID']}/undo"
    assert api_admin.post(undone).status_code == 200
    assert api_admin.get(place).status_code == 200


def test_what_was_read_can_be_sent_back_and_changes_nothing(api_admin: IsolatedClient) -> None:
    there = made(api_admin, trusted_fields=["family"], guards={"context_drop": 10})
    assert (there["trusted_fields"], there["trusted_fields_default"]) == (["family"], False)
    again = api_admin.patch(f"{FEEDS}/far", json=there)
    assert again.json == there
    assert "X-Batch-ID" not in again.headers
    reset = api_admin.patch(f"{FEEDS}/far", json={"trusted_fields": None, "guards": {}})
    assert (reset.json or {})["trusted_fields_default"] is True
    assert (reset.json or {})["guards"]["context_drop"] == 50


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "A feed"}, "name"),
        ({"name": "new"}, "name"),
        ({"name": None}, "name"),
        ({"kind": "rss"}, "kind"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "https://user:secret@a.test/"}, "url"),
        ({"url": URL, "path": __file__}, "url"),
        ({"url": None, "path": "/nowhere/at/all.json"}, "path"),
        ({"provider": "prov_none"}, "provider"),
        ({"mode": True}, "mode"),
        ({"priority": "1"}, "priority"),
        ({"priority": -1}, "priority"),
        ({"interval_minutes": 0}, "interval_minutes"),
        ({"trusted_fields": ["tags"]}, "trusted_fields"),
        ({"guards": {"price_factor": True}}, "guards"),
        ({"guards": []}, "guards"),
        ({"prioritty": 1}, "prioritty"),
    ],
)
def test_wrong_settings_are_refused_and_nothing_is_made(
    app: Flask, api_admin: IsolatedClient, values: dict[str, Any], field: str
) -> None:
    response = api_admin.post(FEEDS, json={"name": "far", "kind": "openrouter"} | values)
    assert response.status_code == 400, response.text
    assert [one["field"] for one in (response.json or {})["details"]] == [field]
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Feed)) == 0
        assert db.session.scalar(select(Batch.id).where(Batch.kind == "feed")) is None


def test_a_name_is_had_by_one_feed(api_admin: IsolatedClient) -> None:
    made(api_admin)
    again = api_admin.post(FEEDS, json={"name": "far", "kind": "models_dev"})
    assert again.status_code == 409
    made(api_admin, name="near")
    assert api_admin.patch(f"{FEEDS}/near", json={"name": "far"}).status_code == 409


def test_the_kind_stays(api_admin: IsolatedClient) -> None:
    made(api_admin)
    response = api_admin.patch(f"{FEEDS}/far", json={"kind": "litellm", "priority": 1})
    assert response.status_code == 400
    assert (api_admin.get(f"{FEEDS}/far").json or {})["priority"] != 1


def test_a_feed_reads_a_file_that_is_there(api_admin: IsolatedClient, tmp_path: Path) -> None:
    there = tmp_path / "models.json"
    there.write_text("{}")
    feed = made(api_admin, url=None, path=str(there))
    assert (feed["path"], feed["interval_minutes"], feed["next_run_at"]) == (
        str(there),
        None,
        None,
    )
    moved = api_admin.patch(f"{FEEDS}/far", json={"url": URL}).json or {}
    assert (moved["path"], moved["url"]) == (None, URL)


def test_if_match_names_the_settings_not_the_last_sync(
    app: Flask, api_admin: IsolatedClient, tmp_path: Path
) -> None:
    with app.app_context():
        make_feed(db.session(), "far")
    place = f"{FEEDS}/far"
    seen = {"If-Match": api_admin.get(place).headers["ETag"]}
    with app.app_context():
        sync(db.session(), tmp_path, answer(filler(1)), "far")
    assert api_admin.get(place).headers["ETag"] != seen["If-Match"]
    assert api_admin.patch(place, json={"priority": 1}, headers=seen).status_code == 200
    assert api_admin.patch(place, json={"priority": 2}, headers=seen).status_code == 412
    assert api_admin.delete(place, headers=seen).status_code == 412
    for nonsense in ('"x"', "nothing", '"1"'):
        other = {"If-Match": nonsense}
        assert api_admin.patch(place, json={"priority": 2}, headers=other).status_code == 412
    current = api_admin.get(place).headers["ETag"]
    several = {"If-Match": f"{seen['If-Match']}, W/{current}"}
    assert api_admin.patch(place, json={"priority": 2}, headers=several).status_code == 200
    assert api_admin.delete(place, headers={"If-Match": "*"}).status_code == 204


def test_consequences_are_told_before_and_done_with_the_change(
    app: Flask, api_admin: IsolatedClient, tmp_path: Path
) -> None:
    with app.app_context():
        for name, tools in (("strong", True), ("weak", False)):
            make_feed(db.session(), name)
            body = answer(filler(5) | {"gpt-x": model(tool_call=tools)})
            sync(db.session(), tmp_path, body, name)
    assert api_admin.patch(f"{FEEDS}/strong", json={"priority": 1}).status_code == 200
    place, wish = f"{FEEDS}/weak", {"priority": 0}
    told = api_admin.post(f"{place}/preview", json=wish).json or {}
    assert (told["records"], told["checked"]) == ({"entry": 1}, 12)
    assert told["fields"] == {"entry": {"supports_tools": 1}}
    assert told["examples"] == [
        {
            "record_type": "entry",
            "record_id": "openai/gpt-x",
            "field": "supports_tools",
            "old": True,
            "old_source": "strong",
            "new": False,
            "new_source": "weak",
        }
    ]
    with app.app_context():
        assert entry(db.session(), "openai/gpt-x").supports_tools is True
    changed = api_admin.patch(place, json=wish, headers={"X-Change-Reason": "truer"})
    with app.app_context():
        assert entry(db.session(), "openai/gpt-x").supports_tools is False
    undo = f"/v1/admin/batches/{changed.headers['X-Batch-ID']}/undo"
    assert api_admin.post(undo).status_code == 200
    with app.app_context():
        found = entry(db.session(), "openai/gpt-x")
        assert (found.supports_tools, found.manual_fields) == (True, [])


def test_a_run_is_asked_for_and_goes_on_by_itself(app: Flask, api_admin: IsolatedClient) -> None:
    made(api_admin)
    response = api_admin.post(f"{FEEDS}/far/sync", json={"dry_run": True})
    run = response.json or {}
    assert response.status_code == 202
    assert response.location == f"/v1/admin/sync-runs/{run['id']}"
    assert set(run) == RUN_KEYS
    assert (run["feed"], run["trigger"], run["dry_run"]) == ("far", "api", True)
    again = api_admin.post(f"{FEEDS}/far/sync", json={"dry_run": True})
    assert (again.json or {})["id"] == run["id"], "one run of a feed at a time"
    assert api_admin.post(f"{FEEDS}/far/sync").status_code == 409
    refused: list[Any] = [{"dry_run": "yes"}, {"dry": True}, []]
    for wrong in refused:
        assert api_admin.post(f"{FEEDS}/far/sync", json=wrong).status_code == 400
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(SyncRun)) == 1


def test_roles(
    app: Flask,
    client: IsolatedClient,
    api_viewer: IsolatedClient,
    api_editor: IsolatedClient,
) -> None:
    with app.app_context():
        make_feed(db.session(), "far")
    assert client.get(FEEDS).status_code == 401
    for reader in (api_viewer, api_editor):
        assert reader.get(FEEDS).status_code == 200
        assert reader.get(f"{FEEDS}/far").status_code == 200
        assert reader.post(FEEDS, json={"name": "x", "kind": "models_dev"}).status_code == 403
        assert reader.patch(f"{FEEDS}/far", json={"priority": 1}).status_code == 403
        assert reader.post(f"{FEEDS}/far/preview", json={"priority": 1}).status_code == 403
        assert reader.post(f"{FEEDS}/far/sync").status_code == 403
        assert reader.delete(f"{FEEDS}/far").status_code == 403
