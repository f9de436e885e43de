"""Webhooks: added, changed, given a new secret, removed; and nobody sees their secrets."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.permissions import Role
from app.models import Batch, Change, Delivery, Webhook, db
from app.queries.names import find_records, name_records
from app.queries.webhooks import (
    DeliveryFilter,
    WebhookRow,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_webhooks,
    parse_delivery_filter,
)
from app.services import webhook_edits
from app.services.transaction import writing
from app.services.undo import undo_batch
from app.services.webhook_edits import (
    WebhookWritten,
    create_webhook,
    delete_webhook,
    edit_webhook,
    rotate_secret,
)
from app.services.webhooks import emit
from tests.support.feeds import history
from tests.support.people import actor_of
from tests.support.webhooks import VAULT, make_webhook, messages

ADMIN = actor_of(Role.ADMIN)
URL = "https://hooks.example/services/T0/B0/very-secret?token=hidden"
FULL: dict[str, Any] = {"url": URL, "events": ["sync.failed"], "description": "On call"}


def create(session: Session, **values: Any) -> WebhookWritten:
    return create_webhook(session, ADMIN, FULL | values, vault=VAULT)


def row(session: Session, public_id: str) -> WebhookRow:
    session.rollback()
    return get_webhook(session, public_id)


def log(session: Session, webhook_id: int) -> list[tuple[str, Any, Any]]:
    return history(session, "webhook", webhook_id)


def test_a_webhook_is_added_and_its_secret_returned_once(session: Session) -> None:
    made = create(session)
    there = row(session, made.public_id)
    assert made.secret is not None
    assert made.secret.startswith("whsec_")
    assert (there.url, there.events, there.description) == (URL, ["sync.failed"], "On call")
    assert (there.active, there.last_state, there.secret_hint) == (True, None, made.secret[-4:])
    stored = session.get_one(Webhook, there.id).secret_encrypted
    assert made.secret not in stored
    assert VAULT.decrypt(stored, of="it") == made.secret
    [(field, old, new)] = log(session, there.id)
    assert (field, old, new["events"]) == ("*", None, ["sync.failed"])


def test_neither_secret_nor_path_of_the_url_is_in_the_log(session: Session) -> None:
    made = create(session)
    edit_webhook(session, ADMIN, made.public_id, {"url": URL + "2"})
    again = rotate_secret(session, ADMIN, made.public_id, vault=VAULT)
    delete_webhook(session, ADMIN, made.public_id)
    logged = str([(c.old, c.new) for c in session.scalars(select(Change))])
    assert "https://hooks.example/…" in logged
    for secret in (made.secret, again.secret, "very-secret", "hidden"):
        assert secret is not None
        assert secret not in logged
        assert secret not in str([b.summary for b in session.scalars(select(Batch))])


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, ["url", "events"]),
        ({"url": URL}, ["events"]),
        ({"url": "nowhere", "events": []}, ["url", "events"]),
        ({"url": "http://[::1", "events": ["sync.held"]}, ["url"]),
        ({"url": "http://a.example:99999/", "events": ["sync.held"]}, ["url"]),
        (FULL | {"colour": "red"}, ["colour"]),
    ],
)
def test_wrong_values_add_nothing(
    session: Session, values: dict[str, Any], fields: list[str]
) -> None:
    with pytest.raises(ValidationError) as caught:
        create_webhook(session, ADMIN, values, vault=VAULT)
    assert [problem.field for problem in caught.value.details] == fields
    session.rollback()
    assert list_webhooks(session) == []


def test_only_admins_manage_webhooks(session: Session) -> None:
    public_id = create(session).public_id
    editor = actor_of(Role.EDITOR)
    with pytest.raises(ForbiddenError):
        create_webhook(session, editor, FULL, vault=VAULT)
    with pytest.raises(ForbiddenError):
        edit_webhook(session, editor, public_id, {"active": False})
    with pytest.raises(ForbiddenError):
        rotate_secret(session, editor, public_id, vault=VAULT)
    with pytest.raises(ForbiddenError):
        delete_webhook(session, editor, public_id)
    assert row(session, public_id).version == 1


def test_what_changes_is_logged_and_can_be_undone(session: Session) -> None:
    public_id = create(session).public_id
    changed = {"active": False, "events": ["sync.held", "sync.applied"], "description": None}
    batch = edit_webhook(session, ADMIN, public_id, changed, reason="quiet").batch
    assert batch is not None
    there = row(session, public_id)
    assert (there.active, there.events, there.version) == (False, ["sync.applied", "sync.held"], 2)
    assert edit_webhook(session, ADMIN, public_id, changed).batch is None
    undone = undo_batch(session, ADMIN, batch)
    assert (undone.undone, undone.refused) == (3, [])
    there = row(session, public_id)
    assert (there.active, there.events, there.description) == (True, ["sync.failed"], "On call")


def test_undo_says_what_it_cannot_put_back(session: Session) -> None:
    made = create(session)
    edited = edit_webhook(session, ADMIN, made.public_id, {"url": URL + "2", "active": False})
    rotated = rotate_secret(session, ADMIN, made.public_id, vault=VAULT)
    assert made.batch is not None
    assert edited.batch is not None
    assert rotated.batch is not None
    undone = undo_batch(session, ADMIN, edited.batch)
    assert (undone.undone, [r.field for r in undone.refused]) == (1, ["url"])
    with pytest.raises(ConflictError, match="former secret is not kept"):
        undo_batch(session, ADMIN, rotated.batch)
    undo_batch(session, ADMIN, made.batch)
    session.rollback()
    assert list_webhooks(session) == []


def test_a_deleted_webhook_and_its_messages_are_gone(session: Session) -> None:
    public_id = create(session).public_id
    with writing(session) as open_session:
        emit(open_session, "sync.failed", {})
    batch = delete_webhook(session, ADMIN, public_id).batch
    assert messages(session) == []
    with pytest.raises(NotFoundError):
        row(session, public_id)
    assert batch is not None
    with pytest.raises(ConflictError, match="its secret with it"):
        undo_batch(session, ADMIN, batch)


def test_of_two_people_the_second_is_told(session: Session) -> None:
    public_id = create(session).public_id
    edit_webhook(session, ADMIN, public_id, {"active": False}, if_match=1)
    with pytest.raises(PreconditionError):
        edit_webhook(session, ADMIN, public_id, {"description": "mine"}, if_match=1)
    with pytest.raises(PreconditionError):
        rotate_secret(session, ADMIN, public_id, vault=VAULT, if_match=1)
    with pytest.raises(PreconditionError):
        delete_webhook(session, ADMIN, public_id, if_match=1)
    assert row(session, public_id).version == 2


def test_there_can_only_be_so_many(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_edits, "MAX_WEBHOOKS", 1)
    create(session)
    with pytest.raises(ConflictError, match="most there can be"):
        create(session)


def test_a_webhook_that_goes_meanwhile_does_not_fail_the_write(session: Session) -> None:
    """Its writer waits, on PostgreSQL, for the one who deletes; then has nobody to tell."""
    public_id = create(session, events=["change.written"]).public_id
    engine = db.engine

    def delete() -> None:
        with Session(engine) as own:
            delete_webhook(own, ADMIN, public_id)

    def change(_number: int) -> None:
        with Session(engine) as own, writing(own) as open_session:
            emit(open_session, "change.written", {})

    with ThreadPoolExecutor(5) as pool:
        writes = [pool.submit(change, number) for number in range(40)]
        gone = pool.submit(delete)
        for future in (*writes, gone):
            future.result(30)
    assert messages(session) == []


def test_the_log_names_a_webhook_by_its_description(session: Session) -> None:
    there = row(session, create(session).public_id)
    bare = row(session, create(session, description=None).public_id)
    keys = [("webhook", there.id), ("webhook", bare.id)]
    names = name_records(session, keys)
    assert [names[key].name for key in keys] == ["On call", bare.public_id]
    assert find_records(session, there.public_id) == {("webhook", there.id)}


def test_messages_are_listed_newest_first_page_by_page(session: Session) -> None:
    with writing(session) as open_session:
        webhook_id = make_webhook(open_session)
        make_webhook(open_session)
        for number in range(5):
            emit(open_session, "sync.applied", {"number": number})
        mine = open_session.scalars(select(Delivery).where(Delivery.webhook_id == webhook_id))
        list(mine)[1].state = "failed"
    first, further = list_deliveries(session, webhook_id, DeliveryFilter(limit=3))
    assert [r.payload["data"]["number"] for r in first] == [4, 3, 2]
    assert further == first[-1].public_id
    rest, end = list_deliveries(session, webhook_id, DeliveryFilter(before=further, limit=3))
    assert ([r.payload["data"]["number"] for r in rest], end) == ([1, 0], None)
    failed, _ = list_deliveries(session, webhook_id, DeliveryFilter("failed"))
    assert [r.payload["data"]["number"] for r in failed] == [1]
    assert get_delivery(session, webhook_id, further).public_id == further
    with pytest.raises(NotFoundError):
        get_delivery(session, webhook_id + 1, further)
    with pytest.raises(NotFoundError):
        list_deliveries(session, webhook_id + 1, DeliveryFilter(before=further))


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"before": "5"}, "before"),
        ({"before": "\x00"}, "before"),
        ({"page": "2"}, "page"),
    ],
)
def test_wrong_parameters_are_named(args: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse_delivery_filter(args)
    assert [problem.field for problem in caught.value.details] == [field]
