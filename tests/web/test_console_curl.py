"""The commands that pages offer to copy: what they send is what the page would have done."""

import json
import shlex
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.fields import FIELDS
from app.core.permissions import Role
from app.core.values import check
from app.models import Batch, CatalogEntry, Change, Provider, ProviderModel
from app.queries.providers import get_provider
from app.services.providers import create_provider
from app.services.records import edit_record
from app.web.curl import MAX_BODY, Call, api_call, commands
from tests.support.client import IsolatedClient
from tests.support.commands import assert_same, count_batches, offered, run
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.forms import Typed, forms_of, posted_to, press
from tests.support.people import actor_of
from tests.support.syncs import make_feed
from tests.support.webhooks import VAULT, make_delivery, make_webhook, messages

HARD = 'it\'s "so" $HOME `id` \\ \n 模型 !'
LINE = HARD.replace("\n", "")


def press_on(
    client: IsolatedClient, page: str, address: str, label: str = "", typed: Typed | None = None
) -> TestResponse:
    """Press the button of a page that sends to this address."""
    found = posted_to(client.get(page).text)
    form, button = next((f, b) for f, b, to in found if to == address and label in b.label)
    return press(client, page, form, button, typed)


def test_commands_of_an_entry_do_what_its_page_does_and_can_be_undone(
    editor: IsolatedClient, api_editor: IsolatedClient, session: Session
) -> None:
    made = make_entry(session, public_id="acme/it's:1@b", description=HARD, active=True)
    session.commit()
    said = offered(editor.get("/catalog/acme/it's:1@b").text)

    assert run(api_editor, said["Switch Active off"]).status_code == 200
    session.refresh(made)
    assert made.active is False
    kept = run(api_editor, said["Set Description"])
    assert kept.status_code == 200
    assert kept.get_json()["description"] == made.description == HARD

    batch = session.scalars(
        select(Batch.public_id).join(Change).where(Change.field == "active")
    ).one()
    undo = offered(editor.get(f"/changes/{batch}").text)["Undo"]
    assert run(api_editor, undo).status_code == 200
    session.refresh(made)
    assert session.get_one(CatalogEntry, made.id).active is True


def test_viewers_are_offered_no_commands_that_would_be_refused(
    viewer: IsolatedClient, session: Session
) -> None:
    make_entry(session, public_id="acme/one")
    session.commit()

    assert offered(viewer.get("/catalog/acme/one").text) == {}


def test_a_shell_reads_every_value_back_as_it_was(app: Flask) -> None:
    with app.test_request_context(base_url="https://almanac.example"):
        command = api_call("api_v1_feeds.sync", {"x": HARD}, feed_name="a b'c")
    words = shlex.split(command.replace("\\\n", " "))

    assert words[3] == "https://almanac.example/v1/admin/feeds/a%20b'c/sync"
    assert json.loads(words[-1]) == {"x": HARD}


def test_a_command_that_no_shell_takes_is_not_offered(app: Flask, monkeypatch: Any) -> None:
    monkeypatch.setattr("app.web.curl.may", lambda _: True)
    names = {"feed_name": "x"}
    short = Call("short", "api_v1_feeds.sync", {"x": "é" * (MAX_BODY // 4)}, names)
    with app.test_request_context():
        assert [label for label, _ in commands(short)] == ["short"]
        assert commands(short._replace(body={"x": "é" * (MAX_BODY // 2)})) == []


PRICES = {
    "lines": [
        {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "0.000000000000000000000125"},
        {"unit": "per_request", "amount_micro_usd": "123456789012345.5"},
    ]
}
STRUCTURED: list[tuple[str, str, Any, Any]] = [
    ("entry", "architecture", {"modality": "text->文", "input_modalities": ['"a"', "b'c"]}, {}),
    (
        "entry",
        "supported_parameters",
        {"names": ["top_p", HARD[:9]], "default": {"top_p": 0.1}},
        {},
    ),
    ("entry", "extras", {"deep": [{"a": 1.5, "b": None, LINE: HARD}]}, {}),
    ("provider_model", "pricing", PRICES, {"lines": []}),
    ("provider_model", "token_limits", {"context_length": 9, "max_completion_tokens": None}, None),
    ("entry", "tags", ["it's", '"so"', "模型"], []),
]


@pytest.mark.parametrize(("kind", "field", "value", "other"), STRUCTURED)
def test_structured_fields_are_written_as_the_api_takes_them(
    session: Session,
    editor: IsolatedClient,
    api_editor: IsolatedClient,
    kind: Any,
    field: str,
    value: Any,
    other: Any,
) -> None:
    made, edits = make_entry(session, public_id="acme/a/it's"), actor_of(Role.EDITOR)
    offer = make_provider_model(session, entry=made)
    record: CatalogEntry | ProviderModel = made if kind == "entry" else offer
    session.commit()
    pk, public_id = record.id, record.public_id
    path = f"/catalog/{public_id}" if kind == "entry" else f"/provider-models/{public_id}"
    own = f"/{'entries' if kind == 'entry' else 'provider-models'}"
    kept = check(FIELDS[kind][field], value)
    edit_record(session, edits, kind, public_id, {field: kept})
    command = offered(editor.get(path).text)[f"Set {FIELDS[kind][field].label}"]

    page = editor.get(f"{own}/edit?cell={pk}:{field}").text
    edit_record(session, edits, kind, public_id, {field: other})
    session.rollback()
    assert getattr(record, field) != kept

    def by_hand() -> TestResponse:
        """The editor that was opened on what the command was printed for."""
        address = f"{own}/{pk}/fields/{field}"
        form, button = next((f, b) for f, b, to in posted_to(page) if to == address)
        sent = form.sends(button, {})
        for name in sent.keys() & {"opened"}:
            now = forms_of(editor.get(f"{own}/edit?cell={pk}:{field}").text)
            sent.setlist(name, _sent_now(now, address, name))
        return editor.post(address, data=sent)

    assert_same(session, api_editor, command, by_hand)
    session.rollback()
    assert getattr(record, field) == kept


def _sent_now(forms: Any, address: str, name: str) -> list[str]:
    form = next(f for f in forms if f.action == address)
    return [value for c in form.controls if c.name == name for value in c.sent]


def test_an_entry_is_given_back_by_field(
    session: Session, editor: IsolatedClient, api_editor: IsolatedClient
) -> None:
    name = 'acme/"it\'s"/模型'
    made = make_entry(session, public_id=name)
    session.commit()
    edit_record(session, actor_of(Role.EDITOR), "entry", name, {"notes": HARD, "tags": ["a"]})
    page = f"/catalog/{name}"
    said = offered(editor.get(page).text)
    assert {"Give Notes back", "Give Tags back", "Give everything back"} <= set(said)
    assert run(api_editor, said["Give Notes back"]).status_code == 200
    session.refresh(made)
    assert (made.notes, made.tags, made.manual_fields) == (None, ["a"], ["tags"])


@pytest.fixture
def acme(session: Session) -> Provider:
    """A provider with everything, and two models."""
    values = {
        "name": f"Acme {LINE}",
        "base_url": "https://acme.example/v1",
        "endpoints": [{"url": "https://a.example/v1", "weight": 3, "healthy": False}],
        "metadata": {"team's": LINE},
        "api_key": "sk-live-0123456789-abcd",
    }
    public_id = create_provider(session, actor_of(Role.ADMIN), values, vault=VAULT).public_id
    made = session.scalars(select(Provider).filter_by(public_id=public_id)).one()
    for _ in range(2):
        make_provider_model(session, made)
    make_provider_model(session, make_provider(session))
    session.commit()
    return made


def test_a_provider_is_switched_by_command_as_by_its_switch(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient, acme: Provider
) -> None:
    page = f"/providers/{acme.public_id}"
    flip = f"Switch Active {'off' if acme.active else 'on'}"
    command = offered(admin.get(page).text)[flip]
    assert_same(session, api_admin, command, lambda: press_on(admin, page, f"{page}/active"))


def test_a_provider_is_edited_by_command_as_by_its_form(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient, acme: Provider
) -> None:
    page = f"/providers/{acme.public_id}"
    typed: Typed = {"base_url": "https://new.example/v1"}
    command = offered(admin.get(page).text)["Set Base URL"].replace("//acme.", "//new.")
    assert_same(
        session,
        api_admin,
        command,
        lambda: press_on(admin, f"{page}/edit", f"{page}/edit", "Save", typed),
    )


def test_commands_of_a_provider_bring_back_what_they_were_printed_for(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient, acme: Provider
) -> None:
    page, before = f"/providers/{acme.public_id}", get_provider(session, acme.public_id)
    said = {n: c for n, c in offered(admin.get(page).text).items() if n.startswith("Set ")}
    names = ("Name", "Vendor", "Base URL", "Category", "Endpoints", "Metadata")
    assert set(said) == {f"Set {name}" for name in names}
    others: dict[str, Any] = {"name": "B", "vendor": "b", "base_url": None, "category": "image"}
    others |= {"endpoints": [], "metadata": {}}
    api = f"/v1/admin{page}"
    assert api_admin.patch(api, json=others).status_code == 200
    for command in said.values():
        assert run(api_admin, command).status_code == 200
    session.rollback()
    after = get_provider(session, acme.public_id)
    assert after._replace(version=before.version, updated_at=before.updated_at) == before


def test_the_models_of_a_provider_are_switched_by_command_as_by_its_button(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient, acme: Provider
) -> None:
    page = f"/providers/{acme.public_id}"
    said = offered(admin.get(page).text)
    before = count_batches(session)
    dry = run(api_admin, said["Disable all models: dry run"]).get_json()
    assert (dry["updated_count"], count_batches(session)) == (2, before)

    def by_hand() -> TestResponse:
        preview = press_on(admin, page, "/bulk/preview", "Disable all models").text
        form, button, _ = next(f for f in posted_to(preview) if f[2] == "/bulk/apply")
        return press(admin, page, form, button)

    assert len(assert_same(session, api_admin, said["Disable all models"], by_hand)) == 2
    assert run(api_admin, said["Enable all models"]).get_json()["updated_count"] == 2


def test_a_key_is_removed_and_a_provider_deleted_by_command(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient, acme: Provider
) -> None:
    page = f"/providers/{acme.public_id}"
    said = offered(admin.get(page).text)
    assert run(api_admin, said["Remove the API key"]).get_json()["api_key_hint"] is None
    assert "Remove the API key" not in offered(admin.get(page).text)
    delete = said["Delete the provider"]
    assert_same(
        session,
        api_admin,
        delete,
        lambda: press_on(admin, f"{page}/delete", f"{page}/delete"),
    )
    assert admin.get(page).status_code == 404


def test_everybody_is_offered_what_their_role_may_do_with_a_provider(
    viewer: IsolatedClient, editor: IsolatedClient, api_editor: IsolatedClient, acme: Provider
) -> None:
    page = f"/providers/{acme.public_id}"
    assert offered(viewer.get(page).text) == {}
    said = offered(editor.get(page).text)
    both = ("Enable all models", "Disable all models")
    assert set(said) == {*both, *(f"{one}: dry run" for one in both)}
    for command in said.values():
        assert run(api_editor, command).status_code == 200


def test_a_feed_is_switched_set_read_and_removed_by_command(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient
) -> None:
    made = make_feed(session, name="one", priority=7, guards={"price_factor": 3.0})
    session.commit()
    said = offered(admin.get("/feeds/one").text)
    off = said["Switch the feed off"]
    assert_same(
        session, api_admin, off, lambda: press_on(admin, "/feeds/one", "/feeds/one/enabled")
    )
    changed = api_admin.patch("/v1/admin/feeds/one", json={"priority": 9, "guards": {}})
    assert changed.status_code == 200
    for name in ("Set Priority", "Set Guards"):
        assert run(api_admin, said[name]).status_code == 200
    session.refresh(made)
    assert (made.priority, made.guards, made.enabled) == (7, {"price_factor": 3.0}, False)
    assert run(api_admin, said["Sync now: dry run"]).get_json()["dry_run"] is True
    assert run(api_admin, said["Remove the feed"]).status_code == 204
    assert admin.get("/feeds/one").status_code == 404


def test_a_webhook_is_changed_by_command_as_by_its_page(
    session: Session, admin: IsolatedClient, api_admin: IsolatedClient
) -> None:
    hook = make_webhook(
        session, public_id="hook_1", description=LINE, url="https://h.example/?a='b"
    )
    make_delivery(session, hook, public_id="msg_1", state="failed", attempts=10)
    make_delivery(session, hook, public_id="msg_2", state="delivered", attempts=1)
    session.commit()
    page = "/webhooks/hook_1"
    said = offered(admin.get(page).text)
    off = said["Switch Active off"]
    assert_same(session, api_admin, off, lambda: press_on(admin, page, f"{page}/active"))
    assert [name for name in said if name.startswith("Send")] == ["Send msg_1 again"]
    assert "Send msg_1 again" not in offered(admin.get(page).text), "it is switched off"
    other = {"url": "https://x.example/", "description": None, "events": ["sync.failed"]}
    wanted = api_admin.get(f"/v1/admin{page}").get_json() | {"active": True}
    assert api_admin.patch(f"/v1/admin{page}", json=other | {"active": True}).status_code == 200
    for name in ("Set URL", "Set Description", "Set Events"):
        assert run(api_admin, said[name]).status_code == 200
    now = api_admin.get(f"/v1/admin{page}").get_json()
    assert {n: now[n] for n in (*other, "active")} == {n: wanted[n] for n in (*other, "active")}
    assert run(api_admin, said["Send msg_1 again"]).status_code == 200
    assert messages(session)[0].state == "pending"
    assert run(api_admin, said["Make a new secret"]).get_json()["secret"]
    assert run(api_admin, said["Delete the webhook"]).status_code == 204
    assert admin.get(page).status_code == 404
