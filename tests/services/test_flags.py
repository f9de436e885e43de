"""Feature flags: made, named, refused, removed; by themselves and where an entry names one."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.bulk import bulk_change
from app.core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from app.core.permissions import Role
from app.models import Change, FeatureFlag
from app.queries.facets import choices_in_use
from app.queries.flags import get_flag, list_flags
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.flags import create_flag, delete_flag, edit_flag, undo_flag_change
from app.services.records import edit_record
from app.services.transaction import writing
from app.services.undo import undo_batch
from app.services.write import Action, open_batch
from tests.support.factories import make_entry
from tests.support.people import actor_of

EDITOR = actor_of(Role.EDITOR)
VALUES = {"key": "beta", "name": "Beta", "description": "Early models"}


@pytest.fixture
def flag_id(session: Session) -> int:
    return create_flag(session, EDITOR, VALUES, reason="a start").id


def log(session: Session) -> list[tuple[str, object, object]]:
    rows = session.execute(
        select(Change.field, Change.old, Change.new)
        .where(Change.record_type == "feature_flag")
        .order_by(Change.id)
    )
    return [(field, old, new) for field, old, new in rows]


def undo(session: Session, flag_id: int, number: int = -1) -> bool | str:
    """Takes back one change of the log as the undo of a batch does."""
    field, old, new = log(session)[number]
    with writing(session) as db:
        batch_id, _ = open_batch(db, Action("undo", EDITOR))
        return undo_flag_change(db, batch_id, flag_id, field, old, new)


def test_a_flag_is_made_named_and_removed(session: Session, flag_id: int) -> None:
    assert edit_flag(session, EDITOR, flag_id, {"name": "  Preview "}, version=1).batch
    assert edit_flag(session, EDITOR, flag_id, {"name": "Preview"}).batch is None
    assert get_flag(session, flag_id)[1:5] == ("beta", "Preview", "Early models", 2)
    delete_flag(session, EDITOR, flag_id)
    assert list_flags(session, limit=9, offset=0) == []
    row = VALUES | {"name": "Preview"}
    assert log(session) == [("*", None, VALUES), ("name", "Beta", "Preview"), ("*", row, None)]


@pytest.mark.parametrize(
    "values",
    [
        *({}, {"key": " "}, {"key": "a\nb"}, {"key": "x" * 256}, {"key": "a\x00"}, {"key": 7}),
        {"key": "a", "name": "x" * 256},
        {"key": "a", "description": "x" * 65537},
    ],
)
def test_what_is_no_flag_is_refused(session: Session, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refusal:
        create_flag(session, EDITOR, values)
    assert refusal.value.details[0].field in {"key", "name", "description"}
    assert log(session) == []


def test_a_key_is_taken_once_and_stays(session: Session, flag_id: int) -> None:
    with pytest.raises(ConflictError, match="already"):
        create_flag(session, EDITOR, {"key": "beta"})
    with pytest.raises(ValidationError, match="cannot be changed"):
        edit_flag(session, EDITOR, flag_id, {"key": "gamma"})
    with pytest.raises(ValidationError, match="no field"):
        edit_flag(session, EDITOR, flag_id, {"colour": "red"})
    assert len(log(session)) == 1


def test_two_editors_do_not_overwrite_each_other(session: Session, flag_id: int) -> None:
    edit_flag(session, EDITOR, flag_id, {"name": "One"}, version=1)
    with pytest.raises(ConflictError, match="meanwhile"):
        edit_flag(session, EDITOR, flag_id, {"name": "Two"}, version=1)


def test_a_viewer_manages_nothing(session: Session, flag_id: int) -> None:
    viewer = actor_of(Role.VIEWER)
    with pytest.raises(ForbiddenError):
        create_flag(session, viewer, {"key": "x"})
    with pytest.raises(ForbiddenError):
        edit_flag(session, viewer, flag_id, {"name": "x"})
    with pytest.raises(ForbiddenError):
        delete_flag(session, viewer, flag_id)


def test_a_required_flag_stays(session: Session, flag_id: int) -> None:
    entries = [make_entry(session, requires_feature_flag="beta") for _ in range(2)]
    entries[1].merged_into_id = entries[0].id
    session.commit()
    assert get_flag(session, flag_id).entries == 1
    with pytest.raises(ConflictError, match="required by 2 entries"):
        delete_flag(session, EDITOR, flag_id)
    with pytest.raises(NotFoundError):
        delete_flag(session, EDITOR, 999)


def test_an_entry_names_a_new_flag(session: Session, flag_id: int) -> None:
    entry = make_entry(session)
    session.commit()
    for key in ("gamma", "beta"):
        edit_record(session, EDITOR, "entry", entry.id, {"requires_feature_flag": key})
    assert [flag.key for flag in list_flags(session, limit=9, offset=0)] == ["beta", "gamma"]
    assert choices_in_use(session).feature_flags == {"beta": 1, "gamma": 0}


def test_a_deleted_flag_comes_back_as_it_was(session: Session, flag_id: int) -> None:
    delete_flag(session, EDITOR, flag_id)
    assert undo(session, flag_id) is True
    assert get_flag(session, flag_id)[:4] == (flag_id, "beta", "Beta", "Early models")
    assert undo(session, flag_id) is True, "taking that back removes it again"
    assert session.get(FeatureFlag, flag_id) is None


def test_a_key_that_was_taken_since_is_not_brought_back(session: Session, flag_id: int) -> None:
    delete_flag(session, EDITOR, flag_id)
    again = create_flag(session, EDITOR, VALUES).id
    assert undo(session, flag_id, 1) is False, "it is there as it was"
    edit_flag(session, EDITOR, again, {"name": "Other"})
    assert undo(session, flag_id, 1) == "was made anew since, as something else"


def test_only_what_is_still_so_is_taken_back(session: Session, flag_id: int) -> None:
    edit_flag(session, EDITOR, flag_id, {"name": "One"})
    edit_flag(session, EDITOR, flag_id, {"name": "Two"})
    assert undo(session, flag_id, 1) == "was changed since"
    assert undo(session, flag_id, 2) is True
    assert get_flag(session, flag_id).name == "One"
    assert undo(session, flag_id, 0) == "was changed since"
    delete_flag(session, EDITOR, flag_id)
    assert undo(session, flag_id, 1) == "was deleted since"
    assert undo(session, flag_id, 0) is False


def test_a_flag_that_is_required_by_now_is_not_taken_away(session: Session, flag_id: int) -> None:
    make_entry(session, requires_feature_flag="beta")
    session.commit()
    assert undo(session, flag_id) == "is required by 1 entry now"
    assert session.get(FeatureFlag, flag_id) is not None


def test_a_bulk_action_and_the_flag_it_made_are_undone_and_redone(session: Session) -> None:
    for _ in range(3):
        make_entry(session)
    session.commit()
    change = bulk_change("entry", "set_feature_flag", "gamma")
    made = run_bulk(session, EDITOR, change, Selection("entry")).batch
    assert get_flag(session, 1).entries == 3
    taken_back = undo_batch(session, EDITOR, str(made))
    assert (taken_back.undone, taken_back.refused) == (4, [])
    assert list_flags(session, limit=9, offset=0) == []
    redone = undo_batch(session, EDITOR, str(taken_back.batch_id))
    assert (redone.undone, redone.refused) == (4, [])
    assert [(f.key, f.entries) for f in list_flags(session, limit=9, offset=0)] == [("gamma", 3)]
