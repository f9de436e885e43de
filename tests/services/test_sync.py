"""Syncing: what is created, updated, kept, retired, refused."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app.core.errors import FeedError, FeedFormatError, GuardError, NotFoundError
from app.core.permissions import SYSTEM
from app.models import CatalogEntry, Claim, Feed, Provider, ProviderModel
from app.services.feeds import add_feed, remove_feed
from app.services.records import edit_record, reset_record
from app.services.sync import sync_feed
from app.services.sync_plan import make_plan
from tests.support.feeds import (
    EDITOR,
    answer,
    entry,
    filler,
    make_feed,
    model,
    offer,
    sync,
)
from tests.support.paths import SHARED_DATA, requires_shared_data

GPT = "openai/gpt-4o"


def count(session: Session, table: type) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture(autouse=True)
def feed(session: Session) -> None:
    make_feed(session)


def test_the_first_import_creates_records_that_say_who_says_so(
    session: Session, tmp_path: Path
) -> None:
    cost = {"input": 2.5, "output": 10}
    result = sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", cost=cost)}))
    assert list(result.counts.values()) == [1, 0, 0, 0, 0, 0, 0]
    row, offered = entry(session, GPT), offer(session, "gpt-4o")
    assert (row.model_display_name, row.status, row.active) == ("GPT-4o", "filled", True)
    assert set(row.sources.values()) == {"models-dev"}
    assert offered.pricing is not None
    assert offered.pricing["lines"][0]["amount_micro_usd"] == "2500"
    assert (offered.active, offered.entry_id) == (False, row.id)
    provider = session.scalars(select(Provider)).one()
    assert (provider.active, provider.meta["models_dev_id"]) == (False, "openai")


def test_the_same_answer_with_its_keys_in_another_order_is_old_news(
    session: Session, tmp_path: Path
) -> None:
    models = {"gpt-4o": model(name="GPT-4o", cost={"input": 2.5, "output": 10})} | filler(3)
    sync(session, tmp_path, answer(models))
    known = session.scalars(select(Feed)).one().version
    turned = {key: dict(reversed(said.items())) for key, said in reversed(models.items())}
    result = sync(session, tmp_path, answer(turned))
    assert (result.counts["unchanged"], result.batch_id) == (4, None)
    assert session.scalars(select(Feed)).one().version == known
    changed = turned | {"gpt-4o": model(name="GPT-4o", cost={"input": 2.5, "output": 11})}
    assert sync(session, tmp_path, answer(changed)).counts["updated"] == 1


def test_the_same_answer_again_changes_nothing(session: Session, tmp_path: Path) -> None:
    body = answer({"gpt-4o": model(name="GPT-4o")})
    sync(session, tmp_path, body)
    before = entry(session, GPT).version
    again = sync(session, tmp_path, body)
    assert again.counts["unchanged"] == 1
    assert sum(again.counts.values()) == 1
    assert again.batch_id is None
    assert entry(session, GPT).version == before


def test_an_answer_without_news_for_a_known_catalog_is_compared_all_the_same(
    session: Session, tmp_path: Path
) -> None:
    models = filler(3)
    sync(session, tmp_path, answer(models))
    reordered = answer(dict(reversed(models.items())))
    assert sync(session, tmp_path, reordered).counts["unchanged"] == 3


def test_upstream_changes_come_into_force_and_bump_the_version(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o")}))
    limit = {"context": 128_000, "output": 4_000}
    result = sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", limit=limit)}))
    assert result.counts["updated"] == 1
    assert result.entries["updated"] == 1
    row = entry(session, GPT)
    assert (row.context_length, row.version) == (128_000, 2)


def test_no_sync_overwrites_what_a_person_decided(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o")}))
    edit_record(session, EDITOR, "entry", GPT, {"supports_tools": True})
    before = entry(session, GPT)
    kept = (before.version, before.updated_at, before.context_length, before.supports_tools)
    limit = {"context": 6_000, "output": 9}
    result = sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", limit=limit)}))
    row = entry(session, GPT)
    assert (row.version, row.updated_at, row.context_length, row.supports_tools) == kept
    assert row.drift == {"context_length": 6_000, "supports_tools": False}
    assert result.counts["protected"] == 1


@pytest.mark.engines("sqlite")
def test_a_large_import_tells_the_planner_what_the_tables_hold(
    session: Session, tmp_path: Path
) -> None:
    gathered = text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")
    sync(session, tmp_path, answer(filler(10)))
    assert session.scalar(gathered) == 0
    sync(session, tmp_path, answer(filler(300)))
    assert session.scalar(gathered) == 1
    rows = text("SELECT count(*) FROM sqlite_stat1 WHERE tbl = 'catalog_entries'")
    assert (session.scalar(rows) or 0) > 0


def test_a_dry_run_says_the_same_and_writes_nothing(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "feed.json"
    path.write_bytes(answer({"gpt-4o": model()}))
    tried = sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True)
    assert (tried.counts["added"], tried.batch_id) == (1, None)
    assert count(session, CatalogEntry) == count(session, Claim) == count(session, Provider) == 0
    done = sync_feed(session, SYSTEM, "models-dev", path=str(path))
    assert done.counts == tried.counts


def test_two_complete_misses_retire_and_a_return_brings_back(
    session: Session, tmp_path: Path
) -> None:
    both = answer({"gpt-4o": model(name="GPT-4o")} | filler(9))
    less = answer(filler(9))
    sync(session, tmp_path, both)
    edit_record(session, EDITOR, "entry", GPT, {"supports_tools": True})
    assert sync(session, tmp_path, less).counts["retired"] == 0
    assert entry(session, GPT).retired_at is None
    assert sync(session, tmp_path, less).counts["retired"] == 1
    assert entry(session, GPT).retired_at is not None
    assert offer(session, "gpt-4o").retired_at is not None
    assert sync(session, tmp_path, less).counts["retired"] == 0
    back = sync(session, tmp_path, both)
    assert (back.counts["reactivated"], back.entries["reactivated"]) == (1, 1)
    row = entry(session, GPT)
    assert (row.retired_at, row.supports_tools, row.manual_fields) == (
        None,
        True,
        ["supports_tools"],
    )


def test_a_short_absence_does_not_count(session: Session, tmp_path: Path) -> None:
    both = answer({"gpt-4o": model(name="GPT-4o")} | filler(9))
    for body in (both, answer(filler(9)), both, answer(filler(9))):
        sync(session, tmp_path, body)
    assert entry(session, GPT).retired_at is None


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{}", GuardError),
        (answer(filler(7)), GuardError),
        (b"<html>", FeedFormatError),
        (b'{"openai": {"id"', FeedFormatError),
        (b"[]", FeedFormatError),
    ],
)
def test_an_answer_that_cannot_be_believed_changes_nothing(
    session: Session, tmp_path: Path, body: bytes, error: type[FeedError]
) -> None:
    sync(session, tmp_path, answer(filler(10)))
    before = (count(session, CatalogEntry), count(session, Claim))
    with pytest.raises(error) as caught:
        sync(session, tmp_path, body)
    assert "\n" not in caught.value.message
    assert (count(session, CatalogEntry), count(session, Claim)) == before
    feed = session.scalars(select(Feed)).one()
    assert feed.last_error == caught.value.message
    sync(session, tmp_path, answer(filler(10)))
    assert session.scalars(select(Feed)).one().last_error is None


def test_many_spellings_of_a_model_become_one_entry(session: Session, tmp_path: Path) -> None:
    body = answer(
        {"claude-sonnet-4-5": model(name="Claude Sonnet 4.5", limit={"context": 200_000})},
        "anthropic",
        reseller={
            "anthropic/claude-4.5-sonnet": model(name="Claude", limit={"context": 9_000}),
        },
    )
    sync(session, tmp_path, body)
    assert count(session, CatalogEntry) == 1
    assert count(session, ProviderModel) == 2
    row = entry(session, "anthropic/claude-sonnet-4-5")
    assert row.context_length == 200_000
    cheap = offer(session, "anthropic/claude-4.5-sonnet").token_limits
    assert cheap is not None
    assert cheap["context_length"] == 9_000


def test_a_second_feed_fills_in_and_the_stronger_one_counts(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o")}))
    make_feed(session, "router", "openrouter")
    said = {
        "id": "openai/gpt-4o",
        "name": "OpenAI: GPT-4o",
        "description": "Sees and speaks.",
        "context_length": 4_000,
        "pricing": {"prompt": "0.0000025", "completion": "0.00001"},
    }
    sync(session, tmp_path, json.dumps({"data": [said]}).encode(), "router")
    row = entry(session, GPT)
    assert (row.context_length, row.description) == (8_000, "Sees and speaks.")
    assert (row.sources["context_length"], row.sources["description"]) == ("models-dev", "router")


def test_a_provider_may_let_new_models_arrive_switched_on(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model()}))
    provider = session.scalars(select(Provider)).one()
    provider.meta = provider.meta | {"auto_enable_new_models": "true"}
    session.commit()
    sync(session, tmp_path, answer({"gpt-4o": model(), "gpt-4": model()}))
    assert offer(session, "gpt-4").active is True
    assert offer(session, "gpt-4o").active is False


def test_a_removed_feed_leaves_its_records_and_what_it_said_last(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", family="gpt")}))
    edit_record(session, EDITOR, "entry", GPT, {"family": "mine"}, default_protection="fields")
    remove_feed(session, SYSTEM, "models-dev")
    with pytest.raises(NotFoundError, match="none"):
        sync(session, tmp_path, answer({"gpt-4o": model()}))
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o (again)")}))
    row = entry(session, GPT)
    assert (row.model_display_name, row.retired_at) == ("GPT-4o (again)", None)
    reset_record(session, EDITOR, "entry", GPT, ["family"])
    assert entry(session, GPT).family == "gpt"


def test_a_broken_provider_or_record_in_an_answer_does_not_count_as_gone(
    session: Session, tmp_path: Path
) -> None:
    long = "x" * 150
    there = {"gpt-4o": model(), long: model()} | filler(9)
    sync(session, tmp_path, answer(there, groq={"llama-3.3-70b": model()}))
    broken = json.loads(answer(there))
    broken["openai"]["models"][long] = 7
    broken["groq"] = None
    for _ in range(3):
        assert sync(session, tmp_path, json.dumps(broken).encode()).counts["retired"] == 0


def test_two_feeds_at_once_find_the_same_model(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second plans before the first has written: it plans again."""
    make_feed(session, "second")
    first = answer({"llama-3.3-70b": model()}, "one")
    calls: list[str] = []

    def plan_while_another_applies(*args: Any) -> Any:
        plan = make_plan(*args)
        calls.append("planned")
        if len(calls) == 1:
            session.rollback()
            sync(session, tmp_path, first)
        return plan

    monkeypatch.setattr("app.services.sync.make_plan", plan_while_another_applies)
    sync(session, tmp_path, answer({"llama-3.3-70b-instruct": model()}, "two"), "second")
    assert calls == ["planned"] * 3
    assert count(session, CatalogEntry) == 1


def test_a_feed_in_review_mode_writes_nothing(session: Session, tmp_path: Path) -> None:
    add_feed(session, SYSTEM, "held", "models_dev", path="x.json", mode="review")
    result = sync(session, tmp_path, answer({"gpt-4o": model()}), "held")
    assert (result.counts["added"], result.counts["quarantined"]) == (0, 1)
    assert count(session, CatalogEntry) == count(session, Provider) == 0


# No guard holds anything back.
OPEN = {
    "price_factor": 1e12,
    "context_drop": 100,
    "capability_withdrawn": 0,
    "price_zero": 0,
    "price_unknown": 0,
}
DATES = ("2025-12", "2026-02", "2026-04")


def _raw(date: str) -> dict[tuple[str, str], Any]:
    """The models of a captured file, read without any of Almanac's code."""
    with gzip.open(SHARED_DATA / f"models-dev-{date}.json.gz") as file:
        providers = json.load(file)
    return {(p, m): v for p, about in providers.items() for m, v in about["models"].items()}


def _offered(raw: dict[str, Any]) -> tuple[Any, ...]:
    """What of a raw record a provider model shows: name, prices, limits."""
    cost, limit = raw.get("cost") or {}, raw.get("limit") or {}
    prices = ("input", "output", "cache_read", "cache_write", "reasoning", "input_audio")
    return (raw["name"], *(cost.get(k) for k in prices), limit.get("context"), limit.get("output"))


@requires_shared_data
def test_three_dates_of_real_data_agree_with_a_comparison_of_the_files(session: Session) -> None:
    seen: set[tuple[str, str]] = set()
    missing_before: set[tuple[str, str]] = set()
    previous: dict[tuple[str, str], Any] = {}
    edited: dict[str, dict[str, Any]] = {}
    session.execute(update(Feed).values(guards=OPEN))
    session.commit()
    for date in DATES:
        now_there = _raw(date)
        path = str(SHARED_DATA / f"models-dev-{date}.json.gz")
        counts = sync_feed(session, SYSTEM, "models-dev", path=path).counts
        last_said = {key: previous[key] for key in now_there if key in previous}
        changed = [k for k, raw in last_said.items() if _offered(raw) != _offered(now_there[k])]
        missing = seen - now_there.keys()
        assert counts["added"] == len(now_there.keys() - seen)
        assert counts["updated"] == len(changed)
        assert counts["retired"] == len(missing & missing_before)
        _check_edits(session, edited)
        edited |= _edit_some(session, skip=edited)
        seen |= now_there.keys()
        previous |= now_there
        missing_before = missing


def _edit_some(session: Session, skip: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Edit every twentieth entry by hand; return all that is in force of each of them then."""
    session.rollback()
    ids = session.scalars(select(CatalogEntry.public_id).order_by(CatalogEntry.id)).all()
    done = {}
    for number, public_id in enumerate(ids[::20]):
        if public_id not in skip:
            values = {"supports_tools": number % 2 == 0, "context_length": 1_000 + number}
            edit_record(session, EDITOR, "entry", public_id, values)
            done[public_id] = _in_force(session, public_id)
    return done


def _in_force(session: Session, public_id: str) -> dict[str, Any]:
    row = entry(session, public_id)
    aside = {"drift", "retired_at"}
    return {
        c.name: getattr(row, c.name) for c in CatalogEntry.__table__.columns if c.name not in aside
    }


def _check_edits(session: Session, edited: dict[str, dict[str, Any]]) -> None:
    for public_id, before in edited.items():
        assert _in_force(session, public_id) == before
