"""`GET /v1/admin/changes` and `/v1/admin/batches/{id}`, and the change log as a file."""

import csv
import io
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.bulk import switch
from app.core.permissions import Role
from app.models import Change, Feed, db
from app.queries import change_find, change_list
from app.queries.change_filter import ChangeFilter
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.records import edit_record
from app.services.write import Action, change_row, insert_rows, open_batch
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider_model
from tests.support.people import actor_of

LIST = "/v1/admin/changes"
EXPORT = "/changes/export"
EDITOR = actor_of(Role.EDITOR)
KEYS = [
    *("id", "batch_id", "kind", "actor", "actor_kind", "reason", "request_id", "created_at"),
    *("record_type", "record_id", "record_name", "field", "old", "new", "old_manual"),
    *("new_manual", "feed", "run_id"),
]


@pytest.fixture
def bulk(session: Session) -> str:
    """A bulk switch of five entries, after an edit of the first's family."""
    made = [make_entry(session, public_id=f"acme/m-{i}", family="old") for i in range(5)]
    session.commit()
    edit_record(
        session, EDITOR, "entry", made[0].id, {"family": "new"}, default_protection="fields"
    )
    done = run_bulk(session, EDITOR, switch("entry", False), Selection("entry"), reason="=night")
    return str(done.batch)


def listed(client: IsolatedClient, query: str = "", status: int = 200) -> Any:
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == status, answer.text
    return answer.get_json()


def fields(body: Any) -> list[tuple[str, str]]:
    return [(row["record_id"], row["field"]) for row in body["data"]]


def test_the_log_is_one_list_newest_first(api_viewer: IsolatedClient, bulk: str) -> None:
    body = listed(api_viewer, "limit=3")
    assert {k: body[k] for k in ("limit", "offset")} == {"limit": 3, "offset": 0}
    assert fields(body) == [(f"acme/m-{n}", "active") for n in (4, 3, 2)]
    first = body["data"][0]
    assert list(first) == KEYS
    said = ("batch_id", "kind", "actor", "reason", "old", "new", "old_manual", "new_manual")
    assert [first[name] for name in said] == [
        *(bulk, "bulk", EDITOR.name, "=night", True, False, False, True),
    ]
    assert fields(listed(api_viewer, "limit=3&offset=4")) == [
        *(("acme/m-0", "active"), ("acme/m-0", "protection"), ("acme/m-0", "family")),
    ]
    assert listed(api_viewer, "offset=500")["data"] == []


def test_filters_select_changes(api_viewer: IsolatedClient, bulk: str) -> None:
    assert fields(listed(api_viewer, "record=acme/m-0&kind=edit")) == [
        *(("acme/m-0", "protection"), ("acme/m-0", "family")),
    ]
    assert fields(listed(api_viewer, "record=acme/m-0&field=active")) == [("acme/m-0", "active")]
    assert fields(listed(api_viewer, "field=family")) == [("acme/m-0", "family")]
    assert listed(api_viewer, f"batch={bulk}&limit=2")["total"] == 5
    assert listed(api_viewer, f"actor={EDITOR.name}")["total"] == 7
    assert listed(api_viewer, "actor=nobody")["total"] == 0
    assert listed(api_viewer, "actor_kind=user")["total"] == 7
    assert listed(api_viewer, "actor_kind=feed")["total"] == 0
    assert listed(api_viewer, "feed=none")["total"] == 0
    assert listed(api_viewer, "since=2020-01-01&until=2021-01-01")["data"] == []
    assert listed(api_viewer, "since=0&kind=bulk")["total"] == 5
    assert listed(api_viewer, "feed=none&kind=bulk")["total"] == 0
    both = f"kind=bulk&actor={EDITOR.name}"
    for one in ("field=active", f"batch={bulk}", "field=active&record=acme/m-0", "field=family"):
        body = listed(api_viewer, f"{both}&{one}")
        assert (
            body["total"]
            == len(body["data"])
            == (5 if "=acme" not in one else 1) * ("family" not in one)
        )


def test_totals_stop_somewhere(
    api_viewer: IsolatedClient, bulk: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = listed(api_viewer, "field=active")
    assert "total_is_capped" not in body
    monkeypatch.setattr(change_list, "COUNTED", 3)
    for query in ("", "kind=bulk", "field=active", f"batch={bulk}"):
        body = listed(api_viewer, query)
        assert body["total_is_capped"] is True, query
        assert body["total"] == len(body["data"]), query
        assert listed(api_viewer, f"{query}&limit=1")["total"] == 3
    body = listed(api_viewer, "kind=edit")
    assert (body["total"], "total_is_capped" in body) == (2, False)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        *(("colour=red", "colour"), ("record=", "record"), ("field=%20", "field")),
        *(("since=yesterday", "since"), ("until=-1", "until"), ("limit=0", "limit")),
        *(("limit=1001", "limit"), ("offset=x", "offset"), ("actor=a&actor=b", "actor")),
        ("batch=" + "x" * 256, "batch"),
        *(("page=1", "page"), ("actor_kind=people", "actor_kind")),
    ],
)
def test_a_wrong_parameter_is_named(api_viewer: IsolatedClient, query: str, name: str) -> None:
    body = listed(api_viewer, query, 400)
    assert [problem["field"] for problem in body["details"]] == [name]


def test_a_batch_can_be_read(api_viewer: IsolatedClient, bulk: str) -> None:
    body = api_viewer.get(f"/v1/admin/batches/{bulk}").get_json()
    assert [body[k] for k in ("id", "kind", "changes", "reason")] == [bulk, "bulk", 5, "=night"]
    assert api_viewer.get("/v1/admin/batches/batch_none").status_code == 404


def test_prices_keep_every_digit(session: Session, api_viewer: IsolatedClient) -> None:
    model = make_provider_model(session)
    session.commit()
    line = {"unit": "per_image", "amount_micro_usd": "0.000000000000000001", "currency": "USD"}
    values = {"pricing": {"lines": [line]}}
    edit_record(session, EDITOR, "provider_model", model.id, values, default_protection="fields")
    text = api_viewer.get(f"{LIST}?field=pricing").text
    assert '"amount_micro_usd":0.000000000000000001' in text


def exported(client: IsolatedClient, query: str) -> str:
    answer = client.get(f"{EXPORT}?{query}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="changes-2')
    return answer.text


def test_a_view_is_exported_as_it_is_filtered(viewer: IsolatedClient, bulk: str) -> None:
    rows = json.loads(exported(viewer, "format=json&kind=bulk"))
    assert [row["record_id"] for row in rows] == [f"acme/m-{n}" for n in (4, 3, 2, 1, 0)]
    assert rows[0]["created_at"].endswith("Z")
    lines = list(csv.DictReader(io.StringIO(exported(viewer, "format=csv&field=family"))))
    assert [(one["record_name"], one["old"], one["new"]) for one in lines] == [
        ("acme/m-0", "old", "new")
    ]
    assert set(lines[0]) == set(KEYS)
    assert json.loads(exported(viewer, "format=json&actor=nobody")) == []
    assert len(exported(viewer, "actor=nobody").splitlines()) == 1


def test_no_cell_is_a_formula(session: Session, viewer: IsolatedClient, bulk: str) -> None:
    entry = make_entry(session)
    session.commit()
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", 'plain, "quoted"\nüber'):
        values = {"notes": text}
        edit_record(session, EDITOR, "entry", entry.id, values, default_protection="fields")
    lines = list(csv.DictReader(io.StringIO(exported(viewer, "field=notes"), newline="")))
    assert [one["new"] for one in lines][::-1] == [
        *("'=1+1", "'+1", "'-1", "'@SUM(A1)"),
        lines[1]["new"],
        'plain, "quoted"\nüber',
    ]
    assert {
        one["reason"] for one in csv.DictReader(io.StringIO(exported(viewer, "kind=bulk")))
    } == {"'=night"}


def test_a_wrong_export_is_refused(viewer: IsolatedClient, client: IsolatedClient) -> None:
    assert viewer.get(f"{EXPORT}?format=xlsx").status_code == 400
    assert viewer.get(f"{EXPORT}?since=never").status_code == 400
    assert viewer.get(f"{EXPORT}?colour=red").status_code == 400
    assert client.get(EXPORT).status_code == 303


@pytest.mark.parametrize("piece", [1, 3, 1_000])
def test_large_and_small_batches_pass_in_pieces(
    app: Flask, api_viewer: IsolatedClient, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Whatever the sizes of batches, pieces and pages: each change comes once, in order."""
    with app.app_context():
        session = db.session()
        session.add(Feed(name="f", kind="openrouter", miss_limit=2, minimum_share=80, created_at=0))
        session.flush()
        for size in (1, 4, 0, 1, 1, 7, 2):
            batch, _ = open_batch(session, Action("edit", EDITOR))
            rows = [
                change_row(batch, "entry", n, "family", (None, False), (str(n), True))
                for n in range(size)
            ]
            insert_rows(session, Change, rows)
        session.commit()
    monkeypatch.setattr(change_list, "PIECE", piece)
    monkeypatch.setattr(change_list, "BATCHES", 3)
    monkeypatch.setattr(change_find, "WINDOW", 4)
    ids = [row["id"] for row in listed(api_viewer, "limit=1000&kind=edit")["data"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 16
    paged: list[int] = []
    for offset in range(0, 18, 3):
        body = listed(api_viewer, f"limit=3&offset={offset}&field=family")
        paged += [row["id"] for row in body["data"]]
    assert paged == ids
    with app.app_context():
        wanted = ChangeFilter(field="family", kind="edit")
        walked = [c.id for p in change_list.walk_changes(db.session(), wanted) for c in p]
    assert walked == ids
