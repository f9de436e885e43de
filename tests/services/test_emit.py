"""Webhooks are told of what was written, and of nothing that was not."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM, Role
from app.models import db
from app.services.providers import create_provider, delete_provider, edit_provider
from app.services.records import edit_record
from app.services.transaction import writing
from app.services.undo import undo_batch
from app.services.webhooks import emit
from app.services.write import Action, open_batch
from tests.support.factories import make_entry
from tests.support.people import actor_of
from tests.support.webhooks import VAULT, make_webhook, messages

ADMIN = actor_of(Role.ADMIN)


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_every_active_webhook_that_wants_the_event_gets_a_message(session: Session) -> None:
    with writing(session) as open_session:
        first = make_webhook(open_session, events=["sync.failed", "sync.held"])
        make_webhook(open_session, events=["sync.applied"])
        make_webhook(open_session, active=False)
        second = make_webhook(open_session)
    with writing(session) as open_session:
        emit(open_session, "sync.failed", {"feed": "acme", "error": "no answer"})
    told = messages(session)
    assert [m.webhook_id for m in told] == [first, second]
    assert len({m.public_id for m in told}) == 2
    for message in told:
        assert message.public_id.startswith("msg_")
        assert (message.state, message.attempts, message.event) == ("pending", 0, "sync.failed")
        assert message.payload["type"] == "sync.failed"
        assert message.payload["timestamp"].endswith("Z")
        assert message.payload["data"] == {"feed": "acme", "error": "no answer"}


def test_nothing_is_told_of_what_was_rolled_back(session: Session) -> None:
    with writing(session) as open_session:
        make_webhook(open_session)
    with pytest.raises(ZeroDivisionError):
        _told_then_failed(session)
    with writing(session, keep=False) as open_session:
        emit(open_session, "sync.applied", {})
    assert messages(session) == []


def _told_then_failed(session: Session) -> None:
    with writing(session) as open_session:
        emit(open_session, "sync.applied", {})
        open_batch(open_session, Action("edit", ADMIN))
        raise ZeroDivisionError


def test_an_unknown_event_is_a_mistake_of_the_caller(session: Session) -> None:
    with writing(session) as open_session, pytest.raises(KeyError):
        emit(open_session, "sync.finished", {})


def test_without_webhooks_an_event_costs_one_query(session: Session) -> None:
    with writing(session) as open_session, statements() as seen:
        emit(open_session, "sync.applied", {})
    assert len([s for s in seen if "webhooks" in s]) == len(seen) == 1


def test_a_written_change_names_its_batch(session: Session) -> None:
    with writing(session) as open_session:
        make_webhook(open_session)
        public_id = make_entry(open_session).public_id
    edit_record(session, ADMIN, "entry", public_id, {"notes": "by hand"}, reason="because")
    [message] = messages(session)
    data = message.payload["data"]
    assert message.event == "change.written"
    assert data["batch_id"].startswith("batch_")
    assert (data["kind"], data["actor"], data["actor_kind"]) == ("edit", ADMIN.name, "user")
    assert data["reason"] == "because"
    undo_batch(session, ADMIN, data["batch_id"])
    assert [m.payload["data"]["kind"] for m in messages(session)] == ["edit", "undo"]


def test_what_feeds_and_the_system_write_is_no_change_by_a_person(session: Session) -> None:
    with writing(session) as open_session:
        make_webhook(open_session)
        open_batch(open_session, Action("sync", SYSTEM))
    assert messages(session) == []


def test_a_changed_provider_is_told_of(session: Session) -> None:
    with writing(session) as open_session:
        make_webhook(open_session, events=["provider.changed"])
    public_id = create_provider(session, ADMIN, {"name": "Acme"}, vault=VAULT).public_id
    edit_provider(session, ADMIN, public_id, {"api_key": "sk-0123456789"}, vault=VAULT)
    batch = delete_provider(session, ADMIN, public_id).batch
    assert batch is not None
    undo_batch(session, ADMIN, batch)
    told = [m.payload["data"] for m in messages(session)]
    assert {data["provider_id"] for data in told} == {public_id}
    assert [data["fields"] for data in told] == [
        ["*"],
        ["active", "api_key"],
        ["deleted_at"],
        ["deleted_at"],
    ]
    assert [data["deleted"] for data in told] == [False, False, True, False]
    assert "sk-0123456789" not in str(told)
