"""Random calls of the feeds' API are answered as described."""

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
)

from app.core.permissions import SYSTEM, Role
from app.models import db
from app.services.feeds import add_feed
from tests.support.client import IsolatedClient
from tests.support.people import api_client
from tests.web.test_api_feeds import FEEDS, KEYS, RUN_KEYS

pytestmark = pytest.mark.engines("sqlite")
ONE = f"{FEEDS}/{{feed_name}}"
KNOWN = "far"
OPERATIONS = [
    *((method, FEEDS) for method in ("GET", "POST")),
    *((method, ONE) for method in ("GET", "PATCH", "DELETE")),
    *(("POST", f"{ONE}/{what}") for what in ("preview", "sync")),
]


def test_every_call_and_key_is_described(client: IsolatedClient) -> None:
    spec: Any = client.get("/v1/openapi.json").json
    assert {(m.upper(), p) for p in spec["paths"] for m in spec["paths"][p]} >= set(OPERATIONS)
    schemas = spec["components"]["schemas"]
    assert set(schemas["Feed"]["properties"]) == KEYS
    assert set(schemas["FeedPatch"]["properties"]) == KEYS
    assert set(schemas["SyncRun"]["properties"]) == RUN_KEYS
    assert schemas["NewFeed"]["required"] == ["name", "kind"]
    assert schemas["Feed"]["properties"]["guards"]["properties"]["price_zero"]["enum"] == [0, 1]


def is_wrong_beyond_words(body: Any) -> bool:
    """What is refused, and no schema can say: what is not there, two sources, another kind."""
    given = body if isinstance(body, dict) else {}
    there = any(given.get(name) is not None for name in ("path", "provider"))
    return there or given.get("name") == "new" or given.get("kind", "openrouter") != "openrouter"


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("place", OPERATIONS, ids="-".join)
def test_random_calls_are_answered_as_described(
    app: Flask, place: tuple[str, str], mode: GenerationMode
) -> None:
    with app.app_context():
        add_feed(db.session, SYSTEM, KNOWN, "openrouter")
    token = api_client(app, Role.ADMIN).environ_base["HTTP_AUTHORIZATION"]
    if (*place, mode) == ("GET", FEEDS, GenerationMode.NEGATIVE):
        return  # it takes nothing that could be wrong
    # A random name may be there already, a random If-Match wrong, another run under way.
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "409", "412"])
    generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
    checks = ChecksConfig(positive_data_acceptance=accepted)
    project = ProjectConfig(generation=generation, checks=checks)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    described: Any = schemathesis.openapi.from_wsgi("/v1/openapi.json", app, config=config)
    method, path = place
    known = {"feed_name": KNOWN} if method in ("PATCH", "POST") and path != FEEDS else None

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described[path][method].as_strategy(mode, path_parameters=known))
    def check(case: schemathesis.Case[Any]) -> None:
        assume(not is_wrong_beyond_words(case.body))
        case.call_and_validate(headers={"Authorization": token, "Accept-Encoding": "identity"})

    check()
