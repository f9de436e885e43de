"""Links: a provider model moves to another entry, entries are merged and split, and back."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from app.core.hashing import canonical
from app.core.permissions import Actor, Role
from app.models import CatalogEntry, EntryAlias, Override, Provider, ProviderModel
from app.queries.entries import get_entry, list_entries
from app.queries.entry_filter import EntryFilter
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_models import list_provider_models
from app.services.links import merge_entries, move_models, split_entry
from app.services.records import edit_record
from app.services.undo import undo_batch
from tests.support.feeds import EDITOR, answer, entry, make_feed, model, sync

VIEWER = Actor("user", "viewer@example.test", Role.VIEWER)
NOW_AND_THEN = {"version", "updated_at", "last_synced_at"}
ONE = {"gpt-4o": model(name="GPT-4o", family="gpt"), "o3": model(name="o3", tool_call=True)}
TWO = {"gpt-4o": model(name="GPT-4o"), "o3-deployment": model(name="Deployment", reasoning=True)}


@pytest.fixture(autouse=True)
def catalog(session: Session, tmp_path: Path) -> Path:
    make_feed(session)
    sync(session, tmp_path, answer(ONE, "openai", azure=TWO))
    return tmp_path


def public_id(session: Session, provider: str, raw_id: str) -> str:
    session.rollback()
    statement = select(ProviderModel.public_id).join(
        Provider, Provider.id == ProviderModel.provider_id
    )
    named = statement.where(Provider.feed_key == provider, ProviderModel.raw_id == raw_id)
    return session.scalars(named).one()


def links(session: Session) -> set[tuple[str, str, str]]:
    """Which entry each provider model is an offer of: (provider, its id, entry)."""
    session.rollback()
    statement = (
        select(Provider.feed_key, ProviderModel.raw_id, CatalogEntry.public_id)
        .join(Provider, Provider.id == ProviderModel.provider_id)
        .join(CatalogEntry, CatalogEntry.id == ProviderModel.entry_id)
    )
    return {(key or "", raw, name) for key, raw, name in session.execute(statement)}


def picture(session: Session) -> dict[str, Any]:
    """All that links decide: who belongs where, under which spellings, and what is in force."""
    session.rollback()
    columns = [c for c in CatalogEntry.__table__.columns if c.name not in NOW_AND_THEN]
    entries = session.execute(select(*columns).order_by(CatalogEntry.id))
    aliases = session.execute(select(EntryAlias.alias, EntryAlias.entry_id))
    overrides = select(Override.record_type, Override.record_id, Override.field, Override.value)
    return {
        "links": sorted(links(session)),
        "aliases": sorted(map(tuple, aliases)),
        "overrides": sorted(canonical(list(row)) for row in session.execute(overrides)),
        "entries": [canonical(list(row)) for row in entries],
    }


def shown(session: Session) -> set[str]:
    session.rollback()
    page = list_entries(session, EntryFilter(), limit=50, offset=0)
    return {row.public_id for row in page.rows}


def test_a_moved_model_brings_its_spellings_and_what_it_claims(session: Session) -> None:
    before = entry(session, "openai/o3")
    assert before.supports_reasoning is False
    mine = public_id(session, "azure", "o3-deployment")
    written = move_models(session, EDITOR, [mine], "openai/o3", reason="the same model")
    assert ("azure", "o3-deployment", "openai/o3") in links(session)
    assert get_entry(session, "o3-deployment").public_id == "openai/o3"
    assert written.id == before.id
    found = list_provider_models(
        session, ProviderModelFilter(search="openai/o3"), limit=9, offset=0
    )
    assert {row.raw_id for row in found.rows} == {"o3", "o3-deployment"}


def test_no_sync_takes_a_link_back(session: Session, catalog: Path) -> None:
    mine = public_id(session, "azure", "o3-deployment")
    move_models(session, EDITOR, [mine], "openai/o3")
    before = links(session)
    changed = {n: said | {"name": f"{n} new"} for n, said in TWO.items()}
    for body in (answer(ONE, "openai", azure=changed), answer(ONE, "openai", azure=TWO)):
        sync(session, catalog, body)
        assert links(session) == before


def test_a_merged_entry_is_another_spelling_and_comes_back(session: Session, catalog: Path) -> None:
    edit_record(session, EDITOR, "entry", "openai/o3-deployment", {"notes": "kept"})
    before = picture(session)
    names = shown(session)
    batch = merge_entries(session, EDITOR, "openai/o3", ["openai/o3-deployment"]).batch
    assert shown(session) == names - {"openai/o3-deployment"}
    assert get_entry(session, "openai/o3-deployment").public_id == "openai/o3"
    assert get_entry(session, "O3-Deployment").public_id == "openai/o3"
    assert ("azure", "o3-deployment", "openai/o3") in links(session)
    more = {"o3-deployment": TWO["o3-deployment"]}
    sync(session, catalog, answer(ONE, "openai", azure=TWO, other=more))
    assert ("other", "o3-deployment", "openai/o3") in links(session)
    merged = picture(session)
    sync(session, catalog, answer(ONE, "openai", azure=TWO))
    sync(session, catalog, answer(ONE, "openai", azure=TWO))
    undone = undo_batch(session, EDITOR, batch)
    assert undone.refused == []
    after = picture(session)
    assert [one for one in after["links"] if one[0] != "other"] == before["links"]
    assert set(before["aliases"]) <= set(after["aliases"])
    assert entry(session, "openai/o3-deployment").notes == "kept"
    assert shown(session) == names
    assert undone.batch_id is not None
    undo_batch(session, EDITOR, undone.batch_id)
    assert picture(session)["links"] == merged["links"]
    assert shown(session) == names - {"openai/o3-deployment"}


@pytest.mark.parametrize("what", ["move", "merge", "split"])
def test_each_is_undone_to_what_was(session: Session, what: str) -> None:
    edit_record(session, EDITOR, "entry", "openai/gpt-4o", {"family": "mine"})
    before = picture(session)
    azure = public_id(session, "azure", "gpt-4o")
    if what == "move":
        batch = move_models(session, EDITOR, [azure], "openai/o3").batch
    elif what == "merge":
        batch = merge_entries(session, EDITOR, "openai/gpt-4o", ["openai/o3"]).batch
    else:
        batch = split_entry(session, EDITOR, [azure], "azure/gpt-4o").batch
    between = picture(session)
    assert between != before
    undone = undo_batch(session, EDITOR, batch)
    assert undone.refused == []
    after = picture(session)
    if what == "split":  # the new entry stays, hidden: its id means the one it was split from
        assert get_entry(session, "azure/gpt-4o").public_id == "openai/gpt-4o"
        after["entries"].pop()
    assert after == before
    assert undone.batch_id is not None
    undo_batch(session, EDITOR, undone.batch_id)
    assert picture(session)["links"] == between["links"]


def test_a_split_makes_an_entry_with_its_own_claims(session: Session) -> None:
    azure = public_id(session, "azure", "gpt-4o")
    written = split_entry(
        session, EDITOR, [azure], "azure/gpt-4o", display_name=None, reason="differs"
    )
    session.rollback()
    made = session.get_one(CatalogEntry, written.id)
    assert (made.public_id, made.model_display_name, made.status) == (
        "azure/gpt-4o",
        "GPT-4o",
        "filled",
    )
    assert made.context_length == 8_000
    assert "azure/gpt-4o" in shown(session)
    assert ("azure", "gpt-4o", "azure/gpt-4o") in links(session)
    assert ("openai", "gpt-4o", "openai/gpt-4o") in links(session)


def test_an_undo_leaves_alone_what_moved_on(session: Session) -> None:
    azure, deployment = (public_id(session, "azure", n) for n in ("gpt-4o", "o3-deployment"))
    first = move_models(session, EDITOR, [azure, deployment], "openai/o3").batch
    move_models(session, EDITOR, [azure], "openai/gpt-4o")
    undone = undo_batch(session, EDITOR, first)
    assert (undone.undone, undone.refused_count) == (1, 1)
    assert undone.refused[0].name == "GPT-4o"
    assert ("azure", "gpt-4o", "openai/gpt-4o") in links(session)


def test_what_is_refused(session: Session) -> None:
    azure = public_id(session, "azure", "gpt-4o")
    deployment = public_id(session, "azure", "o3-deployment")
    before = picture(session)
    with pytest.raises(NotFoundError):
        move_models(session, EDITOR, [azure], "openai/none")
    with pytest.raises(NotFoundError):
        move_models(session, EDITOR, ["pmdl_none"], "openai/o3")
    with pytest.raises(ConflictError):
        move_models(session, EDITOR, [azure], "openai/gpt-4o")
    with pytest.raises(ValidationError):
        move_models(session, EDITOR, [], "openai/o3")
    with pytest.raises(ForbiddenError):
        move_models(session, VIEWER, [azure], "openai/o3")
    with pytest.raises(ValidationError):
        merge_entries(session, EDITOR, "openai/o3", ["openai/o3"])
    with pytest.raises(ValidationError):
        merge_entries(session, EDITOR, "openai/o3", [])
    with pytest.raises(NotFoundError):
        merge_entries(session, EDITOR, "openai/o3", ["openai/none"])
    with pytest.raises(ValidationError):
        split_entry(session, EDITOR, [azure, deployment], "azure/new")
    for taken in ("openai/o3", "o3-deployment"):
        with pytest.raises(ConflictError):
            split_entry(session, EDITOR, [azure], taken)
    for wrong in ("", "Azure/GPT", "a b", "/a", "a//b", "x" * 256):
        with pytest.raises(ValidationError):
            split_entry(session, EDITOR, [azure], wrong)
    assert picture(session) == before


def test_an_undo_returns_to_what_an_entry_was_merged_into(session: Session) -> None:
    azure = public_id(session, "azure", "gpt-4o")
    moved = move_models(session, EDITOR, [azure], "openai/o3-deployment").batch
    merge_entries(session, EDITOR, "openai/o3", ["openai/gpt-4o"])
    undo_batch(session, EDITOR, moved)
    assert ("azure", "gpt-4o", "openai/o3") in links(session)


def test_an_earlier_merge_is_undone_alone(session: Session) -> None:
    first = merge_entries(session, EDITOR, "openai/o3", ["openai/o3-deployment"]).batch
    merge_entries(session, EDITOR, "openai/gpt-4o", ["openai/o3"])
    assert undo_batch(session, EDITOR, first).refused == []
    assert shown(session) == {"openai/gpt-4o", "openai/o3-deployment"}
    assert ("azure", "o3-deployment", "openai/o3-deployment") in links(session)
    assert get_entry(session, "O3-Deployment").public_id == "openai/o3-deployment"
    assert get_entry(session, "o3").public_id == "openai/gpt-4o"
