"""Random calls of the providers' API are answered as described."""

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
from tests.support.factories import make_provider
from tests.support.people import api_client
from tests.web.test_api_providers import KEYS, PROVIDERS

pytestmark = pytest.mark.engines("sqlite")
ONE = f"{PROVIDERS}/{{provider_id}}"
KNOWN = "prov_0123456789abcdef0123"
OPERATIONS = [
    *((method, PROVIDERS) for method in ("GET", "POST")),
    *((method, ONE) for method in ("GET", "PATCH", "DELETE")),
    ("POST", f"{ONE}/sync"),
]


def test_every_call_and_key_is_described(client: IsolatedClient) -> None:
    spec: Any = client.get("/v1/openapi.json").json
    assert {(m.upper(), p) for p in spec["paths"] for m in spec["paths"][p]} >= set(OPERATIONS)
    schemas = spec["components"]["schemas"]
    assert set(schemas["Provider"]["properties"]) == KEYS
    assert set(schemas["ProviderPatch"]["properties"]) == KEYS | {"api_key"}
    assert schemas["NewProvider"]["required"] == ["name"]
    assert schemas["ProviderPatch"]["properties"]["api_key"]["writeOnly"] is True
    assert "content" not in spec["paths"][ONE]["delete"]["responses"]["204"]


def is_wrong_beyond_words(body: Any) -> bool:
    """What is refused, and no schema can say: two endpoints with one URL."""
    endpoints = body.get("endpoints") if isinstance(body, dict) else None
    listed = endpoints if isinstance(endpoints, list) else []
    urls = [str(one.get("url")).strip() for one in listed if isinstance(one, dict)]
    return len(set(urls)) < len(urls)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("place", OPERATIONS, ids="-".join)
def test_random_calls_are_answered_as_described(
    app: Flask, place: tuple[str, str], mode: GenerationMode
) -> None:
    with app.app_context():
        make_provider(db.session(), public_id=KNOWN, base_url=None)
        db.session.commit()
    token = api_client(app, Role.ADMIN).environ_base["HTTP_AUTHORIZATION"]
    # A random name may be there already, a random If-Match wrong, a random provider unreachable.
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "409", "412"])
    generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
    checks = ChecksConfig(positive_data_acceptance=accepted)
    project = ProjectConfig(generation=generation, checks=checks)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    described: Any = schemathesis.openapi.from_wsgi("/v1/openapi.json", app, config=config)
    method, path = place
    known = {"provider_id": KNOWN} if method in ("PATCH", "POST") and path != PROVIDERS else None

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
