"""Messages reach a real receiver: signed, once at a time, again where that failed."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from app.core.errors import ConflictError, ForbiddenError, NotFoundError
from app.core.permissions import Role
from app.core.webhooks import DELAYS
from app.models import Batch, Delivery, Webhook, db, now
from app.services import deliveries
from app.services.deliveries import (
    LEASE_SECONDS,
    deliver_due,
    next_due,
    prune_deliveries,
    send_again,
    send_test,
)
from app.services.outgoing import Resolver, resolve
from app.services.secrets import Vault
from app.services.transaction import writing
from app.services.webhook_sending import Outcome
from app.services.webhooks import emit
from tests.support.people import actor_of
from tests.support.webhooks import SECRET, VAULT, Receiver, make_webhook, messages, receiving

ADMIN = actor_of(Role.ADMIN)


def told(session: Session, url: str, times: int = 1, **values: Any) -> int:
    """A webhook at this address with so many messages that wait for it; its row id."""
    with writing(session) as open_session:
        webhook_id = make_webhook(open_session, url, **values)
        for number in range(times):
            emit(open_session, "sync.applied", {"feed": "acme", "number": number, "über": "é"})
    return webhook_id


def deliver(
    session: Session,
    *,
    allow_private: bool = True,
    limit: int = 100,
    resolver: Resolver = resolve,
    vault: Vault = VAULT,
) -> int:
    return deliver_due(
        session,
        vault,
        allow_private=allow_private,
        holder="here",
        limit=limit,
        resolver=resolver,
    )


def only(session: Session) -> Delivery:
    [message] = messages(session)
    return message


def make_due(session: Session) -> None:
    """As if the wait were over."""
    with writing(session) as open_session:
        open_session.execute(update(Delivery).values(next_attempt_at=now()))


def test_a_message_arrives_signed_and_is_delivered(session: Session) -> None:
    with receiving((200, {}, b"thank you \x00 \xff")) as receiver:
        told(session, receiver.url)
        assert deliver(session) == 1
        assert deliver(session) == 0
    [got] = receiver.got
    message = only(session)
    read = Verifier(SECRET).verify(got.body, got.headers)
    assert read == message.payload
    assert read["type"] == "sync.applied"
    assert read["data"] == {"feed": "acme", "number": 0, "über": "é"}
    assert got.headers["webhook-id"] == message.public_id
    assert got.headers["Content-Type"] == "application/json"
    assert (message.state, message.attempts, message.last_status) == ("delivered", 1, 200)
    assert message.response == "thank you \ufffd \ufffd"
    assert (message.last_error, message.holder, message.lease_until) == (None, None, None)
    assert message.delivered_at is not None
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 44).verify(got.body, got.headers)


def test_what_was_rolled_back_is_never_sent(session: Session) -> None:
    with receiving() as receiver:
        told(session, receiver.url, times=0)
        with suppress(ZeroDivisionError):
            _tell_and_fail(session)
        assert deliver(session) == 0
    assert receiver.got == []


def _tell_and_fail(session: Session) -> None:
    with writing(session) as open_session:
        emit(open_session, "sync.applied", {})
        raise ZeroDivisionError


def test_no_transaction_is_open_while_a_message_is_sent(session: Session) -> None:
    with receiving() as receiver, ThreadPoolExecutor(1) as pool:
        told(session, receiver.url)
        receiver.free.clear()
        sending = pool.submit(_deliver_elsewhere, db.engine)
        _until(receiver, 1)
        with writing(session) as open_session:
            emit(open_session, "sync.failed", {})
        receiver.free.set()
        assert sending.result(20) >= 1


def _deliver_elsewhere(engine: Engine) -> int:
    with Session(engine) as own:
        return deliver_due(own, VAULT, allow_private=True, holder="elsewhere", limit=1)


def _until(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(receiver.got) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(receiver.got) == count


def test_two_processes_never_send_the_same_attempt(session: Session) -> None:
    engine = db.engine

    def work(_number: int) -> int:
        with Session(engine) as own:
            return deliver_due(own, VAULT, allow_private=True, holder="same name")

    with receiving() as receiver, ThreadPoolExecutor(4) as pool:
        told(session, receiver.url, times=40)
        assert sum(pool.map(work, range(4))) == 40
    ends = {(m.state, m.attempts, m.last_error) for m in messages(session)}
    assert ends == {("delivered", 1, None)}
    ids = [got.headers["webhook-id"] for got in receiver.got]
    assert len(ids) == len(set(ids)) == 40


def test_a_claimed_message_is_nobody_elses_until_its_lease_runs_out(session: Session) -> None:
    with receiving() as receiver:
        told(session, receiver.url)
        [claimed] = deliveries._claim(session, "killed", 8, ())
        assert deliver(session) == 0
        assert receiver.got == []
        message = only(session)
        assert message.lease_until == message.next_attempt_at
        assert now() < message.next_attempt_at <= now() + LEASE_SECONDS
        with writing(session) as open_session:
            over = {"next_attempt_at": now() - 1, "lease_until": now() - 1}
            open_session.execute(update(Delivery).values(over))
        assert deliver(session) == 1
        assert (only(session).state, only(session).attempts) == ("delivered", 2)
        # The one that was thought dead comes back: too late to say anything.
        deliveries._note(session, claimed, Outcome("no answer"))
    assert only(session).state == "delivered"
    assert [got.headers["webhook-id"] for got in receiver.got] == [claimed.public_id]


@pytest.mark.parametrize("status", [199 + 1, 201, 204, 299])
def test_every_2xx_is_a_delivery(session: Session, status: int) -> None:
    with receiving(status) as receiver:
        told(session, receiver.url)
        deliver(session)
    assert only(session).state == "delivered"


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (400, {}, "the answer was 400 Bad Request"),
        (404, {}, "the answer was 404 Not Found"),
        (500, {}, "the answer was 500 Internal Server Error"),
        (302, {"Location": "http://127.0.0.1:1/elsewhere"}, "redirects are not followed"),
        (308, {"Location": "/hook"}, "redirects are not followed"),
        (304, {}, "the answer was 304"),
    ],
)
def test_what_failed_is_sent_again_later_under_the_same_id(
    session: Session, status: int, headers: dict[str, str], said: str
) -> None:
    with receiving((status, headers), 204) as receiver:
        told(session, receiver.url)
        assert deliver(session) == 1
        message = only(session)
        assert (message.state, message.attempts, message.last_status) == ("pending", 1, status)
        assert message.last_error is not None
        assert said in message.last_error
        assert now() + 3 <= message.next_attempt_at <= now() + 7
        assert deliver(session) == 0
        make_due(session)
        assert deliver(session) == 1
    message = only(session)
    assert (message.state, message.attempts, message.last_error) == ("delivered", 2, None)
    assert {got.headers["webhook-id"] for got in receiver.got} == {message.public_id}
    assert len(receiver.got) == 2


def test_after_the_last_attempt_a_message_has_failed(session: Session) -> None:
    with receiving(503) as receiver:
        told(session, receiver.url)
        for attempt in range(1, len(DELAYS) + 1):
            assert deliver(session) == 1
            message = only(session)
            wait = message.next_attempt_at - now()
            assert DELAYS[attempt - 1] - 2 <= wait <= DELAYS[attempt - 1] * 1.2 + 1
            make_due(session)
        assert deliver(session) == 1
        make_due(session)
        assert deliver(session) == 0
    assert (only(session).state, only(session).attempts) == ("failed", len(DELAYS) + 1)


def test_a_receiver_may_ask_for_more_time(session: Session) -> None:
    with receiving((429, {"Retry-After": "3600"})) as receiver:
        told(session, receiver.url)
        deliver(session)
    assert now() + 3_590 <= only(session).next_attempt_at <= now() + 3_600


def test_gone_switches_the_webhook_off_and_says_so(session: Session) -> None:
    with receiving(410) as receiver:
        webhook_id = told(session, receiver.url, times=2)
        deliver(session, limit=1)
        assert deliver(session) == 1  # the other one is not even sent
    assert [(m.state, m.attempts) for m in messages(session)] == [("failed", 1), ("failed", 0)]
    assert len(receiver.got) == 1
    assert session.get_one(Webhook, webhook_id).active is False
    batch = session.scalars(select(Batch).order_by(Batch.id.desc())).first()
    assert batch is not None
    assert (batch.kind, batch.actor_kind) == ("webhook", "system")
    assert batch.reason is not None
    assert "410" in batch.reason
    with pytest.raises(ConflictError, match="switched off"):
        send_again(session, ADMIN, messages(session)[0].public_id)


@pytest.mark.parametrize(
    ("url", "private", "said"),
    [
        ("http://127.0.0.1:1/", True, "refused the connection"),
        ("http://127.0.0.1:1/", False, "is a private address"),
        ("http://169.254.169.254/latest", True, "metadata"),
        ("http://nowhere.invalid/", True, "does not resolve"),
    ],
)
def test_an_address_that_cannot_be_used_is_said(
    session: Session, url: str, private: bool, said: str
) -> None:
    told(session, url)
    deliver(session, allow_private=private, resolver=_resolver)
    message = only(session)
    assert (message.state, message.last_status) == ("pending", None)
    assert message.last_error is not None
    assert said in message.last_error


def _resolver(host: str, port: int) -> list[str]:
    if host == "nowhere.invalid":
        raise OSError
    if host == "inside.example":
        return ["169.254.169.254"]
    return resolve(host, port)


def test_a_name_is_judged_by_what_it_resolves_to(session: Session) -> None:
    told(session, "http://inside.example/")
    deliver(session, resolver=_resolver)
    assert "metadata" in (only(session).last_error or "")


def test_a_secret_that_cannot_be_read_fails_the_attempt(session: Session) -> None:
    with receiving() as receiver:
        told(session, receiver.url, secret_encrypted="from another installation")
        assert deliver(session) == 1
    assert receiver.got == []
    assert "rotate it" in (only(session).last_error or "")


def test_a_broken_webhook_does_not_keep_the_others_waiting(session: Session) -> None:
    with receiving() as receiver:
        told(session, "http://127.0.0.1:1/", times=20, events=["sync.applied"])
        told(session, receiver.url, times=0)
        with writing(session) as open_session:
            emit(open_session, "sync.applied", {"feed": "late"})
        deliver(session)
    assert [json.loads(got.body)["data"]["feed"] for got in receiver.got] == ["late"]


def test_a_huge_answer_is_not_read_to_its_end(session: Session) -> None:
    with receiving((200, {}, b"x" * 3_000_000)) as receiver:
        told(session, receiver.url)
        deliver(session)
    message = only(session)
    assert message.state == "delivered"
    assert message.response == "x" * 2_000


def test_a_receiver_that_breaks_off_is_a_failure(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.webhook_sending.TOTAL_SECONDS", 0.3)
    with receiving() as receiver:
        told(session, receiver.url)
        receiver.free.clear()
        began = time.monotonic()
        deliver(session)
        assert time.monotonic() - began < 5
        receiver.free.set()
    assert only(session).state == "pending"
    assert "did not answer in time" in (only(session).last_error or "")


def test_a_delivered_message_can_be_sent_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[str] = []
    with receiving() as receiver:
        told(session, receiver.url)
        deliver(session)
        monkeypatch.setattr("app.jobs.nudge.nudge_deliveries", lambda: nudged.append("now"))
        send_again(session, ADMIN, only(session).public_id)
        assert nudged == ["now"], "nobody is told that there is something to send"
        assert (only(session).state, only(session).attempts) == ("pending", 0)
        deliver(session)
        assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
        assert len(receiver.got) == 2
    assert only(session).state == "delivered"


def test_what_is_being_sent_is_not_sent_again(session: Session) -> None:
    told(session, "http://127.0.0.1:1/")
    [claimed] = deliveries._claim(session, "somebody", 8, ())
    with pytest.raises(ConflictError, match="just now"):
        send_again(session, ADMIN, claimed.public_id)
    with pytest.raises(NotFoundError):
        send_again(session, ADMIN, "msg_nowhere")
    with pytest.raises(ForbiddenError):
        send_again(session, actor_of(Role.EDITOR), claimed.public_id)


def test_a_test_message_reaches_only_its_webhook(session: Session) -> None:
    with receiving() as receiver:
        webhook_id = told(session, receiver.url, times=0)
        with writing(session) as open_session:
            make_webhook(open_session)
        public_id = session.get_one(Webhook, webhook_id).public_id
        message = send_test(session, ADMIN, public_id)
        assert deliver(session) == 1
    [got] = receiver.got
    read = Verifier(SECRET).verify(got.body, got.headers)
    assert (got.headers["webhook-id"], read["type"]) == (message, "webhook.test")
    assert read["data"]["webhook_id"] == public_id
    with pytest.raises(NotFoundError):
        send_test(session, ADMIN, "hook_nowhere")
    with pytest.raises(ForbiddenError):
        send_test(session, actor_of(Role.EDITOR), public_id)


def test_the_next_moment_is_known(session: Session) -> None:
    assert next_due(session) is None
    told(session, "http://127.0.0.1:1/")
    assert next_due(session) == only(session).next_attempt_at
    deliver(session)
    assert now() < (next_due(session) or 0) <= now() + 7


def test_old_messages_are_removed(session: Session) -> None:
    with receiving() as receiver:
        told(session, receiver.url, times=3)
        deliver(session)
    old = now() - 31 * 86_400
    first, second, _third = messages(session)
    with writing(session) as open_session:
        aged = update(Delivery).values(created_at=old, delivered_at=old)
        open_session.execute(aged.where(Delivery.id.in_((first.id, second.id))))
        open_session.execute(
            update(Delivery).where(Delivery.id == second.id).values(state="failed")
        )
    assert prune_deliveries(session) == 1
    assert len(messages(session)) == 2
