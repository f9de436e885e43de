"""Feeds as things people manage: settings, what they put in force, and the way back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import (
    ConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.permissions import Actor, Role
from app.models import Batch, CatalogEntry, Change, Feed, ProviderModel, now
from app.queries.feeds import feed_json, get_feed_row, list_feed_rows
from app.queries.record_detail import list_claims
from app.services.feed_consequences import FeedConsequences
from app.services.feeds import add_feed, edit_feed, preview_feed_change, remove_feed
from app.services.records import edit_record
from app.services.undo import undo_batch
from app.upstreams import FEED_KINDS
from tests.support.feeds import EDITOR, answer, entry, filler, make_feed, model, offer, sync

ADMIN = Actor("user", "ann@example.test", Role.ADMIN)
FIELDS = ("values", "sources", "drift", "protection", "status", "manual_fields", "retired_at")


@pytest.fixture
def two(session: Session, tmp_path: Path) -> Session:
    """Two feeds that say different things of one model, the first of them the stronger."""
    for name, tools, context, cost in (("strong", True, 8_000, 1), ("weak", False, 9_000, 2)):
        make_feed(session, name)
        said = model(
            tool_call=tools,
            limit={"context": context, "output": 4_000},
            cost={"input": cost, "output": cost},
        )
        sync(session, tmp_path, answer(filler(20) | {"gpt-x": said}), name)
    edit_feed(session, ADMIN, "strong", {"priority": 10})
    edit_feed(session, ADMIN, "weak", {"priority": 20})
    return session


def rows(session: Session) -> dict[str, Any]:
    """All that is in force, with where it comes from; not versions and times of writing."""
    session.rollback()
    left_out = {"version", "updated_at"}
    return {
        f"{table.__tablename__} {row['id']}": {n: v for n, v in row.items() if n not in left_out}
        for table in (CatalogEntry, ProviderModel)
        for row in session.execute(select(table.__table__)).mappings()
    }


def test_a_new_feed_with_an_address_is_read_every_hour_from_now_on(session: Session) -> None:
    add_feed(session, ADMIN, "far", "openrouter", url="https://feeds.example.test/models")
    far = get_feed_row(session, "far")
    assert far.interval_minutes == 60
    assert far.next_run_at is not None
    assert abs(far.next_run_at - now()) < 5
    add_feed(session, ADMIN, "near", "models_dev", path="models.json")
    add_feed(session, ADMIN, "own", "models_dev")
    for name in ("near", "own"):
        row = get_feed_row(session, name)
        assert row.interval_minutes is None
        assert row.next_run_at is None


def test_a_new_feed_takes_every_setting(session: Session) -> None:
    settings = {
        "enabled": False,
        "priority": 7,
        "trusted_fields": ["family"],
        "miss_limit": 3,
        "minimum_share": 50,
        "guards": {"price_factor": 9, "context_drop": 50},
        "interval_minutes": 30,
        "trusted_model_fields": ["pricing"],
    }
    add_feed(session, ADMIN, "far", "openrouter", mode="review", settings=settings)
    row = get_feed_row(session, "far")
    assert (row.priority, row.miss_limit, row.minimum_share, row.mode) == (7, 3, 50, "review")
    assert row.guards == {"price_factor": 9}
    assert row.trust == {"trusted_fields": ["family"], "trusted_model_fields": ["pricing"]}
    assert row.next_run_at is None, "it is switched off"


def test_settings_are_logged_one_by_one_in_one_batch(session: Session) -> None:
    make_feed(session)
    wanted = {"mode": "review", "priority": 5, "enabled": True, "guards": {"price_factor": 2}}
    written = edit_feed(session, ADMIN, "models-dev", wanted, reason="too eager")
    batch = session.scalars(select(Batch).where(Batch.public_id == written.batch)).one()
    assert (batch.kind, batch.actor, batch.reason) == ("feed", ADMIN.name, "too eager")
    logged = select(Change.field, Change.old, Change.new).where(Change.batch_id == batch.id)
    assert sorted(map(tuple, session.execute(logged))) == [
        ("guards", None, {"price_factor": 2}),
        ("mode", "auto", "review"),
        ("priority", FEED_KINDS["models_dev"].priority, 5),
    ]


def test_what_is_as_it_was_writes_nothing(session: Session) -> None:
    make_feed(session)
    row = get_feed_row(session, "models-dev")
    again = {name: value for name, value in feed_json(row).items() if name != "kind"}
    assert edit_feed(session, ADMIN, "models-dev", again).batch is None
    assert get_feed_row(session, "models-dev") == row


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "No Good"}, "name"),
        ({"name": "new"}, "name"),
        ({"url": "ftp://x"}, "url"),
        ({"url": "https://a.test/x", "path": "/tmp/x"}, "url"),
        ({"path": "a\0b"}, "path"),
        ({"mode": "fast"}, "mode"),
        ({"enabled": "yes"}, "enabled"),
        ({"priority": 1001}, "priority"),
        ({"priority": True}, "priority"),
        ({"priority": 1.5}, "priority"),
        ({"trusted_fields": ["notes"]}, "trusted_fields"),
        ({"trusted_fields": "family"}, "trusted_fields"),
        ({"trusted_model_fields": ["active"]}, "trusted_model_fields"),
        ({"miss_limit": 0}, "miss_limit"),
        ({"minimum_share": 101}, "minimum_share"),
        ({"guards": {"price": 1}}, "guards"),
        ({"guards": {"price_factor": 0.5}}, "guards"),
        ({"guards": {"price_zero": 0.5}}, "guards"),
        ({"guards": {"price_factor": "5"}}, "guards"),
        ({"interval_minutes": 4}, "interval_minutes"),
        ({"provider": "prov_none"}, "provider"),
        ({"kind": "openrouter"}, "kind"),
        ({"prority": 1}, "prority"),
    ],
)
def test_wrong_settings_are_named_and_change_nothing(
    session: Session, values: dict[str, Any], field: str
) -> None:
    make_feed(session)
    before = get_feed_row(session, "models-dev")
    with pytest.raises(ValidationError) as refusal:
        edit_feed(session, ADMIN, "models-dev", {"mode": "review"} | values)
    assert [one.field for one in refusal.value.details] == [field]
    assert get_feed_row(session, "models-dev") == before


def test_a_file_that_must_be_there_is_looked_for(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    with pytest.raises(ValidationError, match="no file that can be read"):
        edit_feed(session, ADMIN, "models-dev", {"path": str(tmp_path)}, check_file=True)
    there = tmp_path / "there.json"
    there.write_text("{}")
    edit_feed(session, ADMIN, "models-dev", {"path": str(there)}, check_file=True)
    assert get_feed_row(session, "models-dev").path == str(there)


def test_only_who_manages_feeds_changes_them(session: Session) -> None:
    make_feed(session)
    with pytest.raises(ForbiddenError):
        edit_feed(session, EDITOR, "models-dev", {"priority": 1})
    with pytest.raises(ForbiddenError):
        preview_feed_change(session, EDITOR, "models-dev", {"priority": 1})
    with pytest.raises(NotFoundError, match="there are: models-dev"):
        edit_feed(session, ADMIN, "none", {"priority": 1})


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(session: Session) -> None:
    make_feed(session)
    seen = get_feed_row(session, "models-dev").tag()
    edit_feed(session, ADMIN, "models-dev", {"miss_limit": 4}, if_match=seen)
    with pytest.raises(PreconditionError):
        edit_feed(session, ADMIN, "models-dev", {"miss_limit": 5}, if_match=seen)
    with pytest.raises(PreconditionError):
        remove_feed(session, ADMIN, "models-dev", if_match=seen)


def test_a_sync_is_no_other_version_of_the_settings(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    seen = get_feed_row(session, "models-dev").tag()
    sync(session, tmp_path, answer(filler(1)))
    assert get_feed_row(session, "models-dev").tag() == seen


def test_another_source_is_read_as_if_for_the_first_time(session: Session) -> None:
    make_feed(session)
    feed = session.scalars(select(Feed)).one()
    feed.etag, feed.answer_hash, feed.failures = '"1"', "x", 3
    version = feed.version
    session.commit()
    edit_feed(session, ADMIN, "models-dev", {"priority": 3})
    session.refresh(feed)
    assert (feed.etag, feed.answer_hash, feed.failures) == ('"1"', "x", 3)
    edit_feed(session, ADMIN, "models-dev", {"url": "https://feeds.example.test/api.json"})
    session.refresh(feed)
    forgotten: tuple[Any, ...] = (feed.etag, feed.answer_hash, feed.path)
    assert forgotten == (None, None, None)
    assert feed.failures == 0
    assert feed.version == version + 2, "a kept plan is made again"


def test_the_schedule_follows_switch_and_interval(session: Session) -> None:
    make_feed(session)
    feed = session.scalars(select(Feed)).one()
    feed.last_success_at = now() - 60
    session.commit()

    def due(**values: Any) -> int | None:
        edit_feed(session, ADMIN, "models-dev", values)
        return get_feed_row(session, "models-dev").next_run_at

    later = due(interval_minutes=10)
    assert later is not None
    assert 530 < later - now() <= 540, "ten minutes after it was read last"
    assert due(enabled=False) is None
    feed.last_success_at = now() - 3_600
    session.commit()
    at_once = due(enabled=True)
    assert at_once is not None
    assert abs(at_once - now()) < 5
    assert due(interval_minutes=None) is None


def test_another_priority_puts_the_other_word_in_force(two: Session) -> None:
    assert entry(two, "openai/gpt-x").supports_tools is True
    expected = preview_feed_change(two, ADMIN, "weak", {"priority": 5})
    assert entry(two, "openai/gpt-x").supports_tools is True, "looking changes nothing"
    written = edit_feed(
        two, ADMIN, "weak", {"priority": 5}, fingerprint=expected.fingerprint, reason="truer"
    )
    assert written.consequences == expected
    found = entry(two, "openai/gpt-x")
    assert (found.supports_tools, found.context_length) == (False, 9_000)
    assert found.sources["supports_tools"] == "weak"
    assert (found.manual_fields, found.status, found.protection) == ([], "filled", "none")
    assert offer(two, "gpt-x").sources["pricing"] == "weak"


def test_what_would_change_is_counted_and_shown(two: Session) -> None:
    found = preview_feed_change(two, ADMIN, "weak", {"priority": 5})
    assert found.counts == {
        ("entry", "supports_tools"): 1,
        ("entry", "context_length"): 1,
        ("provider_model", "pricing"): 1,
        ("provider_model", "token_limits"): 1,
    }
    assert found.records == {"entry": 1, "provider_model": 1}
    assert found.checked == 42
    assert found.moved > 20, "what both say alike is the other's word then"
    shown = {(one.record_type, one.field): one for one in found.examples}
    tools = shown["entry", "supports_tools"]
    assert (tools.old, tools.old_source, tools.new, tools.new_source) == (
        *(True, "strong"),
        *(False, "weak"),
    )
    assert tools.public_id == "openai/gpt-x"
    assert preview_feed_change(two, ADMIN, "weak", {"mode": "review"}) == FeedConsequences(
        checked=42, fingerprint=preview_feed_change(two, ADMIN, "weak", {}).fingerprint
    )


def test_a_feed_is_believed_only_what_it_is_trusted_with(two: Session) -> None:
    edit_feed(two, ADMIN, "strong", {"trusted_fields": ["model_display_name"]})
    found = entry(two, "openai/gpt-x")
    assert (found.supports_tools, found.sources["supports_tools"]) == (False, "weak")
    assert offer(two, "gpt-x").sources["pricing"] == "strong"
    edit_feed(two, ADMIN, "strong", {"trusted_model_fields": ["model_display_name"]})
    assert offer(two, "gpt-x").sources == {
        **dict.fromkeys(("pricing", "token_limits"), "weak"),
        "model_display_name": "strong",
    }
    claims = list_claims(two, "provider_model", offer(two, "gpt-x").id)
    assert {c.feed: "pricing" in c.trusted for c in claims} == {"strong": False, "weak": True}


def test_a_persons_values_stand_whatever_the_feeds_rank(two: Session) -> None:
    edit_record(
        two, EDITOR, "entry", "openai/gpt-x", {"supports_tools": True}, default_protection="fields"
    )
    assert ("entry", "supports_tools") not in preview_feed_change(
        two, ADMIN, "weak", {"priority": 5}
    ).counts
    edit_feed(two, ADMIN, "weak", {"priority": 5})
    found = entry(two, "openai/gpt-x")
    assert (found.supports_tools, found.manual_fields) == (True, ["supports_tools"])
    assert found.context_length == 9_000
    assert found.drift == {"supports_tools": False}


def test_a_confirmation_of_something_else_changes_nothing(two: Session) -> None:
    seen = preview_feed_change(two, ADMIN, "weak", {"priority": 5}).fingerprint
    edit_record(
        two, EDITOR, "entry", "openai/gpt-x", {"supports_tools": True}, default_protection="fields"
    )
    before = rows(two)
    with pytest.raises(ConflictError, match="not what it was"):
        edit_feed(two, ADMIN, "weak", {"priority": 5}, fingerprint=seen)
    assert rows(two) == before
    assert get_feed_row(two, "weak").priority == 20


@pytest.mark.parametrize(
    "values",
    [
        {"priority": 5, "mode": "review"},
        {"trusted_fields": [], "trusted_model_fields": ["pricing"]},
        {"name": "renamed"},
    ],
    ids=("priority", "trust", "name"),
)
def test_an_undo_brings_everything_back_and_a_redo_too(
    two: Session, values: dict[str, Any]
) -> None:
    edit_record(two, EDITOR, "entry", "openai/filler-1x", {"supports_audio": True})
    before, settings = rows(two), [row.settings() for row in list_feed_rows(two)]
    name = "weak" if "priority" in values else "strong"
    written = edit_feed(two, ADMIN, name, values)
    after = rows(two)
    assert after != before
    assert written.batch is not None
    undone = undo_batch(two, ADMIN, written.batch)
    assert (undone.undone, undone.refused) == (len(values), [])
    assert rows(two) == before
    assert [row.settings() for row in list_feed_rows(two)] == settings
    assert undone.batch_id is not None
    undo_batch(two, ADMIN, undone.batch_id)
    assert rows(two) == after


def test_one_setting_is_taken_back_and_what_changed_since_stays(two: Session) -> None:
    written = edit_feed(two, ADMIN, "weak", {"priority": 5, "miss_limit": 4})
    edit_feed(two, ADMIN, "weak", {"miss_limit": 5})
    assert written.batch is not None
    undone = undo_batch(two, ADMIN, written.batch)
    assert [(one.field, one.why) for one in undone.refused] == [("miss_limit", "was changed since")]
    row = get_feed_row(two, "weak")
    assert (row.priority, row.miss_limit) == (20, 5)
    assert entry(two, "openai/gpt-x").supports_tools is True


def test_what_followed_in_a_record_is_not_taken_back_alone(two: Session) -> None:
    written = edit_feed(two, ADMIN, "weak", {"priority": 5})
    line = select(Change.id).where(Change.field == "supports_tools", Change.new.is_not(None))
    change = two.scalars(line.order_by(Change.id.desc())).first()
    assert written.batch is not None
    with pytest.raises(ConflictError, match="follows from the settings of a feed"):
        undo_batch(two, ADMIN, written.batch, change_id=change)
    assert entry(two, "openai/gpt-x").manual_fields == []


def test_who_may_not_manage_feeds_does_not_undo_their_changes(two: Session) -> None:
    written = edit_feed(two, ADMIN, "weak", {"priority": 5})
    assert written.batch is not None
    with pytest.raises(ForbiddenError):
        undo_batch(two, EDITOR, written.batch)


def test_a_name_is_changed_wherever_it_is_given_as_a_source(two: Session) -> None:
    edit_feed(two, ADMIN, "strong", {"name": "first"})
    assert set(entry(two, "openai/gpt-x").sources.values()) == {"first"}
    assert "strong" not in {s for e in rows(two).values() for s in e["sources"].values()}
    with pytest.raises(ConflictError, match="'weak' already"):
        edit_feed(two, ADMIN, "first", {"name": "weak"})


def test_more_patience_brings_back_what_was_given_up(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    both = filler(20) | {"gpt-x": model()}
    sync(session, tmp_path, answer(both))
    for _ in range(2):
        sync(session, tmp_path, answer(filler(20)))
    assert offer(session, "gpt-x").retired_at is not None
    found = preview_feed_change(session, ADMIN, "models-dev", {"miss_limit": 3})
    assert (found.reactivated, found.retired) == (2, 0)
    written = edit_feed(session, ADMIN, "models-dev", {"miss_limit": 3})
    assert offer(session, "gpt-x").retired_at is None
    assert written.batch is not None
    undo_batch(session, ADMIN, written.batch)
    assert offer(session, "gpt-x").retired_at is not None


def test_a_removed_feed_comes_back_with_what_it_said(two: Session) -> None:
    before = rows(two)
    batch = remove_feed(two, ADMIN, "strong", reason="gone")
    assert [row.name for row in list_feed_rows(two)] == ["weak"]
    assert rows(two) == before, "what is in force stays"
    edit_feed(two, ADMIN, "weak", {"priority": 30})
    undo_batch(two, ADMIN, batch)
    assert get_feed_row(two, "strong").priority == 10
    edit_feed(two, ADMIN, "weak", {"priority": 20})
    assert rows(two) == before
    add_feed(two, ADMIN, "third", "models_dev")
    added = two.scalars(select(Batch.public_id).order_by(Batch.id.desc())).first()
    assert added is not None
    undone = undo_batch(two, ADMIN, added)
    assert [row.name for row in list_feed_rows(two)] == ["strong", "weak"]
    assert undone.batch_id is not None
    undo_batch(two, ADMIN, undone.batch_id)
    assert {row.name for row in list_feed_rows(two)} == {"strong", "weak", "third"}
