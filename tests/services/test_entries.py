"""Editing entries, giving them back, and what either leaves in the change log."""

from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import (
    EditConflictError,
    ForbiddenError,
    NotFoundError,
    PreconditionError,
    ValidationError,
)
from app.core.permissions import Actor, Role
from app.models import Batch, Change, Override
from app.services.records import edit_record, reset_record, set_protection
from app.services.transaction import writing
from tests.support.feeds import EDITOR, answer, entry, history, make_feed, model, offer, sync

GPT = "openai/gpt-4o"
VIEWER = Actor("user", "viewer@example.test", Role.VIEWER)


@pytest.fixture(autouse=True)
def catalog(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", family="gpt")}))


def test_an_edit_is_in_force_manual_and_logged(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"supports_tools": True}, reason="tried it")
    row = entry(session, GPT)
    assert (row.supports_tools, row.status, row.protection) == (True, "updated", "entry")
    assert (row.manual_fields, row.version) == (["supports_tools"], 2)
    assert row.sources["supports_tools"] == "manual"
    assert row.drift == {"supports_tools": False}
    assert history(session, "entry", row.id)[1:] == [
        ("supports_tools", False, True),
        ("protection", "none", "entry"),
    ]
    batch = session.scalars(select(Batch).order_by(Batch.id.desc())).first()
    assert batch is not None
    assert (batch.kind, batch.actor, batch.reason) == ("edit", EDITOR.name, "tried it")
    override = session.scalars(select(Override)).one()
    assert (override.value, override.base, override.actor) == (True, False, EDITOR.name)


def test_an_edit_without_fields_still_marks_the_entry(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {})
    row = entry(session, GPT)
    assert (row.status, row.protection, row.manual_fields) == ("updated", "entry", [])


def test_the_installation_may_protect_fields_only(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"family": "x"}, default_protection="fields")
    assert entry(session, GPT).protection == "fields"


def test_an_alias_and_another_case_mean_the_entry(session: Session) -> None:
    edit_record(session, EDITOR, "entry", "GPT-4o", {"notes": "by alias"})
    edit_record(session, EDITOR, "entry", "OpenAI/GPT-4o", {"family": "by case"})
    row = entry(session, GPT)
    assert (row.notes, row.family) == ("by alias", "by case")


def test_a_repeated_edit_keeps_what_the_operator_field_was_before(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"active": False})
    edit_record(session, EDITOR, "entry", GPT, {"active": False})
    reset_record(session, EDITOR, "entry", GPT, ["active"])
    assert entry(session, GPT).active is True


def test_reset_gives_the_whole_entry_back(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"family": "mine", "tags": ["a"], "notes": "n"})
    reset_record(session, EDITOR, "entry", GPT)
    row = entry(session, GPT)
    assert (row.family, row.tags, row.notes) == ("gpt", [], None)
    assert (row.status, row.protection, row.manual_fields) == ("filled", "none", [])
    assert row.drift is None
    assert session.scalar(select(func.count()).select_from(Override)) == 0


def test_reset_of_one_field_leaves_the_others_manual(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"family": "mine", "supports_tools": True})
    reset_record(session, EDITOR, "entry", GPT, ["family"])
    row = entry(session, GPT)
    assert (row.family, row.sources["family"]) == ("gpt", "models-dev")
    assert (row.manual_fields, row.protection) == (["supports_tools"], "entry")


def test_reset_takes_over_drift_of_a_field_nobody_edited(session: Session, tmp_path: Path) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"notes": "keep"})
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", family="new")}))
    assert entry(session, GPT).drift == {"family": "new"}
    reset_record(session, EDITOR, "entry", GPT, ["family"])
    row = entry(session, GPT)
    assert (row.family, row.drift, row.protection) == ("new", None, "entry")


def test_a_name_reaches_the_offers_that_nobody_edited_and_goes_again(
    session: Session, tmp_path: Path
) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"model_display_name": "Our GPT"})
    assert offer(session, "gpt-4o").model_display_name == "Our GPT"
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o (new)")}))
    assert offer(session, "gpt-4o").model_display_name == "Our GPT"
    assert entry(session, GPT).model_display_name == "Our GPT"
    reset_record(session, EDITOR, "entry", GPT, ["model_display_name"])
    assert offer(session, "gpt-4o").model_display_name == "GPT-4o (new)"


def test_protection_of_one_entry_may_be_chosen(session: Session, tmp_path: Path) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"supports_tools": True})
    set_protection(session, EDITOR, "entry", GPT, "fields")
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", family="new")}))
    row = entry(session, GPT)
    assert (row.family, row.supports_tools, row.protection) == ("new", True, "fields")
    edit_record(session, EDITOR, "entry", GPT, {"notes": "x"})
    assert entry(session, GPT).protection == "fields"
    set_protection(session, EDITOR, "entry", GPT, "entry")
    assert entry(session, GPT).protection == "entry"


def test_taking_over_one_field_of_a_protected_entry_leaves_the_others(
    session: Session, tmp_path: Path
) -> None:
    set_protection(session, EDITOR, "entry", GPT, "entry")
    limit = {"context": 16_000, "output": 1}
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", family="new", limit=limit)}))
    reset_record(session, EDITOR, "entry", GPT, ["family"])
    row = entry(session, GPT)
    assert (row.family, row.context_length, row.protection) == ("new", 8_000, "entry")
    assert row.drift == {"context_length": 16_000}


def test_an_entry_marked_without_a_field_stays_marked(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {})
    reset_record(session, EDITOR, "entry", GPT, ["tags"])
    assert entry(session, GPT).protection == "entry"
    set_protection(session, EDITOR, "entry", GPT, "fields")
    assert (entry(session, GPT).status, entry(session, GPT).protection) == ("updated", "fields")


def test_one_and_true_are_two_values(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"extras": {"a": 1, "b": [0]}})
    edit_record(session, EDITOR, "entry", GPT, {"extras": {"a": True, "b": [False]}})
    extras = entry(session, GPT).extras
    assert extras is not None
    assert (extras["a"] is True, extras["b"][0] is False) == (True, True)


def test_every_decision_is_logged_even_one_that_changes_no_value(session: Session) -> None:
    edit_record(session, EDITOR, "entry", GPT, {"family": "gpt"})
    edit_record(session, EDITOR, "entry", GPT, {"family": "gpt"}, reason="checked again")
    set_protection(session, EDITOR, "entry", GPT, "entry")
    fields = [field for field, _, _ in history(session, "entry", entry(session, GPT).id)]
    assert fields == ["*", "family", "protection", "family", "protection_choice"]


def test_searching_finds_the_new_name(session: Session) -> None:
    from app.queries.entries import list_entries
    from app.queries.entry_filter import EntryFilter

    edit_record(session, EDITOR, "entry", GPT, {"model_display_name": "Zebra", "tags": ["striped"]})
    found = list_entries(session, EntryFilter(q="zebr"), limit=5, offset=0)
    tagged = list_entries(session, EntryFilter(tag="striped"), limit=5, offset=0)
    assert [row.public_id for row in found.rows] == [row.public_id for row in tagged.rows] == [GPT]


def test_what_is_wrong_changes_nothing(session: Session) -> None:
    before = session.scalar(select(func.count()).select_from(Change))
    with pytest.raises(NotFoundError):
        edit_record(session, EDITOR, "entry", "openai/none", {"family": "x"})
    with pytest.raises(ForbiddenError):
        edit_record(session, VIEWER, "entry", GPT, {"family": "x"})
    with pytest.raises(PreconditionError):
        edit_record(session, EDITOR, "entry", GPT, {"family": "x"}, if_match=9)
    with pytest.raises(EditConflictError) as caught:
        edit_record(session, EDITOR, "entry", GPT, {"family": "x"}, opened={"family": "other"})
    assert caught.value.current == {"family": "gpt"}
    with pytest.raises(ValidationError):
        reset_record(session, EDITOR, "entry", GPT, ["colour"])
    with pytest.raises(ValidationError):
        set_protection(session, EDITOR, "entry", GPT, "none")
    row = entry(session, GPT)
    assert (row.family, row.version, row.status) == ("gpt", 1, "filled")
    assert session.scalar(select(func.count()).select_from(Change)) == before


def test_one_use_case_is_one_transaction(session: Session) -> None:
    with writing(session), pytest.raises(RuntimeError), writing(session):
        pass
