"""`/sync-runs`: the list, a run while it is under way and afterwards, what people do with it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import SyncItem, SyncRun, now
from app.services.sync import sync_feed
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, make_feed, model, sync
from tests.support.syncs import make_feed as bare_feed
from tests.support.syncs import make_item, make_run
from tests.web.html import checked

HTMX = {"HX-Request": "true"}
GPT = "openai/gpt-4o"


def gpt(name: str, **said: Any) -> dict[str, Any]:
    return model(name=name, **said)


@pytest.fixture
def planned(session: Session, tmp_path: Path) -> str:
    """A dry run that would rename an entry and its offer, and add another."""
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": gpt("GPT-4o")}))
    path = tmp_path / "next.json"
    path.write_bytes(answer({"gpt-4o": gpt("GPT-4 omni"), "gpt-5": gpt("GPT-5")}))
    run = sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True).run_id
    assert run
    return f"/sync-runs/{run}"


def status(session: Session, address: str) -> str:
    session.rollback()
    public_id = address.rsplit("/", maxsplit=1)[-1]
    return session.scalars(select(SyncRun.status).where(SyncRun.public_id == public_id)).one()


def test_runs_are_listed_and_filtered(viewer: IsolatedClient, session: Session) -> None:
    assert "No sync has run yet" in viewer.get("/sync-runs").text
    one, two = bare_feed(session, name="one"), bare_feed(session, name="two")
    for feed, state in ((one, "applied"), (one, "failed"), (two, "planned")):
        make_run(session, feed, status=state, counts={"added": 1})
    for query, count in (
        ("", 3),
        ("?feed=one", 2),
        ("?feed=one&status=failed", 1),
        ("?feed=none", 0),
    ):
        page = checked(viewer.get(f"/sync-runs{query}").text)
        assert len([r for r in page.all("tr") if r["id"].startswith("run_")]) == count
    for query in ("?status=odd", "?colour=red"):
        wrong = viewer.get(f"/sync-runs{query}")
        assert wrong.status_code == 400
        checked(wrong.text)


def test_there_is_no_such_run(viewer: IsolatedClient) -> None:
    assert viewer.get("/sync-runs/run_none").status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"status": "queued"}, "Waiting to begin"),
        ({"status": "queued", "age": 30}, "Nobody has taken it up yet"),
        ({"status": "running", "stage": "plan"}, "Comparing with what is known"),
    ],
)
def test_a_run_under_way_asks_for_itself(
    viewer: IsolatedClient, session: Session, values: dict[str, Any], words: str
) -> None:
    values = dict(values)  # shared by the engines
    moment = now() - values.pop("age", 0)
    ended = {"finished_at": None, "started_at": None, "counts": None}
    run = make_run(session, bare_feed(session), **ended, **values, created_at=moment, run_at=moment)
    html = viewer.get(f"/sync-runs/{run.public_id}").text
    checked(html)
    assert words in html
    assert 'hx-trigger="every 1s"' in html
    piece = viewer.get(f"/sync-runs/{run.public_id}", headers=HTMX)
    assert "<html" not in piece.text
    run.status, run.stage, run.finished_at = "applied", None, now()
    done = viewer.get(f"/sync-runs/{run.public_id}", headers=HTMX)
    assert "every 1s" not in done.text
    assert "Nothing new" in done.text


def test_a_run_shows_what_it_found_and_could_not_read(
    viewer: IsolatedClient, session: Session
) -> None:
    rejected = [{"position": "models[3]", "id": None, "reason": "has no <id>"}]
    run = make_run(
        session, bare_feed(session), counts={"updated": 2, "rejected": 1}, rejected=rejected
    )
    make_item(session, run, state="applied", reason=None, message=None)
    make_item(session, run, field="family", old="a", new="b", state="applied")
    html = viewer.get(f"/sync-runs/{run.public_id}").text
    checked(html)
    assert "has no &lt;id&gt;" in html
    page = checked(viewer.get(f"/sync-runs/{run.public_id}?field=family&kind=updated").text)
    assert len([r for r in page.all("tr") if r["id"].startswith("item-")]) == 1
    wrong = viewer.get(f"/sync-runs/{run.public_id}?kind=odd")
    assert wrong.status_code == 400
    checked(wrong.text)


def test_a_plan_is_looked_at_and_applied(
    editor: IsolatedClient, session: Session, planned: str
) -> None:
    html = editor.get(planned).text
    checked(html)
    assert "A dry run: nothing has changed" in html
    assert "GPT-4 omni" in html
    assert entry(session, GPT).model_display_name == "GPT-4o"
    reply = editor.post(f"{planned}/apply", data={"back": planned})
    assert (reply.status_code, reply.location) == (303, planned)
    assert "Applied: " in editor.get(planned).text
    assert entry(session, GPT).model_display_name == "GPT-4 omni"
    assert status(session, planned) == "applied"
    checked(editor.get(planned).text)


def test_only_the_ticked_items_are_applied_and_the_rest_waits(
    editor: IsolatedClient, session: Session, planned: str
) -> None:
    name = select(SyncItem.id).where(SyncItem.record_type == "entry", SyncItem.state == "planned")
    ticked = session.scalars(name.where(SyncItem.field == "model_display_name")).one()
    reply = editor.post(f"{planned}/apply", data={"scope": "picked", "id": ticked}, headers=HTMX)
    assert reply.status_code == 200
    assert "in the review queue" in reply.text
    assert entry(session, GPT).model_display_name == "GPT-4 omni"
    assert "GPT-5" in editor.get("/review").text


def test_what_a_filter_finds_is_applied(
    editor: IsolatedClient, session: Session, planned: str
) -> None:
    wish = {"scope": "matching", "where": "record_type=entry&field=model_display_name"}
    assert editor.post(f"{planned}/apply", data=wish, headers=HTMX).status_code == 200
    assert entry(session, GPT).model_display_name == "GPT-4 omni"


@pytest.mark.parametrize(
    "wish",
    [
        {"scope": "picked"},
        {"scope": "odd"},
        {"scope": "picked", "id": "x"},
        {"scope": "matching", "where": "kind=odd"},
    ],
)
def test_a_wrong_choice_changes_nothing(
    editor: IsolatedClient, session: Session, planned: str, wish: dict[str, str]
) -> None:
    assert editor.post(f"{planned}/apply", data=wish, headers=HTMX).status_code == 422
    reply = editor.post(f"{planned}/apply", data=wish)
    assert reply.status_code == 422
    checked(reply.text)
    assert status(session, planned) == "planned"


def test_a_plan_is_rejected_once(editor: IsolatedClient, session: Session, planned: str) -> None:
    assert editor.post(f"{planned}/reject").status_code == 303
    assert status(session, planned) == "rejected"
    again = editor.post(f"{planned}/reject", headers=HTMX)
    assert again.status_code == 409
    assert "Nothing was changed" in again.text
    checked(editor.get(planned).text)
    assert editor.post("/sync-runs/run_none/apply").status_code == 404


def test_a_whole_run_is_taken_back_after_a_question(
    editor: IsolatedClient, session: Session, planned: str
) -> None:
    editor.post(f"{planned}/apply")
    question = editor.get(f"{planned}/revert")
    page = checked(question.text)
    assert "records that it added are removed" in question.text
    assert [f["action"] for f in page.all("form") if "revert" in f["action"]] == [
        f"{planned}/revert"
    ]
    reply = editor.post(f"{planned}/revert", data={"reason": "wrong file"})
    assert (reply.status_code, reply.location) == (303, planned)
    assert "Taken back: " in editor.get(planned).text
    assert entry(session, GPT).model_display_name == "GPT-4o"
    assert "There is nothing to take back" in editor.get(f"{planned}/revert").text
    assert editor.post(f"{planned}/revert", headers=HTMX).status_code == 409


def test_a_viewer_looks_and_does_nothing(
    viewer: IsolatedClient, session: Session, planned: str
) -> None:
    page = checked(viewer.get(planned).text)
    assert [f["action"] for f in page.all("form") if "/apply" in f["action"]] == []
    for action in ("apply", "reject", "revert"):
        assert viewer.post(f"{planned}/{action}").status_code == 403
    assert viewer.get(f"{planned}/revert").status_code == 403
    assert status(session, planned) == "planned"
