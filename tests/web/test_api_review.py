"""`/v1/admin/sync-runs` and `/v1/admin/review`: read, decide, apply, reject, take back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import SyncItem
from app.services.sync import sync_feed
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, make_feed, model, sync

RUNS = "/v1/admin/sync-runs"
REVIEW = "/v1/admin/review"
GPT = "openai/gpt-4o"


def gpt(context: int, name: str = "GPT-4o") -> dict[str, Any]:
    return model(name=name, limit={"context": context, "output": 1_000})


@pytest.fixture
def held(session: Session, tmp_path: Path) -> list[int]:
    """A context that was cut, of an entry and of its offer: the items' row ids."""
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": gpt(100_000)}))
    sync(session, tmp_path, answer({"gpt-4o": gpt(8_000)}))
    found = select(SyncItem.id).where(SyncItem.state == "waiting").order_by(SyncItem.id)
    return list(session.scalars(found))


@pytest.fixture
def planned(session: Session, tmp_path: Path) -> str:
    """The id of a dry run that would rename an entry and its offer."""
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": gpt(8_000)}))
    path = tmp_path / "next.json"
    path.write_bytes(answer({"gpt-4o": gpt(8_000, "GPT-4 omni")}))
    run = sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True).run_id
    assert run
    return run


def body(reply: Any, status: int = 200) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    found: dict[str, Any] = reply.json
    return found


def waiting(session: Session) -> int:
    session.rollback()
    return len(session.scalars(select(SyncItem.id).where(SyncItem.state == "waiting")).all())


def test_runs_are_listed_and_read(api_viewer: IsolatedClient, held: list[int]) -> None:
    listed = body(api_viewer.get(f"{RUNS}?limit=1"))
    assert (listed["total"], listed["limit"], listed["offset"], len(listed["data"])) == (2, 1, 0, 1)
    run = listed["data"][0]
    assert body(api_viewer.get(f"{RUNS}/{run['id']}")) == run
    assert (run["status"], run["counts"]["quarantined"]) == ("applied", 2)
    assert body(api_viewer.get(f"{RUNS}?feed=models-dev&status=failed"))["data"] == []
    items = body(api_viewer.get(f"{RUNS}/{run['id']}/items?state=waiting&field=context_length"))
    assert (items["total"], items["data"][0]["record_id"]) == (1, GPT)


@pytest.mark.parametrize(
    "address",
    [
        f"{RUNS}?status=odd",
        f"{RUNS}?limit=0",
        f"{RUNS}?colour=red",
        f"{REVIEW}?reason=odd",
        f"{REVIEW}?after=x",
        f"{REVIEW}?sort=odd",
        f"{REVIEW}?offset=1",
        f"{REVIEW}?feed=a&feed=b",
    ],
)
def test_a_wrong_parameter_is_refused(api_viewer: IsolatedClient, address: str) -> None:
    problem = body(api_viewer.get(address), 400)
    assert problem["code"] == "validation_error"
    assert problem["details"]


def test_there_is_no_such_run(api_editor: IsolatedClient) -> None:
    for address in (f"{RUNS}/none", f"{RUNS}/none/items"):
        assert body(api_editor.get(address), 404)["code"] == "not_found"
    for action in ("apply", "reject", "revert"):
        assert body(api_editor.post(f"{RUNS}/none/{action}"), 404)["code"] == "not_found"


def test_the_queue_is_read_page_by_page(api_viewer: IsolatedClient, held: list[int]) -> None:
    first = body(api_viewer.get(f"{REVIEW}?limit=1&sort=oldest"))
    assert (first["total"], first["total_is_capped"], first["previous"]) == (2, False, None)
    second = body(api_viewer.get(f"{REVIEW}?limit=1&sort=oldest&after={first['next']}"))
    assert [first["data"][0]["id"], second["data"][0]["id"]] == held
    assert second["next"] is None
    back = body(api_viewer.get(f"{REVIEW}?limit=1&sort=oldest&before={second['previous']}"))
    assert back["data"] == first["data"]


def test_items_are_decided_by_id(
    api_editor: IsolatedClient, session: Session, held: list[int]
) -> None:
    order = {"decision": "reject", "items": [held[0], held[0]]}
    done = body(api_editor.post(f"{REVIEW}/decide", json=order))
    assert (done["decided_count"], done["skipped_count"], done["record_count"]) == (1, 0, 1)
    assert waiting(session) == 1
    again = body(api_editor.post(f"{REVIEW}/decide", json=order), 409)
    assert again["code"] == "conflict"
    assert body(api_editor.get(f"{REVIEW}?state=rejected"))["data"][0]["id"] == held[0]
    undo = api_editor.post(f"/v1/admin/batches/{done['batch_id']}/undo")
    assert body(undo)["refused_count"] == 0
    assert waiting(session) == 2


def test_all_that_a_filter_finds_are_previewed_and_decided(
    api_editor: IsolatedClient, session: Session, held: list[int]
) -> None:
    order = {"decision": "approve", "filter": {"reason": "context_drop", "size_min": 2}}
    seen = body(api_editor.post(f"{REVIEW}/decide", json=order | {"dry_run": True}))
    assert (seen["batch_id"], seen["decided_count"]) == (None, 2)
    assert (seen["by_reason"], seen["by_feed"]) == ({"context_drop": 2}, {"models-dev": 2})
    assert waiting(session) == 2
    wrong = order | {"fingerprint": "other"}
    assert body(api_editor.post(f"{REVIEW}/decide", json=wrong), 409)["code"] == "conflict"
    reply = api_editor.post(f"{REVIEW}/decide", json=order | {"fingerprint": seen["fingerprint"]})
    assert body(reply)["decided_count"] == 2
    assert reply.headers["X-Batch-ID"] == body(reply)["batch_id"]
    assert entry(session, GPT).context_length == 8_000


@pytest.mark.parametrize(
    "order",
    [
        {},
        {"decision": "approve"},
        {"decision": "approve", "items": [1], "filter": {}},
        {"decision": "approve", "items": []},
        {"decision": "approve", "items": [0]},
        {"decision": "approve", "items": ["1"]},
        {"decision": "delete", "items": [1]},
        {"decision": "approve", "filter": {"colour": "red"}},
        {"decision": "approve", "filter": {"reason": "odd"}},
        {"decision": "approve", "filter": {"size_min": "2"}},
        {"decision": "approve", "filter": {}, "all": True},
    ],
)
def test_a_wrong_order_changes_nothing(
    api_editor: IsolatedClient, session: Session, held: list[int], order: dict[str, Any]
) -> None:
    assert body(api_editor.post(f"{REVIEW}/decide", json=order), 400)["details"]
    assert waiting(session) == 2


def test_a_plan_is_applied_once_and_taken_back(
    api_editor: IsolatedClient, session: Session, planned: str
) -> None:
    done = body(api_editor.post(f"{RUNS}/{planned}/apply"))
    assert (done["run"]["status"], done["waiting_count"]) == ("applied", 0)
    assert done["item_count"] >= 1
    assert entry(session, GPT).model_display_name == "GPT-4 omni"
    assert body(api_editor.post(f"{RUNS}/{planned}/apply"), 409)["code"] == "conflict"
    back = body(api_editor.post(f"{RUNS}/{planned}/revert"))
    assert back["run"]["status"] == "reverted"
    assert entry(session, GPT).model_display_name == "GPT-4o"


def test_some_items_of_a_plan_are_applied(
    api_editor: IsolatedClient, session: Session, planned: str
) -> None:
    found = body(api_editor.get(f"{RUNS}/{planned}/items?record_type=entry&kind=updated"))["data"]
    order = {"items": [item["id"] for item in found]}
    done = body(api_editor.post(f"{RUNS}/{planned}/apply", json=order))
    assert done["waiting_count"] >= 1
    assert entry(session, GPT).model_display_name == "GPT-4 omni"
    strange = body(api_editor.post(f"{RUNS}/{planned}/apply", json={"items": [99_999]}), 404)
    assert strange["code"] == "not_found"
    assert api_editor.post(f"{RUNS}/{planned}/apply", json={"items": []}).status_code == 400


def test_a_plan_that_was_overtaken_is_stale(
    api_editor: IsolatedClient, session: Session, planned: str, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": gpt(8_000, "GPT-4 later")}))
    assert body(api_editor.post(f"{RUNS}/{planned}/apply"), 409)["code"] == "stale_plan"
    assert entry(session, GPT).model_display_name == "GPT-4 later"


def test_a_plan_is_rejected(api_editor: IsolatedClient, session: Session, planned: str) -> None:
    done = body(api_editor.post(f"{RUNS}/{planned}/reject"))
    assert (done["run"]["status"], done["batch_id"]) == ("rejected", None)
    assert api_editor.post(f"{RUNS}/{planned}/reject").status_code == 409


def test_a_viewer_decides_nothing(
    api_viewer: IsolatedClient, session: Session, held: list[int]
) -> None:
    order = {"decision": "approve", "items": held}
    assert api_viewer.post(f"{REVIEW}/decide", json=order).status_code == 403
    run = body(api_viewer.get(RUNS))["data"][0]["id"]
    for action in ("apply", "reject", "revert"):
        assert api_viewer.post(f"{RUNS}/{run}/{action}").status_code == 403
    assert waiting(session) == 2
