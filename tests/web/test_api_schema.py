"""The OpenAPI document: complete, readable by people, and true as far as random calls can tell."""

import json
import shlex
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
from sqlalchemy import update

from app.blueprints.api_v1.reference import EXAMPLE_IDS
from app.core.permissions import SYSTEM, Role
from app.models import Batch, db
from app.services.feeds import add_feed
from app.services.records import edit_record
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import api_client
from tests.support.webhooks import make_delivery, make_webhook
from tests.web.html import checked
from tests.web.test_api_catalog import KEYS, LIST, body_of
from tests.web.test_api_provider_models import KEYS as MODEL_KEYS
from tests.web.test_api_provider_models import LIST as MODELS

pytestmark = pytest.mark.engines("sqlite")
OPERATIONS = [
    *(("GET", path) for path in (LIST, MODELS)),
    *((method, f"{LIST}/{{model_public_id}}") for method in ("GET", "PATCH")),
    *((method, f"{MODELS}/{{provider_model_id}}") for method in ("GET", "PATCH")),
    *(("POST", f"{path}/bulk-toggle") for path in (LIST, MODELS)),
    ("POST", f"{LIST}/bulk-reset"),
    *(("GET", "/v1/admin/changes"), ("GET", "/v1/admin/batches/{batch_id}")),
    ("POST", "/v1/admin/batches/{batch_id}/undo"),
]


def test_the_description_names_every_call_and_key(client: IsolatedClient) -> None:
    spec = body_of(client.get("/v1/openapi.json"))
    assert spec["openapi"].startswith("3.1")
    assert set(spec["paths"][LIST]) == {"get"}
    assert set(spec["paths"][f"{LIST}/{{model_public_id}}"]) == {"get", "patch"}
    schemas = spec["components"]["schemas"]
    assert set(schemas["Entry"]["properties"]) == KEYS
    assert set(schemas["EntryPatch"]["properties"]) == KEYS
    assert schemas["EntryPatch"]["additionalProperties"] is False
    names = {p["name"] for p in spec["paths"][LIST]["get"]["parameters"]}
    assert {"limit", "offset", "sort", "order", "q", "supports_tools", "retired"} <= names
    assert "null" not in json.dumps(spec["paths"][LIST]["get"]["parameters"])
    assert set(schemas["ProviderModel"]["properties"]) == MODEL_KEYS
    assert set(schemas["ProviderModelPatch"]["properties"]) == MODEL_KEYS
    assert schemas["ProviderModelPatch"]["additionalProperties"] is False
    names = {p["name"] for p in spec["paths"][MODELS]["get"]["parameters"]}
    assert {"search", "provider_id", "model_key", "category", "available", "drift"} <= names


def test_the_description_can_be_read_by_people(client: IsolatedClient) -> None:
    response = client.get("/v1/docs")
    assert response.status_code == 200
    page = response.get_data(as_text=True)
    sound = checked(page)
    assert "X-Change-Reason" in page
    inside = {link["href"].removeprefix("#") for link in sound.all("a") if "#" in link["href"]}
    assert inside <= {element["id"] for element in sound.elements}, "links that lead nowhere"
    spec = body_of(client.get("/v1/openapi.json"))
    assert {f"object-{name}" for name in spec["components"]["schemas"]} <= inside
    methods = [span.text for span in sound.all("span") if "docs-method" in span["class"]]
    assert len(methods) == 2 * sum(len(path) for path in spec["paths"].values())
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_every_example_of_the_description_works(
    app: Flask, client: IsolatedClient, token: str
) -> None:
    examples = [e.text for e in checked(client.get("/v1/docs").text).all("code")]
    examples = [text for text in examples if text.startswith("curl ")]
    assert len(examples) >= len(OPERATIONS)
    examples = [text for text in examples if "/sync" not in text]  # that one asks other servers
    examples.sort(key=lambda text: "-X DELETE" in text)  # what they delete is needed before
    for text in examples:
        words = shlex.split(text.replace("$TOKEN", token.removeprefix("Bearer ")))
        given = [words[n + 1] for n, word in enumerate(words) if word == "-H"]
        answer = client.open(
            next(word for word in words if "://" in word).partition("localhost")[2],
            method=words[words.index("-X") + 1] if "-X" in words else "GET",
            headers=[tuple(header.split(": ", 1)) for header in given],
            data=words[words.index("-d") + 1] if "-d" in words else None,
        )
        assert answer.status_code // 100 == 2, (text, answer.text)


@pytest.fixture
def token(app: Flask, client: IsolatedClient) -> str:
    with app.app_context():  # not longer: the calls below must not share its actor
        entry = make_entry(db.session(), public_id=EXAMPLE_IDS["model_public_id"], tags=["vip"])
        known = EXAMPLE_IDS["provider_model_id"]
        provider = make_provider(db.session(), public_id=EXAMPLE_IDS["provider_id"])
        make_provider_model(db.session(), provider, entry, public_id=known)
        hook = make_webhook(db.session(), public_id=EXAMPLE_IDS["webhook_id"])
        make_delivery(db.session(), hook, public_id=EXAMPLE_IDS["delivery_id"])
        db.session.commit()
        add_feed(db.session, SYSTEM, EXAMPLE_IDS["feed_name"], "openrouter")
        note = {"notes": "for the undo"}
        edited = edit_record(db.session, SYSTEM, "entry", entry.id, note).batch
        named = update(Batch).where(Batch.public_id == edited)
        db.session.execute(named.values(public_id=EXAMPLE_IDS["batch_id"]))
        db.session.commit()
    return str(api_client(app, Role.ADMIN).environ_base["HTTP_AUTHORIZATION"])


def described(app: Flask) -> Any:
    generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
    accepted = PositiveDataAcceptanceConfig(expected_statuses=["2xx", "404", "412"])
    checks = ChecksConfig(positive_data_acceptance=accepted)
    project = ProjectConfig(generation=generation, checks=checks)
    config = schemathesis.Config(projects=ProjectsConfig(default=project))
    return schemathesis.openapi.from_wsgi("/v1/openapi.json", app, config=config)


def is_wrong_beyond_words(body: dict[str, Any]) -> bool:
    """What is refused, and no schema can say: a unit twice, too many decimals, a model unknown."""
    pricing = body.get("pricing")
    lines = pricing.get("lines") if isinstance(pricing, dict) else None
    lines = [one for one in lines if isinstance(one, dict)] if isinstance(lines, list) else []
    units = [str(one.get("unit")) for one in lines]
    fine = any(isinstance(a := one.get("amount_micro_usd"), float) and 0 < a < 1 for one in lines)
    named = body.get("instruct_model_public_id") or body.get("except_models")
    return fine or len(set(units)) < len(units) or bool(named)


def is_backwards(query: Any) -> bool:
    """Whether a range ends below its beginning, which is refused and which no schema can say."""
    names = [n[:-4] for n in query or {} if n.endswith("_max") and f"{n[:-4]}_min" in query]
    try:
        return any(float(query[f"{n}_max"]) < float(query[f"{n}_min"]) for n in names)
    except (TypeError, ValueError):
        return False  # refused for another reason


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("place", OPERATIONS, ids="-".join)
def test_random_calls_are_answered_as_described(
    app: Flask, token: str, place: tuple[str, str], mode: GenerationMode
) -> None:
    """What the document allows is accepted, what it forbids is refused, nothing is a 500."""
    method, path = place
    operation = described(app)[path][method]
    known = {n: i for n, i in EXAMPLE_IDS.items() if n in path} if method == "PATCH" else None
    strategy = operation.as_strategy(mode, path_parameters=known)

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def check(case: schemathesis.Case[Any]) -> None:
        assume(not isinstance(case.body, dict) or not is_wrong_beyond_words(case.body))
        assume(mode is not GenerationMode.POSITIVE or not is_backwards(case.query))
        case.call_and_validate(headers={"Authorization": token, "Accept-Encoding": "identity"})

    check()
