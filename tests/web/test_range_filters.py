"""Ranges in the console's filters and in the API's list parameters."""

import pytest
from sqlalchemy.orm import Session

from tests.support.client import IsolatedClient
from tests.support.factories import make_entry, make_provider_model
from tests.web.html import checked

PRICE = {"unit": "per_1k_prompt_tokens", "amount_micro_usd": "150", "currency": "USD"}


def test_each_end_is_a_chip_of_its_own(editor: IsolatedClient, session: Session) -> None:
    make_provider_model(session, raw_id="mini", pricing={"lines": [PRICE]})
    make_provider_model(session, raw_id="unknown")
    page = checked(
        editor.get("/provider-models?prompt_price_min=0.1&prompt_price_max=0.15&context_min=").text
    )
    assert len([row for row in page.all("tr") if row["id"]]) == 1
    chips = {a["aria-label"]: a["href"] for a in page.all("a", **{"class": "chip"})}
    assert chips == {
        "Remove the filter Input price from: $0.1 per million": (
            "/provider-models?prompt_price_max=0.15"
        ),
        "Remove the filter Input price up to: $0.15 per million": (
            "/provider-models?prompt_price_min=0.1"
        ),
    }
    assert page.one("input", id="filter-prompt_price_max")["value"] == "0.15"


def test_a_context_is_said_in_tokens(editor: IsolatedClient, session: Session) -> None:
    make_entry(session, context_length=128_000)
    page = checked(editor.get("/catalog?context_min=128000").text)
    page.one("a", aria_label="Remove the filter Context from: 128,000 tokens")
    assert (
        "context_max must not be below" in editor.get("/catalog?context_min=2&context_max=1").text
    )


@pytest.mark.parametrize("path", ["catalogs", "provider-models"])
def test_the_api_takes_ranges(api_viewer: IsolatedClient, session: Session, path: str) -> None:
    limits = {"context_length": 128_000, "max_completion_tokens": None}
    make_provider_model(
        session, entry=make_entry(session, context_length=128_000), token_limits=limits
    )
    url = f"/v1/admin/models/{path}"
    for query, total in (("context_min=128000", 1), ("context_max=127999", 0)):
        assert (api_viewer.get(f"{url}?{query}").json or {})["total"] == total
    for wrong in ("context_min=many", "context_min=2&context_max=1", "context_min=1&context_min=2"):
        answer = api_viewer.get(f"{url}?{wrong}")
        assert answer.status_code == 400
        assert (answer.json or {})["details"][0]["field"].startswith("context_")
    described = (api_viewer.get("/v1/openapi.json").json or {})["paths"][url]["get"]["parameters"]
    assert {"context_min", "context_max"} <= {one["name"] for one in described}
    assert ("prompt_price_max" in str(described)) == (path == "provider-models")
