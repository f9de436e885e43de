"""From a number up to another: context and prices, for lists of either kind."""

from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import ValidationError
from app.core.permissions import SYSTEM
from app.models import CatalogRevision, ProviderModel
from app.queries.entries import list_entries
from app.queries.entry_filter import parse_entry_filter
from app.queries.provider_model_filter import parse_provider_model_filter
from app.queries.provider_models import list_provider_models
from app.services.records import edit_record
from tests.support.factories import make_entry, make_provider_model


def _pricing(**amounts: str) -> dict[str, Any]:
    units = {"prompt": "per_1k_prompt_tokens", "completion": "per_1k_completion_tokens"}
    return {
        "lines": [
            {"unit": units[name], "amount_micro_usd": amount, "currency": "USD"}
            for name, amount in amounts.items()
        ]
    }


def _entries(session: Session, **args: str) -> list[str]:
    wanted = parse_entry_filter({"sort": "id", "order": "asc", **args})
    return [row.public_id for row in list_entries(session, wanted, limit=50, offset=0).rows]


def _models(session: Session, **args: str) -> list[str]:
    wanted = parse_provider_model_filter({"sort": "created_at", "order": "asc", **args})
    return [row.raw_id for row in list_provider_models(session, wanted, limit=50, offset=0).rows]


@pytest.fixture
def models(session: Session) -> None:
    for raw_id, context, amounts in (
        ("free", 8_000, {"prompt": "0", "completion": "0"}),
        ("cheap", 128_000, {"prompt": "37.5", "completion": "150"}),
        ("exact", None, {"prompt": "100.1"}),
        ("dear", 10**12, {"prompt": "3000", "completion": "15000"}),
        ("unknown", None, {}),
    ):
        limits = {"context_length": context, "max_completion_tokens": 4096} if context else None
        priced = _pricing(**amounts) if amounts else None
        make_provider_model(session, raw_id=raw_id, token_limits=limits, pricing=priced)


def test_entries_by_context(session: Session) -> None:
    for name, context in (("a", 8_000), ("b", 128_000), ("c", None), ("d", 1_000_000)):
        make_entry(session, public_id=name, context_length=context)
    assert _entries(session, context_min="128000") == ["b", "d"]
    assert _entries(session, context_max="128000") == ["a", "b"]
    assert _entries(session, context_min="8001", context_max="999999") == ["b"]
    assert _entries(session, context_min="0") == ["a", "b", "d"]


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("args", "found"),
    [
        ({"context_min": "128000"}, ["cheap", "dear"]),
        ({"context_max": "128000"}, ["free", "cheap"]),
        ({"prompt_price_max": "0"}, ["free"]),
        ({"prompt_price_max": "0.0375"}, ["free", "cheap"]),
        ({"prompt_price_min": "0.0375", "prompt_price_max": "0.0375"}, ["cheap"]),
        ({"prompt_price_min": "0.1001"}, ["exact", "dear"]),
        ({"prompt_price_min": "0.10010000001"}, ["dear"]),
        ({"completion_price_min": "0.15", "context_max": "200000"}, ["cheap"]),
        ({"prompt_price_max": "5", "search": "dea"}, ["dear"]),
        ({"sort": "context_length"}, ["exact", "unknown", "free", "cheap", "dear"]),
    ],
)
def test_provider_models_by_context_and_price(
    session: Session, args: dict[str, str], found: list[str]
) -> None:
    assert sorted(_models(session, **args)) == sorted(found)
    if "sort" in args:
        assert _models(session, **args) == found


def test_an_edit_of_the_limits_is_found_at_once(session: Session) -> None:
    model = make_provider_model(session, raw_id="it", token_limits=None)
    session.execute(update(CatalogRevision).values(revision=9))
    session.commit()
    limits = {"context_length": 4_000, "max_completion_tokens": None}
    edit_record(session, SYSTEM, "provider_model", model.public_id, {"token_limits": limits})
    assert _models(session, context_min="4000") == ["it"]
    edit_record(session, SYSTEM, "provider_model", model.public_id, {"token_limits": None})
    assert _models(session, context_min="0") == []
    assert session.scalar(select(ProviderModel.context_length)) is None


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"context_min": "1.5"}, "context_min must be a whole number"),
        ({"context_min": "-1"}, "context_min must be a whole number"),
        ({"context_max": "1" + "0" * 16}, "context_max must be a whole number"),
        ({"context_min": "10", "context_max": "9"}, "context_max must not be below context_min"),
        ({"prompt_price_min": "cheap"}, "prompt_price_min must be dollars per million tokens"),
        ({"prompt_price_min": "1e3"}, "prompt_price_min must be dollars per million tokens"),
        (
            {"completion_price_min": "2", "completion_price_max": "1.99"},
            "completion_price_max must not be below completion_price_min",
        ),
    ],
)
def test_a_wrong_range_is_refused(args: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        parse_provider_model_filter(args)


def test_a_range_is_written_as_it_is_read() -> None:
    args = {"context_min": "8000", "prompt_price_max": "0.0375"}
    assert parse_provider_model_filter(args).to_args() == args
