"""How many records each choice of a filter would leave: the same as asking for each of them."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.core.fields import RecordType
from app.core.permissions import SYSTEM
from app.models import CatalogEntry, Provider, ProviderModel, now
from app.queries import record_pages
from app.queries.bits import bits_of, up_to
from app.queries.entries import list_entries
from app.queries.entry_filter import parse_entry_filter
from app.queries.facet_counts import count_entry_facets, count_provider_model_facets, forget
from app.queries.facet_sets import LIMIT, FacetSets, Reading, renewed
from app.queries.provider_model_filter import parse_provider_model_filter
from app.queries.provider_models import list_provider_models
from app.services.records import edit_record, reset_record
from tests.support.factories import make_entry, make_provider, make_provider_model

FLAG = (True, False, None)
LIMITS = {"context_length": 8_000, "max_completion_tokens": None}


@pytest.fixture
def catalog(session: Session) -> None:
    chance = random.Random(7)
    providers = [make_provider(session, active=number != 1) for number in range(3)]
    for number in range(30):
        status = chance.choice(("filled", "filled", "init", "updated"))
        entry = make_entry(
            session,
            public_id=f"vendor/{'chat' if number % 3 else 'code'}-{number}",
            family=chance.choice(("llama", "Qwen", "o'1", None)),
            tags=chance.sample(["vip", "cheap"], chance.randrange(3)),
            active=chance.random() < 0.7,
            is_moderated=chance.choice(FLAG),
            requires_feature_flag=chance.choice(("beta", None)),
            context_length=chance.choice((8_000, 128_000, None)),
            supports_tools=chance.choice(FLAG),
            supports_audio=chance.choice(FLAG),
            status=status,
            drift={"family": "x"} if chance.random() < 0.2 else None,
            retired_at=1 if chance.random() < 0.2 else None,
        )
        for provider in chance.sample(providers, 2):
            make_provider_model(
                session,
                provider,
                entry,
                active=chance.random() < 0.6,
                category=chance.choice(("chat", None)),
                status=status,
                token_limits=chance.choice((LIMITS, None)),
            )
    hidden = session.scalars(select(CatalogEntry.id).limit(2)).all()
    merged = update(CatalogEntry).where(CatalogEntry.id == hidden[0])
    session.execute(merged.values(merged_into_id=hidden[1]))
    gone = select(func.max(Provider.id)).scalar_subquery()
    session.execute(update(Provider).where(Provider.id == gone).values(deleted_at=now()))
    session.commit()


def _with(wanted: Any, name: str, value: str) -> Any:
    word: Any = {"true": True, "false": False}.get(value, value)
    if name.startswith("supports_"):
        return replace(wanted, flags={**wanted.flags, name: word})
    return replace(wanted, **{name: word})


FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"active": "true", "supports_tools": "false"},
    {"family": "llama", "status": "filled", "supports_audio": "true"},
    {"context_max": "8000", "retired": "false"},
    {"manual": "true", "drift": "true"},
    {"family": "nobody"},
)


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("args", [*FILTERS, {"q": "chat", "tag": "vip"}, {"q": "co"}])
def test_each_count_is_what_the_list_of_entries_would_have(
    session: Session, args: dict[str, str]
) -> None:
    wanted = parse_entry_filter(args)
    for name, values in count_entry_facets(session, wanted).items():
        for value, count in values.items():
            listed = list_entries(session, _with(wanted, name, value), limit=1, offset=0)
            assert count == listed.total, (name, value)


@pytest.mark.usefixtures("catalog")
@pytest.mark.parametrize("args", [*FILTERS, {"search": "chat", "available": "false"}])
def test_each_count_is_what_the_list_of_provider_models_would_have(
    session: Session, args: dict[str, str]
) -> None:
    wanted = parse_provider_model_filter(args)
    facets = count_provider_model_facets(session, wanted)
    assert len(facets["provider_id"]) == 2
    for name, values in facets.items():
        for value, count in values.items():
            listed = list_provider_models(session, _with(wanted, name, value), limit=1, offset=0)
            assert count == listed.total, (name, value)


def test_an_edit_is_counted_at_once(session: Session) -> None:
    model = make_provider_model(session)
    session.commit()
    entry = session.scalar(select(CatalogEntry.public_id)) or ""
    edit_record(session, SYSTEM, "entry", entry, {"family": "first"})
    assert count_entry_facets(session, parse_entry_filter({}))["family"] == {"first": 1}
    edit_record(session, SYSTEM, "entry", entry, {"family": "second", "supports_tools": True})
    assert count_entry_facets(session, parse_entry_filter({}))["family"] == {"second": 1}
    of_models = count_provider_model_facets(session, parse_provider_model_filter({}))
    assert of_models["supports_tools"] == {"true": 1, "false": 0}
    edit_record(session, SYSTEM, "provider_model", model.public_id, {"active": False})
    of_models = count_provider_model_facets(session, parse_provider_model_filter({}))
    assert (of_models["active"]["true"], of_models["available"]["true"]) == (0, 0)


@pytest.mark.usefixtures("catalog")
def test_counts_carried_over_edits_are_those_counted_anew(session: Session) -> None:
    chance = random.Random(11)
    listed = list_entries(session, parse_entry_filter({}), limit=100, offset=0)
    entries = [entry.public_id for entry in listed.rows]
    shown = list_provider_models(session, parse_provider_model_filter({}), limit=100, offset=0)
    models = [model.public_id for model in shown.rows]
    asked: list[dict[str, str]] = [
        {},
        {"active": "true", "supports_tools": "false"},
        {"family": "llama"},
    ]
    _edit(session, chance, entries, models)
    for _ in range(25):
        for _ in range(chance.randrange(1, 4)):
            _edit(session, chance, entries, models)
        carried = [_both(session, args) for args in asked]
        forget()
        assert carried == [_both(session, args) for args in asked]


def _edit(
    session: Session, chance: random.Random, entries: Sequence[str], models: Sequence[str]
) -> None:
    """One edit, sometimes of nothing, sometimes given back."""
    of_entry: list[dict[str, Any]] = [
        {"family": chance.choice(("llama", "new", None))},
        {"tags": chance.sample(["vip", "cheap", "fresh"], chance.randrange(3))},
        {"supports_tools": chance.choice(FLAG), "is_moderated": chance.choice(FLAG)},
        {"active": chance.random() < 0.5, "requires_feature_flag": chance.choice(("beta", None))},
    ]
    of_model: list[dict[str, Any]] = [
        {"active": chance.random() < 0.5},
        {"category": chance.choice(("chat", "image"))},
    ]
    kind: RecordType = chance.choice(("entry", "provider_model"))
    names, wishes = (entries, of_entry) if kind == "entry" else (models, of_model)
    record, values = chance.choice(names), chance.choice(wishes)
    edit_record(session, SYSTEM, kind, record, values)
    if chance.random() < 0.3:
        reset_record(session, SYSTEM, kind, record, list(values))


def _both(session: Session, args: dict[str, str]) -> tuple[Any, Any]:
    of_entries = count_entry_facets(session, parse_entry_filter(args))
    return of_entries, count_provider_model_facets(session, parse_provider_model_filter(args))


@pytest.mark.usefixtures("catalog")
def test_the_total_is_that_of_the_list_also_for_a_value_that_is_not_kept(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queries.facet_counts.LIMIT", 1)
    monkeypatch.setattr(Reading.by_value, "__kwdefaults__", {"most": 1})
    for args in ({"family": "llama"}, {"family": "o'1"}, {"family": "nobody"}, {"tag": "cheap"}):
        forget_all()
        wanted = parse_entry_filter({**args, "retired": "false"})
        listed = list_entries(session, wanted, limit=50, offset=0).total
        forget_all()
        active = count_entry_facets(session, wanted)["active"]
        assert sum(active.values()) == listed
        assert list_entries(session, wanted, limit=50, offset=0).total == listed


def forget_all() -> None:
    forget()
    record_pages.forget()


def test_more_values_than_are_kept_are_counted_anew() -> None:
    values = {f"family-{number:03}": 1 << 1 for number in range(LIMIT)}
    sets = FacetSets(0b110, 2, {"family": values})
    known = FacetSets(0b100, 2, {"family": {"family-007": 0b100}})
    carried = renewed(sets, [2], known)
    assert carried is not None
    assert carried.values["family"]["family-007"] == 0b110
    unknown = FacetSets(0b100, 2, {"family": {"never seen": 0b100}})
    assert renewed(sets, [2], unknown) is None


def test_nothing_is_counted_as_nothing(session: Session) -> None:
    facets = count_entry_facets(session, parse_entry_filter({}))
    assert facets["family"] == facets["status"] == {}
    assert facets["active"] == {"true": 0, "false": 0}
    models = count_provider_model_facets(session, parse_provider_model_filter({}))
    assert models["provider_id"] == {}
    assert session.scalar(select(func.count()).select_from(ProviderModel)) == 0


def test_bits_hold_exactly_their_ids() -> None:
    assert bits_of([], 0) == up_to(0) == 0
    assert bits_of([1, 8, 9], 9) == 0b1100000010
    assert up_to(9) == bits_of(range(1, 10), 9)
