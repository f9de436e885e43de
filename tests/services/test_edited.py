"""Which records were edited between two states: exactly those, or nobody knows."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.permissions import SYSTEM
from app.models import Batch, CatalogEntry, Change, Provider, ProviderModel
from app.queries.cache import State, catalog_state
from app.queries.edited import edited_entries, edited_models, edited_since
from app.services.flags import create_flag
from app.services.links import merge_entries
from app.services.records import edit_record, reset_record, set_protection
from app.services.undo import undo_batch
from app.services.write import bump_revision
from tests.support.factories import make_entry, make_provider_model


@pytest.fixture
def models(session: Session) -> list[ProviderModel]:
    made = [make_provider_model(session) for _ in range(2)]
    session.commit()
    edit_record(session, SYSTEM, "entry", _entry(session, made[1]), {"notes": "the first batch"})
    return made


def _entry(session: Session, model: ProviderModel) -> str:
    found = session.get(CatalogEntry, model.entry_id)
    assert found is not None
    return found.public_id


def _state(session: Session) -> State:
    state = catalog_state(session)
    assert state is not None
    return state


def test_edits_of_records_are_known_exactly(session: Session, models: list[ProviderModel]) -> None:
    first, second = models
    before = _state(session)
    edit_record(session, SYSTEM, "entry", _entry(session, first), {"family": "new"})
    reset_record(session, SYSTEM, "entry", _entry(session, first), ["family"])
    set_protection(session, SYSTEM, "provider_model", second.public_id, "entry")
    edited = edited_since(session, before, _state(session))
    assert edited == {"entry": {first.entry_id}, "provider_model": {second.id}}
    assert edited_entries(session, edited) == {first.entry_id}
    assert edited_models(session, edited) == {first.id, second.id}


def _merge(session: Session, model: ProviderModel) -> Any:
    other = make_entry(session, public_id="other/entry")
    session.commit()
    return merge_entries(session, SYSTEM, _entry(session, model), [other.public_id])


def _nothing_logged(session: Session, model: ProviderModel) -> None:
    edit_record(session, SYSTEM, "entry", _entry(session, model), {"family": "new"})
    newest = select(Batch.id).order_by(Batch.id.desc()).limit(1).scalar_subquery()
    session.execute(delete(Change).where(Change.batch_id == newest))
    session.commit()


def _besides(session: Session, model: ProviderModel) -> None:
    edit_record(session, SYSTEM, "entry", _entry(session, model), {"family": "new"})
    bump_revision(session)
    session.commit()


def _undo(session: Session, model: ProviderModel) -> None:
    newest = session.scalars(select(Batch.public_id).order_by(Batch.id.desc())).first()
    undo_batch(session, SYSTEM, newest or "")


def _new_flag(session: Session, model: ProviderModel) -> None:
    values = {"requires_feature_flag": "beta"}
    edit_record(session, SYSTEM, "entry", _entry(session, model), values)


def _much(session: Session, model: ProviderModel) -> None:
    for number in range(51):
        edit_record(session, SYSTEM, "entry", _entry(session, model), {"notes": str(number)})


OTHERS: dict[str, Callable[[Session, ProviderModel], Any]] = {
    "a merge": _merge,
    "an edit that is not logged": _nothing_logged,
    "a write beside the edit": _besides,
    "an undo": _undo,
    "a new feature flag": _new_flag,
    "a flag alone": lambda session, _: create_flag(session, SYSTEM, {"key": "gamma"}),
    "much": _much,
}


@pytest.mark.parametrize("what", OTHERS)
def test_anything_else_is_not_known(
    session: Session, models: list[ProviderModel], what: str
) -> None:
    before = _state(session)
    OTHERS[what](session, models[0])
    assert edited_since(session, before, _state(session)) is None


def test_states_that_do_not_follow_one_another_say_nothing(
    session: Session, models: list[ProviderModel]
) -> None:
    before = _state(session)
    edit_record(session, SYSTEM, "entry", _entry(session, models[0]), {"family": "new"})
    after = _state(session)
    assert edited_since(session, before, after) is not None
    assert edited_since(session, after, before) is None
    assert edited_since(session, ("elsewhere", *before[1:]), after) is None
    assert edited_since(session, (*before[:2], "batch_of_a_backup"), after) is None


def test_an_edit_of_a_provider_is_not_known(session: Session, models: list[ProviderModel]) -> None:
    before = _state(session)
    provider = session.scalars(select(Provider)).first()
    assert provider is not None
    batch = Batch(public_id="batch_p", kind="edit", actor_kind="user", actor="x", created_at=1)
    session.add(batch)
    session.flush()
    change = Change(batch_id=batch.id, record_type="provider", record_id=provider.id)
    change.field, change.old, change.new = "active", True, False
    session.add(change)
    bump_revision(session)
    session.commit()
    assert edited_since(session, before, _state(session)) is None
