"""`/live`: what an open page is told of the changes of others."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.permissions import Role
from app.models import Feed, SyncItem, SyncRun, UserSession, now
from app.queries.live import LIMIT
from app.queries.review import COUNTED_FEW
from app.services.records import edit_record, edit_records
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import actor_of
from tests.support.syncs import make_item
from tests.web.html import Page, checked
from tests.web.test_console_catalog import counted_queries

HERE = "/catalog"


def shown(page: Page) -> dict[str, Any]:
    """What the script says of a page."""
    rows = {row["id"].rpartition("-")[2]: row["data-mark"] for row in page.all("tr") if row["id"]}
    section = next(one for one in page.elements if one["data-here"])
    return {
        "at": section["data-here"],
        "total": section["data-live"],
        "mark": section["data-mark"],
        "rows": ",".join(f"{pk}-{mark}" for pk, mark in rows.items()),
    }


def shown_totals(page: Page) -> Iterator[str]:
    return (one["data-live"] for one in page.elements if one["data-live"])


def ask(client: IsolatedClient, since: str = "", **asked: Any) -> Any:
    return client.get(f"/live?{urlencode({**asked, 'since': since})}")


def edit(session: Session, kind: Any, pk: int, role: Role = Role.ADMIN, **values: Any) -> None:
    edit_record(session, actor_of(role), kind, pk, values, default_protection="fields")


def test_nothing_new_is_no_content_and_two_queries(
    app: Flask, editor: IsolatedClient, session: Session
) -> None:
    make_entry(session)
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    first = ask(editor, **asked)
    assert first.status_code == 200
    assert first.json["changed"] == []
    assert first.json["rows"].strip() == ""
    assert first.json["note"] is None
    with counted_queries(app) as made:
        again = ask(editor, first.json["moment"], **asked)
    assert (again.status_code, again.data) == (204, b"")
    assert len(made) == 2, "who asks, and whether anything was written"


def test_a_row_that_another_changed_comes_with_who_and_what(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, family="llama")
    make_entry(session)
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    moment = ask(editor, **asked).json["moment"]
    edit(session, "entry", entry.id, family="meta", supports_tools=True, model_display_name="Llama")
    news = ask(editor, moment, **asked).json
    (told,) = news["changed"]
    assert told["id"] == f"entry-{entry.id}"
    assert (told["by"], told["name"]) == ("admin@example.org", "Llama")
    assert set(told["fields"]) == {"family", "supports_tools", "model_display_name"}
    assert f'hx-target="#entry-{entry.id}"' in news["rows"]
    assert news["rows"].count("<tr") == 1
    assert told["mark"] in news["rows"]
    # The row as it is now is no news any more, whoever asks.
    fresh = shown(checked(editor.get(HERE).text))
    assert ask(editor, **fresh).json["changed"] == []


def test_the_own_change_of_another_window_is_told_as_such(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session)
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    edit(session, "entry", entry.id, Role.EDITOR, notes="n")
    assert ask(editor, **asked).json["changed"][0]["by"] == "you, elsewhere"


def test_what_left_the_filter_is_sent_all_the_same_and_counted(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, family="llama")
    make_entry(session, family="llama")
    session.commit()
    asked = shown(checked(editor.get(f"{HERE}?family=llama").text))
    edit(session, "entry", entry.id, family="meta")
    news = ask(editor, **asked).json
    assert [one["id"] for one in news["changed"]] == [f"entry-{entry.id}"]
    assert news["note"] == "1 fewer entry matches now"
    for _ in range(3):
        make_entry(session, family="llama")
    session.commit()
    assert ask(editor, **asked).json["note"] == "2 more entries match now"


def test_another_order_is_said(editor: IsolatedClient, session: Session) -> None:
    first = make_entry(session, model_display_name="A")
    make_entry(session, model_display_name="B")
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    edit(session, "entry", first.id, model_display_name="C")
    assert ask(editor, **asked).json["note"] == "The order of this page is another one now"


def test_rows_come_with_the_columns_that_are_on_the_screen(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session, family="llama")
    session.commit()
    asked = shown(checked(editor.get(f"{HERE}?columns=family,active").text))
    edit(session, "entry", entry.id, family="meta")
    asked["at"] = HERE
    headers = {"X-Columns": "family,active"}
    news = editor.get(f"/live?{urlencode(asked)}", headers=headers).get_json()
    assert news["rows"].count("<td") == 3


def test_a_viewer_gets_rows_without_controls(viewer: IsolatedClient, session: Session) -> None:
    entry = make_entry(session)
    session.commit()
    asked = shown(checked(viewer.get(HERE).text))
    assert ask(viewer, **asked).json["changed"] == []
    edit(session, "entry", entry.id, notes="n")
    rows = ask(viewer, **asked).json["rows"]
    assert "<tr" in rows
    assert rows.count("<button") == rows.count("data-copy=") == 1, "copying is no change"
    assert "<input" not in rows


def test_a_model_changes_with_its_entry_and_its_provider(
    editor: IsolatedClient, session: Session
) -> None:
    entry, provider = make_entry(session), make_provider(session)
    model = make_provider_model(session, provider, entry)
    session.commit()
    asked = shown(checked(editor.get("/provider-models").text))
    moment = ask(editor, **asked).json["moment"]
    edit(session, "entry", entry.id, supports_video=True)
    (told,) = ask(editor, moment, **asked).json["changed"]
    assert told["by"] == "admin@example.org"
    assert told["id"].endswith(f"-{model.id}")


def test_a_record_is_told_to_show_itself_anew(editor: IsolatedClient, session: Session) -> None:
    entry = make_entry(session, public_id="meta/llama:free")
    session.commit()
    asked = shown(checked(editor.get("/catalog/meta/llama:free").text)) | {"rows": ""}
    same = ask(editor, **asked).json
    assert (same["anew"], same["changed"]) == (False, [])
    edit(session, "entry", entry.id, family="meta")
    news = ask(editor, same["moment"], **asked).json
    assert news["anew"] is True
    assert news["changed"][0]["fields"] == ["family"]
    assert ask(editor, **{**asked, "at": "/catalog/meta/gone"}).json["note"].startswith("This is")


def test_a_removed_record_keeps_its_row_and_says_so_once(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session)
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    session.delete(entry)
    make_entry(session)
    session.commit()
    (told,) = ask(editor, **asked).json["changed"]
    assert (told["id"], told["became"]) == (f"entry-{entry.id}", "removed")
    again = asked | {"rows": f"{entry.id}-{told['mark']}"}
    assert ask(editor, **again).json["changed"] == []


def test_the_change_log_is_told_how_many_actions_are_newer(
    editor: IsolatedClient, session: Session
) -> None:
    entry = make_entry(session)
    session.commit()
    for address in ("/changes", "/changes?kind=edit", "/changes?kind=bulk"):
        page = checked(editor.get(address).text)
        asked = {"at": address, "mark": page.one("div", id="changes")["data-mark"]}
        same = ask(editor, **asked).json
        assert (same["note"], same["anew"]) == (None, False)
        edit(session, "entry", entry.id, notes=address)
        edit(session, "entry", entry.id, family=address.replace("/", "").replace("?", ""))
        expected = None if "bulk" in address else "2 new actions"
        assert ask(editor, **asked).json["note"] == expected
    older = checked(editor.get(f"/changes?before={'0'.zfill(1)}").text)
    assert not [one for one in older.elements if one["data-live"]]


@pytest.fixture
def waiting(session: Session) -> list[int]:
    """Two items of the review queue."""
    entry = make_entry(session)
    feed = Feed(name="upstream", kind="models_dev", created_at=now())
    session.add(feed)
    session.flush()
    run = SyncRun(public_id="run_1", feed_id=feed.id, trigger="cli", run_at=now())
    run.actor_kind, run.actor, run.created_at = "system", "almanac", now()
    session.add(run)
    session.flush()
    items = [
        SyncItem(
            run_id=run.id,
            feed_id=feed.id,
            kind="updated",
            record_type="entry",
            record_id=entry.id,
            name="x",
            field=field,
            state="waiting",
            reason="withdrawn",
            created_at=now(),
        )
        for field in ("family", "description")
    ]
    session.add_all(items)
    session.commit()
    return [item.id for item in items]


def test_a_decided_item_is_named_and_new_ones_are_counted(
    editor: IsolatedClient, session: Session, waiting: list[int]
) -> None:
    asked: dict[str, Any] = {
        "at": "/review",
        "total": 2,
        "rows": ",".join(f"{pk}-waiting" for pk in waiting),
    }
    same = ask(editor, **asked).json
    assert (same["changed"], same["note"]) == ([], None)
    item = session.get_one(SyncItem, waiting[0])
    item.state, item.decided_by = "rejected", "admin@example.org"
    session.commit()
    news = ask(editor, **asked).json
    (told,) = news["changed"]
    assert (told["id"], told["became"]) == (f"item-{waiting[0]}", "rejected")
    assert (told["by"], told["mark"]) == ("admin@example.org", "rejected")
    assert told["open"] is False
    assert news["note"] == "1 of these no longer waits"
    both = "1 of these no longer waits, 1 more item waits now"
    assert ask(editor, **{**asked, "total": 1}).json["note"] == both
    # The page marks the row as it was told: the note stands all the same.
    marked = asked | {"total": 1, "rows": f"{waiting[0]}-rejected,{waiting[1]}-waiting"}
    again = ask(editor, **marked).json
    assert (again["changed"], again["note"]) == ([], both)


def test_an_item_that_waits_again_is_put_back_and_a_removed_one_is_gone(
    editor: IsolatedClient, session: Session, waiting: list[int]
) -> None:
    first, second = waiting
    session.delete(session.get_one(SyncItem, second))
    session.commit()
    rows = f"{first}-rejected,{second}-waiting"
    news = ask(editor, at="/review", total=2, rows=rows).json
    back, gone = news["changed"]
    assert (back["became"], back["open"], back["mark"]) == ("put back", True, "waiting")
    assert (gone["became"], gone["open"], gone["mark"]) == ("removed", False, "gone")
    again = ask(editor, at="/review", total=2, rows=f"{first}-waiting,{second}-gone").json
    assert again["changed"] == []


def test_the_list_of_what_is_rejected_is_told_in_its_own_words(
    editor: IsolatedClient, session: Session, waiting: list[int]
) -> None:
    for pk in waiting:
        session.get_one(SyncItem, pk).state = "rejected"
    session.commit()
    rows = f"{waiting[0]}-rejected"
    news = ask(editor, at="/review?state=rejected", total=1, rows=rows).json
    assert (news["changed"], news["note"]) == ([], "1 more item is rejected now")


def test_a_list_that_counted_only_so_far_is_not_told_of_more(
    editor: IsolatedClient, session: Session, waiting: list[int]
) -> None:
    known = session.get_one(SyncItem, waiting[0])
    run = session.get_one(SyncRun, known.run_id)
    for _ in range(COUNTED_FEW):
        make_item(session, run, record_id=known.record_id)
    session.commit()
    at = "/review?reason=context_drop&kind=updated"
    asked = {"at": at, "total": next(shown_totals(checked(editor.get(at).text)))}
    assert asked["total"] == str(COUNTED_FEW)
    for _ in range(10):
        make_item(session, run, record_id=known.record_id)
    session.commit()
    assert ask(editor, **asked).json["note"] is None


def test_every_page_is_told_how_many_items_wait(
    editor: IsolatedClient, session: Session, waiting: list[int]
) -> None:
    for at in (HERE, "/review", "/provider-models"):
        assert ask(editor, at=at).json["waiting"] == "2"
    for pk in waiting:
        session.get_one(SyncItem, pk).state = "rejected"
    session.commit()
    assert ask(editor, at=HERE).json["waiting"] == ""


def test_more_changes_than_are_read_at_once_are_told_with_who_made_them(
    editor: IsolatedClient, session: Session
) -> None:
    entries = [make_entry(session, family="a") for _ in range(20)]
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    moment = ask(editor, **asked).json["moment"]
    ids = [entry.id for entry in entries]
    for number in range(LIMIT // len(ids) + 10):
        # The last of them goes without: it was changed before all that the others had since.
        mine = ids[:-1] if number else ids
        values = {"family": f"family {number}"}
        edit_records(
            session,
            actor_of(Role.ADMIN),
            "entry",
            dict.fromkeys(mine, values),
            default_protection="fields",
        )
    for since in (moment, ""):
        changed = ask(editor, since, **asked).json["changed"]
        assert {one["id"] for one in changed} == {f"entry-{pk}" for pk in ids}
        assert {one["by"] for one in changed} == {"admin@example.org"}


def test_a_switch_of_everything_is_told_once_for_each_row(
    editor: IsolatedClient, session: Session
) -> None:
    for _ in range(30):
        make_entry(session, active=True)
    session.commit()
    asked = shown(checked(editor.get(HERE).text))
    moment = ask(editor, **asked).json["moment"]
    edit(session, "entry", int(asked["rows"].partition("-")[0]), notes="n")
    news = ask(editor, moment, **asked).json
    assert len(news["changed"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"at": ""},
        {"at": "/users"},
        {"at": "//elsewhere.example/catalog2"},
        {"at": "/catalog?nonsense=1"},
        {"rows": "x"},
        {"rows": "12"},
        {"rows": "99999999999999999999-a"},
        {"rows": ",".join(f"{n}-a" for n in range(1, 300))},
        {"since": "yesterday"},
        {"since": "1.99999999999999999999999"},
        {"total": "-1"},
        {"total": "many"},
        {"at": "/changes"},
        {"at": "/changes", "mark": "1.5"},
    ],
)
def test_what_no_page_says_is_refused(editor: IsolatedClient, wrong: dict[str, str]) -> None:
    answer = editor.get(f"/live?{urlencode({'at': HERE} | wrong)}")
    assert answer.status_code == 400


def test_nobody_is_told_anything_without_a_login(client: IsolatedClient) -> None:
    answer = client.get(f"/live?at={HERE}", headers={"HX-Request": "true"})
    assert answer.status_code == 401


def test_asking_keeps_no_idle_session_alive(
    app: Flask, editor: IsolatedClient, session: Session
) -> None:
    kept = session.query(UserSession).one()
    kept.last_seen_at = before = now() - 3600
    session.commit()
    assert ask(editor, at=HERE).status_code == 200
    session.expire_all()
    assert session.query(UserSession).one().last_seen_at == before
    editor.get(HERE)
    session.expire_all()
    assert session.query(UserSession).one().last_seen_at > before
