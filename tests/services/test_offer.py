"""Switching providers on with all their models: one batch, and its undo."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.errors import ForbiddenError, NotFoundError, ValidationError
from app.core.permissions import Role
from app.models import Batch, Override, Provider, ProviderModel
from app.queries.first_steps import list_choices, read_progress, suggest_correction
from app.services.offer import MAX_PROVIDERS, Offered, offer_providers
from app.services.records import edit_record
from app.services.undo import undo_batch
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.people import actor_of

ADMIN = actor_of(Role.ADMIN)


@pytest.fixture(autouse=True)
def off(session: Session) -> None:
    """Two providers that are off with two models each, one that is on with one model off."""
    for name, active in (("Acme", False), ("Beta", False), ("Core", True)):
        provider = make_provider(session, name=name, public_id=f"prov_{name}", active=active)
        for _ in range(1 if active else 2):
            entry = make_entry(session, active=True)
            make_provider_model(session, provider, entry_id=entry.id, active=False)
    session.commit()


def switches(session: Session) -> dict[str, tuple[bool, list[bool]]]:
    session.rollback()
    models = select(ProviderModel.provider_id, ProviderModel.active).order_by(ProviderModel.id)
    switched = session.execute(models).all()
    return {
        one.name: (one.active, [active for provider, active in switched if provider == one.id])
        for one in session.scalars(select(Provider))
    }


def test_providers_and_their_models_are_switched_on_in_one_batch_that_an_undo_takes_back(
    session: Session,
) -> None:
    before = switches(session)
    done = offer_providers(session, ADMIN, ["prov_Acme", "prov_Core"])
    assert done == Offered(1, 3, done.batch)
    assert switches(session) == {
        "Acme": (True, [True, True]),
        "Beta": before["Beta"],
        "Core": (True, [True]),
    }
    assert session.scalars(select(Batch.public_id)).all() == [done.batch]
    assert session.scalar(select(func.count()).select_from(Override)) == 3

    assert done.batch is not None
    undone = undo_batch(session, ADMIN, done.batch)
    assert (undone.undone, undone.refused_count) == (4, 0)
    assert switches(session) == before
    assert session.scalar(select(func.count()).select_from(Override)) == 0


def test_what_is_on_already_writes_nothing(session: Session) -> None:
    offer_providers(session, ADMIN, ["prov_Acme"])
    assert offer_providers(session, ADMIN, ["prov_Acme"]) == Offered(0, 0, None)
    assert session.scalar(select(func.count()).select_from(Batch)) == 1


@pytest.mark.parametrize(
    ("role", "ids", "error"),
    [
        pytest.param(Role.ADMIN, [], ValidationError, id="none"),
        pytest.param(Role.ADMIN, map(str, range(MAX_PROVIDERS + 1)), ValidationError, id="many"),
        pytest.param(Role.ADMIN, ["prov_Acme", "prov_x"], NotFoundError, id="unknown"),
        pytest.param(Role.EDITOR, ["prov_Acme"], ForbiddenError, id="editor"),
        pytest.param(Role.VIEWER, ["prov_Acme"], ForbiddenError, id="viewer"),
    ],
)
def test_what_is_refused_changes_nothing(
    session: Session, role: Role, ids: list[str], error: type[Exception]
) -> None:
    before = switches(session)
    with pytest.raises(error):
        offer_providers(session, actor_of(role), list(ids))
    assert switches(session) == before
    assert session.scalar(select(func.count()).select_from(Batch)) == 0


def test_progress_is_what_is_so(session: Session) -> None:
    assert read_progress(session) == (True, False, False)
    assert [(one.name, one.models) for one in list_choices(session)] == [("Acme", 2), ("Beta", 2)]
    offer_providers(session, ADMIN, ["prov_Acme"])
    assert read_progress(session) == (True, True, False)
    assert [one.name for one in list_choices(session)] == ["Beta"]
    one = suggest_correction(session)
    assert one is not None
    edit_record(session, ADMIN, "entry", one.public_id, {"family": "ours"})
    assert read_progress(session) == (True, True, True)


def test_an_offered_entry_that_lacks_something_is_suggested(session: Session) -> None:
    provider = make_provider(session, public_id="prov_on", active=True)
    for name, family in (("a/full", "llama"), ("a/bare", None)):
        entry = make_entry(session, public_id=name, family=family, context_length=1_000)
        make_provider_model(session, provider, entry_id=entry.id, active=True)
    session.commit()
    one = suggest_correction(session)
    assert one is not None
    assert (one.public_id, one.lacks) == ("a/bare", "family")
