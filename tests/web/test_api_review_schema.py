"""Random calls of the API of sync runs and the review queue are answered as described."""

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

from app.core.permissions import Role
from app.models import db
from tests.support.client import IsolatedClient
from tests.support.people import api_client
from tests.support.syncs import make_feed, make_item, make_run
from tests.web.test_api_review import REVIEW, RUNS

pytestmark = pytest.mark.engines("sqlite")
ONE = f"{RUNS}/{{run_id}}"
KNOWN = "run_known"
OPERATIONS = [
    *(("GET", path) for path in (RUNS, ONE, f"{ONE}/items", REVIEW)),
    *(("POST", f"{ONE}/{what}") for what in ("apply", "reject", "revert")),
    ("POST", f"{REVIEW}/decide"),
]


def test_every_call_and_key_is_described(client: IsolatedClient) -> None:
    spec: Any = client.get("/v1/openapi.json").json
    assert {(m.upper(), p) for p in spec["paths"] for m in spec["paths"][p]} >= set(OPERATIONS)
    assert spec["components"]["schemas"]["ReviewWhich"]["additionalProperties"] is False
    names = {p["name"] for p in spec["paths"][REVIEW]["get"]["parameters"]}
    assert {"feed", "reason", "field", "kind", "q", "size_min", "record", "after"} <= names


def is_wrong_beyond_words(body: Any) -> bool:
    """What is refused, and no schema can say: neither or both of items and filter."""
    given = body if isinstance(body, dict) else {}
    return "decision" in given and (given.get("items") is None) is (given.get("filter") is None)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("place", OPERATIONS, ids="-".join)
def test_random_calls_are_answered_as_described(
    app: Flask, place: tuple[str, str], mode: GenerationMode
) -> None:
    with app.app_context():
        make_item(db.session(), make_run(db.session(), make_feed(db.session()), public_id=KNOWN))
        db.session.commit()
    token = api_client(app, Role.ADMIN).environ_base["HTTP_AUTHORIZATION"]
    if (*place, mode) == ("GET", ONE, GenerationMode.NEGATIVE):
        return  # it takes nothing that could be wrong
    # A random run is not there, a random item does not wait.
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "409"])
    generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
    checks = ChecksConfig(positive_data_acceptance=accepted)
    project = ProjectConfig(generation=generation, checks=checks)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    described: Any = schemathesis.openapi.from_wsgi("/v1/openapi.json", app, config=config)
    method, path = place
    known = {"run_id": KNOWN} if "run_id" in path else None

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
