"""`/review`: what waits, the decisions about it, and answers that were held back as a whole."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import SyncItem
from tests.support.client import IsolatedClient
from tests.support.feeds import answer, entry, filler, make_feed, model, sync
from tests.support.syncs import make_feed as bare_feed
from tests.support.syncs import make_item, make_run
from tests.web.html import checked

HTMX = {"HX-Request": "true"}
GPT = "openai/gpt-4o"


def gpt(context: int) -> dict[str, Any]:
    return model(name="GPT-4o", limit={"context": context, "output": 1_000})


@pytest.fixture
def held(session: Session, tmp_path: Path) -> list[int]:
    """A context that was cut, of an entry and of its offer: the items' row ids."""
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": gpt(100_000)}))
    sync(session, tmp_path, answer({"gpt-4o": gpt(8_000)}))
    found = list(session.scalars(select(SyncItem.id).where(SyncItem.state == "waiting")))
    assert len(found) == 2
    return found


def states(session: Session) -> set[str]:
    session.rollback()
    reasons = SyncItem.reason == "context_drop"
    return set(session.scalars(select(SyncItem.state).where(reasons)))


def toast(html: str) -> str:
    match = re.search(r'class="toast-text">\s*([^<]*)', html)
    assert match, html
    return match[1].strip()


def test_an_empty_queue_is_calm(viewer: IsolatedClient) -> None:
    page = viewer.get("/review")
    checked(page.text)
    assert "Nothing waits for you" in page.text
    assert "pill-count" not in page.text


def test_what_waits_is_shown_with_both_values_and_why(
    viewer: IsolatedClient, held: list[int]
) -> None:
    html = viewer.get("/review").text
    page = checked(html)
    assert "Context cut" in html
    assert "100,000" in html
    assert "8,000" in html
    page.one("a", href=f"/catalog/{GPT}")
    assert [b for b in page.all("button") if b["form"] == "decide"] == [], (
        "a viewer decides nothing"
    )
    link = next(a for a in page.all("a") if a["href"] == "/review" and "topnav" in a["class"])
    assert "2" in link.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("feed=models-dev", 2),
        ("field=context_length", 1),
        ("reason=price_jump", 0),
        ("record=openai/gpt-4o", 1),
        ("q=gpt", 2),
        ("q=nothing", 0),
        ("size_min=100", 0),
        ("size_min=2&sort=size", 2),
        ("state=rejected", 0),
        ("", 2),
    ],
)
def test_the_queue_is_filtered_by_its_address(
    editor: IsolatedClient, held: list[int], query: str, count: int
) -> None:
    html = editor.get(f"/review?{query}").text
    page = checked(html)
    assert len([r for r in page.all("tr") if r["id"].startswith("item-")]) == count
    assert f"<b>{count}</b>" in html


@pytest.mark.parametrize(
    "query", ["reason=because", "colour=red", "sort=up", "after=x", "size_min=0"]
)
def test_a_wrong_address_says_what_is_wrong(editor: IsolatedClient, query: str) -> None:
    page = editor.get(f"/review?{query}")
    assert page.status_code == 400
    checked(page.text)
    assert query.split("=", maxsplit=1)[0] in page.text.lower()


def test_approving_one_item_puts_it_in_force_and_can_be_undone(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    back = "/review?feed=models-dev"
    item = session.scalars(
        select(SyncItem).where(SyncItem.record_type == "entry", SyncItem.state == "waiting")
    ).one()
    reply = editor.post("/review/decide", data={"approve": item.id, "back": back}, headers=HTMX)
    assert reply.status_code == 200
    assert toast(reply.text) == "Approved: 1 item."
    assert reply.headers["HX-Trigger"] == "almanac:changed"
    assert entry(session, GPT).context_length == 8_000
    undo = re.search(r'action="(/batches/[^"]+/undo)"', reply.text)
    assert undo
    assert editor.post(undo[1], data={"back": back}, headers=HTMX).status_code == 200
    assert entry(session, GPT).context_length == 100_000
    assert states(session) == {"waiting"}


def test_rejecting_works_as_an_ordinary_form(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    reply = editor.post("/review/decide", data={"reject": held[0], "back": "/review?q=gpt"})
    assert (reply.status_code, reply.location) == (303, "/review?q=gpt")
    html = editor.get(reply.location).text
    assert "Rejected: 1 item." in html
    refused = editor.get("/review?state=rejected").text
    assert "Approve after all" in refused
    checked(refused)
    again = editor.post("/review/decide", data={"approve": held[0]}, headers=HTMX)
    assert toast(again.text) == "Approved: 1 item."


def test_what_is_decided_already_is_a_conflict(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    editor.post("/review/decide", data={"reject": held[0]})
    reply = editor.post("/review/decide", data={"reject": held[0]}, headers=HTMX)
    assert reply.status_code == 409
    assert "waits any more" in reply.text


@pytest.mark.parametrize(
    "data",
    [{}, {"approve": "x"}, {"approve": "1", "reject": "1"}, {"reject": "99999999999"}],
)
def test_a_wrong_decision_changes_nothing(
    editor: IsolatedClient, held: list[int], session: Session, data: dict[str, str]
) -> None:
    assert editor.post("/review/decide", data=data).status_code == 400
    assert states(session) == {"waiting"}


def test_all_that_match_are_previewed_then_decided(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    wish = {"scope": "matching", "where": "feed=models-dev", "action": "approve", "back": "/review"}
    seen = editor.post("/review/preview", data=wish, headers=HTMX)
    assert seen.status_code == 200
    assert "<b>2 items</b> of 2 records will come into force" in seen.text
    assert states(session) == {"waiting"}
    fingerprint = re.search(r'name="fingerprint" value="([^"]+)"', seen.text)
    assert fingerprint
    done = editor.post("/review/apply", data=wish | {"fingerprint": fingerprint[1]}, headers=HTMX)
    assert toast(done.text) == "Approved: 2 items."
    assert states(session) == {"applied"}


def test_ticked_rows_are_decided_without_scripts(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    wish = {"scope": "picked", "id": held[0], "action": "reject", "back": "/review"}
    seen = editor.post("/review/preview", data=wish)
    page = checked(seen.text)
    fingerprint = page.one("input", name="fingerprint")["value"]
    done = editor.post("/review/apply", data=wish | {"fingerprint": fingerprint})
    assert (done.status_code, done.location) == (303, "/review")
    assert states(session) == {"waiting", "rejected"}


def test_other_items_than_previewed_are_asked_about_again(
    editor: IsolatedClient, held: list[int], session: Session
) -> None:
    wish = {"scope": "matching", "where": "", "action": "approve"}
    seen = checked(editor.post("/review/preview", data=wish).text)
    fingerprint = seen.one("input", name="fingerprint")["value"]
    editor.post("/review/decide", data={"approve": held[0]})
    again = editor.post("/review/apply", data=wish | {"fingerprint": fingerprint}, headers=HTMX)
    assert again.status_code == 409
    assert "Nothing was done" in again.text
    assert states(session) == {"waiting", "applied"}


@pytest.mark.parametrize(
    "data",
    [
        {"scope": "picked", "action": "approve"},
        {"scope": "some", "action": "approve"},
        {"scope": "picked", "id": "x", "action": "approve"},
        {"scope": "matching", "where": "reason=because", "action": "approve"},
        {"scope": "matching", "where": "feed=a&feed=b", "action": "approve"},
        {"scope": "matching", "where": "=%ff", "action": "approve"},
        {"scope": "matching", "where": "", "action": "delete"},
    ],
)
@pytest.mark.parametrize("step", ["preview", "apply"])
def test_a_wrong_wish_is_said_and_changes_nothing(
    editor: IsolatedClient, held: list[int], session: Session, step: str, data: dict[str, str]
) -> None:
    reply = editor.post(f"/review/{step}", data=data)
    assert reply.status_code == 422
    checked(reply.text)
    assert "Not yet" in reply.text
    assert states(session) == {"waiting"}


def test_a_viewer_decides_nothing(
    viewer: IsolatedClient, held: list[int], session: Session
) -> None:
    for path in ("decide", "preview", "apply"):
        assert viewer.post(f"/review/{path}", data={"approve": held[0]}).status_code == 403
    assert states(session) == {"waiting"}


def test_a_record_that_may_be_added_says_what_it_is(
    editor: IsolatedClient, session: Session
) -> None:
    payload = {
        "provider": "acme",
        "raw_id": "<b>new</b>",
        "fields": {
            "pricing": {
                "lines": [
                    {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "2500", "currency": "USD"}
                ]
            },
            "token_limits": {"context_length": 128_000, "max_completion_tokens": None},
        },
        "about": {"supports_tools": True},
    }
    run = make_run(session, bare_feed(session, mode="review"))
    values = {"kind": "added", "field": None, "old": None, "new": "hash", "size": None}
    make_item(
        session,
        run,
        **values,
        reason="review",
        record_type="provider_model",
        target="acme\nx",
        payload=payload,
    )
    html = editor.get("/review").text
    checked(html)
    for text in ("&lt;b&gt;new&lt;/b&gt;", "$2.50", "128,000", "Tools", "of acme"):
        assert text in html, text


def test_every_kind_of_item_can_be_shown(editor: IsolatedClient, session: Session) -> None:
    run = make_run(session, bare_feed(session))
    price = {
        "lines": [{"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0", "currency": "USD"}]
    }
    for kind in ("retired", "reactivated", "claimed", "dropped", "added"):
        make_item(
            session, run, kind=kind, field=None, old=None, new=None, reason="review", size=None
        )
    for kind in ("updated", "protected", "drift", "outranked"):
        make_item(
            session,
            run,
            kind=kind,
            record_type="provider_model",
            field="pricing",
            old=price,
            new=None,
        )
    html = editor.get("/review").text
    checked(html)
    assert "Prompt tokens: free" in html
    assert "A person decided this field" in html
    checked(editor.get(f"/sync-runs/{run.public_id}").text)


def test_pages_follow_each_other(editor: IsolatedClient, session: Session) -> None:
    run = make_run(session, bare_feed(session))
    for number in range(120):
        make_item(session, run, name=f"Row {number}")
    names: list[str] = []
    address = "/review"
    for _ in range(3):
        page = checked(editor.get(address).text)
        names += [e.text for e in page.elements if e["class"] == "item-name"]
        following = [a["href"] for a in page.all("a") if a.text == "Next"]
        address = following[0] if following else ""
    assert address == ""
    assert names == [f"Row {n}" for n in reversed(range(120))]


def test_a_whole_answer_that_is_held_stands_above(
    editor: IsolatedClient, session: Session, tmp_path: Path
) -> None:
    make_feed(session)
    sync(session, tmp_path, answer(filler(10)))
    with pytest.raises(Exception, match="fewer than"):
        sync(session, tmp_path, answer(filler(2)))
    html = editor.get("/review").text
    page = checked(html)
    assert "Fewer" in html or "fewer than" in html
    forms = [f["action"] for f in page.all("form") if f["action"].startswith("/sync-runs/")]
    assert len(forms) == 1
    run = forms[0].split("/")[2]
    shown = editor.get(f"/sync-runs/{run}")
    checked(shown.text)
    assert "Apply all the same" in shown.text
    refused = editor.post(f"/sync-runs/{run}/reject", data={"back": "/review"}, headers=HTMX)
    assert refused.status_code == 200
    assert "held back" not in editor.get("/review").text
