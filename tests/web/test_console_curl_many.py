"""The commands of bulk actions, of the review queue and of runs do what the page would do."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.blueprints.console import bulk_calls
from app.core.permissions import SYSTEM, Role
from app.models import CatalogEntry, SyncItem, SyncRun
from app.services.records import edit_record
from app.services.sync import sync_feed
from tests.support.client import IsolatedClient
from tests.support.commands import assert_same, count_batches, newest_changes, offered, run
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.feeds import answer, entry, make_feed, model, sync
from tests.support.forms import forms_of, posted_to, press
from tests.support.people import actor_of
from tests.support.syncs import make_feed as bare_feed
from tests.support.syncs import make_run

GPT = "openai/gpt-4o"
# Slashes, quotes, letters beyond ASCII, what a shell or a URL would take for something else.
HARD = ('acme/it\'s "so"/模型:1@b', "acme/$HOME/`id`", "acme/a b?c#d%20e", "acme/\\n&|;")
ENTRY, MODEL = {"record_type": "entry"}, {"record_type": "provider_model"}


@pytest.fixture
def ids(session: Session) -> dict[str, list[int]]:
    """Entries with ids that are hard to quote, each offered by two providers."""
    providers = [make_provider(session, public_id=f"prov_{n}") for n in "ab"]
    found: dict[str, list[int]] = {"entry": [], "provider_model": []}
    for number, name in enumerate((*HARD, "acme/plain")):
        made = make_entry(session, public_id=name, tags=["old"] if number < 3 else [])
        found["entry"].append(made.id)
        for provider in providers:
            offer = make_provider_model(session, provider, made, raw_id=name)
            found["provider_model"].append(offer.id)
    session.commit()
    for name in HARD[:2]:
        edit_record(session, actor_of(Role.EDITOR), "entry", name, {"notes": "mine"})
    return found


def preview(client: IsolatedClient, path: str, **data: Any) -> str:
    reply = client.post(f"{path}/preview", data=MultiDict(data))
    assert reply.status_code == 200, reply.text
    return reply.text


def confirm(client: IsolatedClient, path: str, **data: Any) -> TestResponse:
    """Look at the preview and press its only button, as a person does."""
    page = preview(client, path, **data)
    [(form, button, _)] = [found for found in posted_to(page) if found[2] == f"{path}/apply"]
    return press(client, path, form, button)


def body_of(command: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(shlex.split(command.replace("\\\n", " "))[-1])
    return body


@pytest.mark.parametrize(
    ("data", "chosen", "changed"),
    [
        (ENTRY | {"action": "disable"}, slice(0, 4), 4),
        (ENTRY | {"action": "disable", "scope": "page"}, slice(1, 3), 2),
        (ENTRY | {"action": "disable", "scope": "matching", "where": "tag=old"}, None, 3),
        (ENTRY | {"action": "disable", "scope": "matching", "where": "q=plain"}, None, 1),
        (ENTRY | {"quick": "disable"}, None, 5),
        (ENTRY | {"quick": "disable_except"}, slice(0, 2), 3),
        (ENTRY | {"quick": "disable_except", "where": "tag=old"}, slice(2, 4), 2),
        (ENTRY | {"action": "give_back"}, slice(0, 3), 2),
        (ENTRY | {"action": "give_back", "scope": "matching"}, None, 2),
        (MODEL | {"quick": "disable"}, None, 10),
        (MODEL | {"quick": "disable", "where": "provider_id=prov_a"}, None, 5),
        (MODEL | {"quick": "disable_except", "where": "provider_id=prov_a"}, slice(0, 2), 4),
        (MODEL | {"quick": "disable_except"}, slice(0, 3), 7),
    ],
)
def test_a_bulk_command_reaches_what_the_preview_names(
    session: Session,
    editor: IsolatedClient,
    api_editor: IsolatedClient,
    ids: dict[str, list[int]],
    data: dict[str, str],
    chosen: slice | None,
    changed: int,
) -> None:
    sent: dict[str, Any] = dict(data)
    picked = ids[data["record_type"]][chosen] if chosen else []
    if data.get("scope") == "page":
        sent["page"] = ",".join(map(str, picked))
    elif picked:
        sent["id"] = picked
    commands = offered(preview(editor, "/bulk", **sent))
    before = count_batches(session)
    if dry := commands.pop("Dry run", None):
        assert run(api_editor, dry).get_json()["updated_count"] == changed
        assert count_batches(session) == before
    [command] = commands.values()
    done = assert_same(session, api_editor, command, lambda: confirm(editor, "/bulk", **sent))
    assert len({(row[0], row[1]) for row in done}) == changed


@pytest.mark.parametrize(
    "data",
    [
        ENTRY | {"action": "set_family", "value": "x"},
        ENTRY | {"action": "add_tags", "value": "x"},
        ENTRY | {"action": "set_capability", "capability": "supports_tools"},
        ENTRY | {"action": "enable"},  # it changes nothing
        ENTRY | {"action": "disable", "scope": "matching", "where": "tag=none"},
        MODEL | {"action": "disable"},
        MODEL | {"action": "give_back", "scope": "matching"},
        MODEL | {"action": "disable", "scope": "matching", "where": "available=true"},
    ],
)
def test_no_command_is_offered_that_would_reach_others(
    editor: IsolatedClient, ids: dict[str, list[int]], data: dict[str, str]
) -> None:
    picked = {} if "scope" in data else {"id": ids[data["record_type"]][:2]}
    assert offered(preview(editor, "/bulk", **data, **picked)) == {}


def test_more_than_can_be_named_is_no_command(
    editor: IsolatedClient, ids: dict[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ENTRY | {"action": "disable", "scope": "matching"}
    monkeypatch.setattr(bulk_calls, "MAX_IDS", 2)
    assert offered(preview(editor, "/bulk", **data, where="tag=old")) == {}
    assert body_of(offered(preview(editor, "/bulk", **data))["Disable"]) == {"enable": False}


@pytest.fixture
def held(session: Session, tmp_path: Path) -> list[int]:
    """A context that was cut, of an entry and of its offer: the items' row ids."""
    make_feed(session)
    for context in (100_000, 8_000):
        said = model(name="GPT-4o", limit={"context": context, "output": 1_000})
        sync(session, tmp_path, answer({"gpt-4o": said}))
    waiting = select(SyncItem.id).where(SyncItem.state == "waiting")
    return list(session.scalars(waiting.order_by(SyncItem.id)))


@pytest.mark.parametrize(
    ("where", "count"), [(None, 1), ("feed=models-dev&size_min=2.5&q=gpt", 2), ("", 2)]
)
def test_what_waits_is_approved_by_command_as_by_its_preview(
    session: Session,
    editor: IsolatedClient,
    api_editor: IsolatedClient,
    held: list[int],
    where: str | None,
    count: int,
) -> None:
    which = {"id": held[:1]} if where is None else {"scope": "matching", "where": where}
    data: dict[str, Any] = {"action": "approve", **which}
    commands = offered(preview(editor, "/review", **data))
    dry = run(api_editor, commands["Dry run"]).get_json()
    assert (dry["decided_count"], dry["batch_id"]) == (count, None)
    assert entry(session, GPT).context_length == 100_000
    assert_same(
        session,
        api_editor,
        commands["Approve these"],
        lambda: confirm(editor, "/review", **data),
    )
    assert run(api_editor, commands["Approve these"]).status_code == 409, "it was decided"


@pytest.mark.parametrize("way", ["command", "queue", "page"])
def test_what_waits_is_rejected_by_command_as_by_its_preview(
    session: Session, editor: IsolatedClient, api_editor: IsolatedClient, held: list[int], way: str
) -> None:
    data = {"action": "reject", "scope": "matching", "where": f"record={GPT}"}
    if way == "command":
        said = offered(preview(editor, "/review", **data))["Reject these"]
        assert run(api_editor, said).status_code == 200
    elif way == "queue":
        said = offered(editor.get(f"/review?record={GPT}").text)["Reject all that matches"]
        assert run(api_editor, said).status_code == 200
    else:
        assert confirm(editor, "/review", **data).status_code == 303
    found = select(SyncItem.record_type, SyncItem.state).where(SyncItem.id.in_(held))
    assert set(session.execute(found).all()) == {
        ("entry", "rejected"),
        ("provider_model", "waiting"),
    }
    assert entry(session, GPT).context_length == 100_000
    after = offered(editor.get("/review?state=rejected").text)
    assert set(after) == {"Dry run", "Approve all that was rejected"}
    assert run(api_editor, after["Approve all that was rejected"]).status_code == 200
    assert entry(session, GPT).context_length == 8_000


@pytest.fixture
def planned(session: Session, tmp_path: Path) -> str:
    """A dry run that would rename an entry and its offer, and add another."""
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o")}))
    path = tmp_path / "next.json"
    path.write_bytes(answer({"gpt-4o": model(name="GPT-4 omni"), "gpt-5": model(name="GPT-5")}))
    run_id = sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True).run_id
    return f"/sync-runs/{run_id}"


def state_of(session: Session, address: str) -> tuple[str, dict[str, str | None]]:
    """A run's status, and the entries with their names."""
    session.rollback()
    public_id = address.rpartition("/")[2]
    status = session.scalars(select(SyncRun.status).where(SyncRun.public_id == public_id)).one()
    names = select(CatalogEntry.public_id, CatalogEntry.model_display_name)
    return status, dict(session.execute(names).all())


BEFORE = {GPT: "GPT-4o"}
RENAMED, ADDED = {GPT: "GPT-4 omni"}, {"openai/gpt-5": "GPT-5"}


@pytest.mark.parametrize("way", ["command", "button"])
@pytest.mark.parametrize(
    ("query", "label", "button", "after"),
    [
        ("", "Apply the plan", "Apply the plan", ("applied", RENAMED | ADDED)),
        (
            "?kind=added",
            "Apply only what is filtered",
            "Apply only these",
            ("applied", BEFORE | ADDED),
        ),
        ("", "Reject", "Reject", ("rejected", BEFORE)),
    ],
)
def test_a_plan_is_decided_by_command_as_by_its_button(
    session: Session,
    editor: IsolatedClient,
    api_editor: IsolatedClient,
    planned: str,
    way: str,
    query: str,
    label: str,
    button: str,
    after: tuple[str, dict[str, str]],
) -> None:
    page = editor.get(planned + query).text
    if way == "command":
        assert run(api_editor, offered(page)[label]).status_code == 200
    else:
        form = next(f for f in forms_of(page) if any(b.label == button for b in f.buttons))
        typed = {"scope": "matching"} if query else {}
        assert press(editor, planned, form, form.button(button), typed).status_code == 303
    assert state_of(session, planned) == after


@pytest.mark.parametrize("way", ["command", "button"])
def test_a_run_is_taken_back_by_command_as_by_its_button(
    session: Session, editor: IsolatedClient, api_editor: IsolatedClient, planned: str, way: str
) -> None:
    assert run(api_editor, offered(editor.get(planned).text)["Apply the plan"]).status_code == 200
    commands = offered(editor.get(planned).text)
    assert set(commands) == {"Take it back"}
    if way == "command":
        assert run(api_editor, commands["Take it back"]).status_code == 200
    else:
        page = f"{planned}/revert"
        [form] = [f for f in forms_of(editor.get(page).text) if f.action == page]
        assert press(editor, page, form, form.button()).status_code == 303
    assert state_of(session, planned) == ("reverted", BEFORE)
    undone = newest_changes(session)
    assert (GPT, "GPT-4o") in {(_name(session, row[1]), row[4]) for row in undone}


def _name(session: Session, entry_id: int) -> str | None:
    found = session.get(CatalogEntry, entry_id)
    return found.public_id if found else None


@pytest.mark.parametrize("label", ["Approve what waits", "Reject what waits"])
def test_what_waits_of_a_run_is_decided_on_its_page(
    session: Session,
    editor: IsolatedClient,
    api_editor: IsolatedClient,
    held: list[int],
    label: str,
) -> None:
    name = session.scalars(
        select(SyncRun.public_id)
        .join(SyncItem, SyncItem.run_id == SyncRun.id)
        .distinct()
        .where(SyncItem.id.in_(held))
    ).one()
    assert run(api_editor, offered(editor.get(f"/sync-runs/{name}").text)[label]).status_code == 200
    context = 8_000 if label.startswith("Approve") else 100_000
    assert entry(session, GPT).context_length == context
    assert label not in offered(editor.get(f"/sync-runs/{name}").text)


def test_viewers_are_offered_no_commands_about_plans_and_what_waits(
    viewer: IsolatedClient, session: Session, planned: str
) -> None:
    open_run = make_run(session, bare_feed(session), status="running", finished_at=None)
    session.commit()
    for path in (planned, f"{planned}?kind=added", "/review", f"/sync-runs/{open_run.public_id}"):
        page = viewer.get(path)
        assert page.status_code == 200
        assert offered(page.text) == {}
