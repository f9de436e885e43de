"""`/v1/admin/webhooks` as a program meets it: by hand, and by random calls."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
)

from app.core.permissions import Role
from app.models import db
from app.services.deliveries import deliver_due
from tests.support.client import IsolatedClient
from tests.support.people import api_client
from tests.support.webhooks import VAULT, make_delivery, make_webhook, receiving

HOOKS = "/v1/admin/webhooks"
ONE = f"{HOOKS}/{{webhook_id}}"
LOG = f"{ONE}/deliveries"
KEYS = {
    *("id", "url", "description", "events", "active", "secret_hint", "last_delivery"),
    *("version", "created_at", "updated_at"),
}
MESSAGE_KEYS = {
    *("id", "event", "state", "attempts", "next_attempt_at", "last_status", "last_error"),
    *("payload", "response", "created_at", "delivered_at"),
}
NEW = {"url": "https://hooks.example/almanac", "events": ["sync.failed"]}
KNOWN = {
    "webhook_id": "hook_0123456789abcdef0123",
    "delivery_id": "msg_0123456789abcdef01234567",
}
OPERATIONS = [
    *((method, HOOKS) for method in ("GET", "POST")),
    *((method, ONE) for method in ("GET", "PATCH", "DELETE")),
    ("POST", f"{ONE}/rotate-secret"),
    ("GET", LOG),
    ("POST", f"{LOG}/{{delivery_id}}/send-again"),
]


def made(client: IsolatedClient, **values: Any) -> dict[str, Any]:
    answer = client.post(HOOKS, json=NEW | values)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json or {}
    return body


def test_a_webhook_is_made_read_changed_and_deleted(api_admin: IsolatedClient) -> None:
    answer = api_admin.post(HOOKS, json=NEW, headers={"X-Change-Reason": "on call"})
    there = answer.json or {}
    place = f"{HOOKS}/{there['id']}"
    assert (answer.status_code, answer.location) == (201, place)
    assert answer.headers["Cache-Control"] == "no-store"
    secret = there.pop("secret")
    assert secret.startswith("whsec_")
    assert set(there) == KEYS
    assert (there["active"], there["last_delivery"]) == (True, None)
    read = api_admin.get(place)
    assert read.json == there
    assert secret not in read.text
    assert api_admin.get(place, headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    assert api_admin.get(HOOKS).json == [there]
    changed = api_admin.patch(place, json={**there, "active": False})
    assert changed.json is not None
    assert (changed.json["active"], changed.json["version"]) == (False, 2)
    assert "X-Batch-ID" in changed.headers
    stale = {"If-Match": read.headers["ETag"]}
    assert api_admin.patch(place, json={"active": True}, headers=stale).status_code == 412
    rotated = api_admin.post(f"{place}/rotate-secret")
    assert rotated.json is not None
    assert rotated.json["secret"] not in (secret, None)
    assert set(rotated.json) == KEYS | {"secret"}
    assert api_admin.delete(place).status_code == 204
    for gone in (
        api_admin.get(place),
        api_admin.patch(place, json={}),
        api_admin.delete(place),
        api_admin.post(f"{place}/rotate-secret"),
        api_admin.get(f"{place}/deliveries"),
    ):
        assert gone.status_code == 404
    assert api_admin.get(HOOKS).json == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "https://hooks.example"}, "events"),
        (NEW | {"url": "file:///etc/passwd"}, "url"),
        (NEW | {"events": []}, "events"),
        (NEW | {"events": ["everything"]}, "events"),
        (NEW | {"active": "yes"}, "active"),
        (NEW | {"secret": "mine"}, "secret"),
    ],
)
def test_wrong_input_is_named_and_changes_nothing(
    api_admin: IsolatedClient, body: dict[str, Any], field: str
) -> None:
    answer = api_admin.post(HOOKS, json=body)
    assert answer.status_code == 400
    assert field in [problem["field"] for problem in (answer.json or {})["details"]]
    assert api_admin.get(HOOKS).json == []


def test_only_admins_may(
    api_admin: IsolatedClient, api_editor: IsolatedClient, client: IsolatedClient
) -> None:
    place = f"{HOOKS}/{made(api_admin)['id']}"
    for program, status in ((api_editor, 403), (client, 401)):
        assert program.get(HOOKS).status_code == status
        assert program.post(HOOKS, json=NEW).status_code == status
        assert program.patch(place, json={}).status_code == status
        assert program.delete(place).status_code == status
        assert program.post(f"{place}/rotate-secret").status_code == status
        assert program.get(f"{place}/deliveries").status_code == status
        assert program.post(f"{place}/deliveries/msg_1/send-again").status_code == status


def test_what_was_sent_can_be_read_and_sent_again(app: Flask, api_admin: IsolatedClient) -> None:
    with receiving((500, {}, b"broken"), 204) as receiver:
        there = made(api_admin, url=receiver.url, events=["change.written"])
        place = f"{HOOKS}/{there['id']}"
        api_admin.patch(place, json={"description": "tells itself"})
        deliver(app)
        log = api_admin.get(f"{place}/deliveries").json or {}
        # Its own creation is a change, too.
        assert [set(one) for one in log["data"]] == [MESSAGE_KEYS] * 2
        assert log["next"] is None
        states = {one["state"]: one for one in log["data"]}
        assert states["pending"]["response"] == "broken"
        assert states["pending"]["last_status"] == 500
        assert states["pending"]["payload"]["type"] == "change.written"
        again = f"{place}/deliveries/{states['pending']['id']}/send-again"
        answer = api_admin.post(again)
        assert answer.status_code == 200
        assert (answer.json or {})["attempts"] == 0
        deliver(app)
    delivered = api_admin.get(f"{place}/deliveries?state=delivered&limit=1").json or {}
    assert delivered["next"] == delivered["data"][0]["id"]
    further = api_admin.get(f"{place}/deliveries?state=delivered&before={delivered['next']}")
    assert len((further.json or {})["data"]) == 1
    api_admin.patch(place, json={"active": False})
    refused = api_admin.post(again)
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "conflict")
    assert api_admin.post(f"{place}/deliveries/msg_0/send-again").status_code == 404
    for wrong in ("state=lost", "limit=0", "before=5", "page=2", "limit=1&limit=2"):
        assert api_admin.get(f"{place}/deliveries?{wrong}").status_code == 400


def deliver(app: Flask) -> None:
    with app.app_context():
        deliver_due(db.session, VAULT, allow_private=True, holder="test")


@pytest.mark.engines("sqlite")
def test_every_call_and_key_is_described(client: IsolatedClient) -> None:
    spec: Any = client.get("/v1/openapi.json").json
    assert {(m.upper(), p) for p in spec["paths"] for m in spec["paths"][p]} >= set(OPERATIONS)
    schemas = spec["components"]["schemas"]
    assert set(schemas["Webhook"]["properties"]) == KEYS
    assert set(schemas["WebhookWithSecret"]["properties"]) == KEYS | {"secret"}
    assert set(schemas["Delivery"]["properties"]) == MESSAGE_KEYS
    assert set(schemas["NewWebhook"]["required"]) == {"url", "events"}


@pytest.mark.slow
@pytest.mark.engines("sqlite")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("place", OPERATIONS, ids="-".join)
def test_random_calls_are_answered_as_described(
    app: Flask, place: tuple[str, str], mode: GenerationMode
) -> None:
    with app.app_context():
        hook = make_webhook(db.session(), public_id=KNOWN["webhook_id"])
        make_delivery(db.session(), hook, public_id=KNOWN["delivery_id"])
        db.session.commit()
    token = api_client(app, Role.ADMIN).environ_base["HTTP_AUTHORIZATION"]
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "412"])
    generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
    checks = ChecksConfig(positive_data_acceptance=accepted)
    project = ProjectConfig(generation=generation, checks=checks)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    described: Any = schemathesis.openapi.from_wsgi("/v1/openapi.json", app, config=config)
    method, path = place
    if place == ("GET", HOOKS) and mode is GenerationMode.NEGATIVE:
        pytest.skip("it takes nothing that could be wrong")
    wanted = method == "PATCH" or (method == "POST" and mode is GenerationMode.POSITIVE)
    known = {n: i for n, i in KNOWN.items() if wanted and n in path}

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[path][method].as_strategy(mode, path_parameters=known or None))
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(headers={"Authorization": token, "Accept-Encoding": "identity"})

    check()
