"""Bulk actions: what they change, what they leave alone, and their undo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.orm import Session

from app.core.bulk import BulkChange, bulk_change, release_of, switch
from app.core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationError
from app.core.fields import RecordType
from app.core.hashing import canonical
from app.core.permissions import Actor, Role
from app.core.resolve import resolve
from app.models import Batch, CatalogEntry, Change, FeatureFlag, Override, Provider, ProviderModel
from app.queries.selections import (
    Selection,
    availability,
    list_changing,
    preview_bulk,
)
from app.queries.states import TABLES, load_records
from app.services.bulk import SelectionChangedError, run_bulk
from app.services.records import edit_record, edit_records, reset_record, set_protection
from app.services.undo import undo_batch
from tests.support.feeds import EDITOR, answer, entry, make_feed, model, sync

MODEL: RecordType = "provider_model"
ENTRY: RecordType = "entry"
ADMIN = Actor("user", "admin@example.test", Role.ADMIN)
VIEWER = Actor("user", "viewer@example.test", Role.VIEWER)
NAMES = ("gpt-4o", "gpt-4o-mini", "o3", "o3-mini", "gpt-5")


@pytest.fixture(autouse=True)
def catalog(session: Session, tmp_path: Path) -> Path:
    make_feed(session)
    models = {name: model(name=name.upper(), family="gpt") for name in NAMES}
    sync(session, tmp_path, answer(models, "openai", azure=models))
    session.execute(update(Provider).values(active=True))
    session.commit()
    return tmp_path


def everything(session: Session, record_type: RecordType) -> dict[int, list[Any]]:
    """All that is stored of records but what counts versions, and all decisions about them."""
    session.rollback()
    table = TABLES[record_type].__table__
    columns = [c for c in table.columns if c.name not in {"version", "updated_at"}]
    found = {row[0]: [*map(canonical, row)] for row in session.execute(select(*columns))}
    decided = select(Override.__table__).where(Override.record_type == record_type)
    for row in session.execute(decided.order_by(Override.record_id, Override.field)):
        found[row.record_id].append(canonical(list(row)))
    return found


def differing(one: dict[int, list[Any]], other: dict[int, list[Any]]) -> dict[int, Any]:
    """The records that are not the same in both, with what is only in the one or the other."""
    return {
        i: (sorted(set(one[i]) - set(other[i])), sorted(set(other[i]) - set(one[i])))
        for i in one
        if one[i] != other[i]
    }


def ids_of(session: Session, *raw_ids: str, provider: str = "openai") -> list[int]:
    session.rollback()
    statement = select(ProviderModel.id).join(Provider, Provider.id == ProviderModel.provider_id)
    named = statement.where(ProviderModel.raw_id.in_(raw_ids), Provider.feed_key == provider)
    return list(session.scalars(named.order_by(ProviderModel.id)))


def as_the_claims_say(session: Session, record_type: RecordType) -> None:
    """What set-based statements derived is what the claims and decisions give, one by one."""

    session.rollback()
    ids = session.scalars(select(TABLES[record_type].id)).all()
    for record in load_records(session, record_type, ids).values():
        claims = list(record.claims.values())
        state = record.state
        after = resolve(record_type, claims, record.decided(), state, state.protection)
        assert (after.manual_fields, after.status) == (state.manual_fields, state.status)
        assert (dict(after.values), dict(after.sources)) == (dict(state.values), state.sources)


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """The statements that are sent meanwhile, one for each row of an `executemany` of many."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    engine = session.get_bind().engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


def run(session: Session, change: BulkChange, **how: Any) -> str:
    outcome = run_bulk(session, EDITOR, change, Selection(change.record_type, **how))
    assert outcome.batch is not None
    return outcome.batch


def test_a_switch_changes_counts_and_marks_only_what_differs(session: Session) -> None:
    run(session, switch(MODEL, True), ids=ids_of(session, "o3"))
    outcome = run_bulk(session, EDITOR, switch(MODEL, True), Selection(MODEL), reason="night")
    assert (outcome.preview.total, outcome.updated, outcome.skipped) == (10, 9, 1)
    one = offer_at(session, "gpt-4o")
    assert (one.active, one.status, one.protection, one.version) == (True, "updated", "fields", 2)
    assert (one.manual_fields, one.sources["active"]) == (["active"], "manual")
    batch = session.scalars(select(Batch).where(Batch.public_id == outcome.batch)).one()
    assert (batch.kind, batch.reason, batch.summary["updated"]) == ("bulk", "night", 9)
    logged = session.execute(
        select(Change.old, Change.new, Change.old_manual, Change.new_manual).where(
            Change.batch_id == batch.id
        )
    )
    assert [tuple(row) for row in logged] == [(False, True, False, True)] * 9
    override = session.scalars(select(Override).where(Override.batch_id == batch.id).limit(1)).one()
    assert (override.value, override.base, override.actor) == (True, False, EDITOR.name)
    assert (override.reason, override.created_at) == ("night", batch.created_at)
    as_the_claims_say(session, MODEL)


def offer_at(session: Session, raw_id: str, provider: str = "openai") -> ProviderModel:
    return session.get_one(ProviderModel, ids_of(session, raw_id, provider=provider)[0])


def test_what_is_excepted_stays(session: Session) -> None:
    kept = ids_of(session, "o3", "gpt-5")
    run(session, switch(MODEL, True), kept=kept)
    session.rollback()
    off = session.scalars(select(ProviderModel.id).where(~ProviderModel.active)).all()
    assert sorted(off) == kept


def test_nothing_to_change_writes_nothing(session: Session) -> None:
    before = session.scalar(select(func.count(Batch.id)))
    outcome = run_bulk(session, EDITOR, switch(MODEL, False), Selection(MODEL))
    assert (outcome.updated, outcome.skipped, outcome.batch) == (0, 10, None)
    assert session.scalar(select(func.count(Batch.id))) == before


def test_a_dry_run_counts_and_changes_nothing(session: Session) -> None:
    before = everything(session, MODEL)
    outcome = run_bulk(session, EDITOR, switch(MODEL, True), Selection(MODEL), dry_run=True)
    assert (outcome.updated, outcome.batch) == (10, None)
    assert everything(session, MODEL) == before


def test_a_whole_entry_stays_held(session: Session) -> None:
    edit_record(session, EDITOR, ENTRY, "openai/o3", {"family": "mine"})
    run(session, switch(ENTRY, False))
    assert entry(session, "openai/o3").protection == "entry"
    assert entry(session, "openai/gpt-5").protection == "fields"
    as_the_claims_say(session, ENTRY)


def test_a_different_set_than_previewed_asks_again(session: Session) -> None:
    change, selection = switch(MODEL, True), Selection(MODEL)
    seen = preview_bulk(session, change, selection)
    edit_record(session, EDITOR, MODEL, ids_of(session, "o3")[0], {"active": True})
    before = everything(session, MODEL)
    with pytest.raises(SelectionChangedError) as refused:
        run_bulk(session, EDITOR, change, selection, expected=seen.fingerprint)
    assert refused.value.preview.changing == 9
    assert everything(session, MODEL) == before
    again = refused.value.preview.fingerprint
    assert run_bulk(session, EDITOR, change, selection, expected=again).updated == 9


ACTIONS = [
    (MODEL, "enable", ""),
    (MODEL, "set_category", "chat"),
    (ENTRY, "disable", ""),
    (ENTRY, "set_capability", "supports_video"),
    (ENTRY, "clear_capability", "supports_instruct"),
    (ENTRY, "set_family", "Our family"),
    (ENTRY, "set_feature_flag", "beta"),
    (ENTRY, "set_experimental", ""),
    (ENTRY, "add_tags", 'a, "b, c"'),
]


@pytest.mark.parametrize(("record_type", "name", "argument"), ACTIONS)
def test_every_action_is_undone_to_the_last_column(
    session: Session, record_type: RecordType, name: str, argument: str
) -> None:
    """Whatever was decided before: nothing, another field, the same field, the whole record."""
    first, second, third = session.scalars(select(TABLES[record_type].id).limit(3)).all()
    mine: dict[RecordType, dict[str, Any]] = {
        ENTRY: {"supports_video": False, "family": "x", "requires_feature_flag": "old"},
        MODEL: {"category": "image", "model_display_name": "Mine"},
    }
    other: dict[str, Any] = {"active": record_type == ENTRY}
    edit_record(session, EDITOR, record_type, first, mine[record_type], reason="because")
    edit_record(session, ADMIN, record_type, second, other, default_protection="fields")
    edit_record(session, EDITOR, record_type, third, {"model_display_name": "Third"})
    before = everything(session, record_type)
    change = bulk_change(record_type, name, argument)
    batch = run(session, change)
    after = everything(session, record_type)
    assert differing(before, after)
    as_the_claims_say(session, record_type)
    assert preview_bulk(session, change, Selection(record_type)).changing == 0
    undone = undo_batch(session, EDITOR, batch)
    assert undone.undone >= len(differing(before, after))
    assert undone.refused == []
    assert differing(before, everything(session, record_type)) == {}
    assert undone.batch_id is not None
    redone = undo_batch(session, EDITOR, undone.batch_id)
    assert redone.undone == undone.undone
    assert differing(after, everything(session, record_type)) == {}
    with pytest.raises(ConflictError):
        undo_batch(session, EDITOR, undone.batch_id)


@pytest.mark.parametrize("record_type", [ENTRY, MODEL])
def test_giving_back_and_its_undo(session: Session, record_type: RecordType) -> None:
    one, two, three, four = session.scalars(select(TABLES[record_type].id).limit(4)).all()
    untouched = everything(session, record_type)
    name = {"model_display_name": "Mine", "active": record_type == MODEL}
    edit_record(session, EDITOR, record_type, one, name)
    edit_record(session, EDITOR, record_type, two, {"active": record_type == MODEL})
    run(session, switch(record_type, record_type == MODEL))
    set_protection(session, EDITOR, record_type, three, "entry")
    edit_record(session, EDITOR, record_type, four, {})
    before = everything(session, record_type)
    batch = run(session, bulk_change(record_type, "give_back"))
    returned = everything(session, record_type)
    assert set(differing(untouched, returned)) == {three}  # its chosen protection stays chosen
    as_the_claims_say(session, record_type)
    undo_batch(session, EDITOR, batch)
    assert differing(before, everything(session, record_type)) == {}
    as_the_claims_say(session, record_type)


def test_some_fields_are_given_back(session: Session) -> None:
    edit_record(session, EDITOR, ENTRY, "openai/o3", {"family": "x", "notes": "keep"})
    run(session, release_of(ENTRY, ["family"]))
    row = entry(session, "openai/o3")
    assert (row.family, row.notes, row.manual_fields) == ("gpt", "keep", ["notes"])
    with pytest.raises(ValidationError):
        run_bulk(session, EDITOR, release_of(ENTRY, ["colour"]), Selection(ENTRY))


def test_undo_leaves_alone_and_names_what_was_changed_since(session: Session) -> None:
    batch = run(session, switch(MODEL, True))
    changed = ids_of(session, "o3")[0]
    edit_record(session, ADMIN, MODEL, changed, {"active": False})
    edit_record(session, ADMIN, MODEL, changed, {"active": True})
    undone = undo_batch(session, EDITOR, batch)
    assert (undone.undone, undone.refused_count) == (9, 1)
    assert [(r.name, r.field) for r in undone.refused] == [("O3", "active")]
    session.rollback()
    on = session.scalars(select(ProviderModel.id).where(ProviderModel.active)).all()
    assert on == [changed]


def test_undos_go_back_step_by_step(session: Session) -> None:
    pk = ids_of(session, "o3")[0]
    before = everything(session, MODEL)
    first = edit_record(session, EDITOR, MODEL, pk, {"category": "a"}, reason="one").batch
    between = everything(session, MODEL)
    second = run(session, bulk_change(MODEL, "set_category", "b"))
    undo_batch(session, EDITOR, second)
    assert differing(between, everything(session, MODEL)) == {}
    undo_batch(session, EDITOR, first)
    assert differing(before, everything(session, MODEL)) == {}


def test_one_change_of_a_batch_is_undone(session: Session) -> None:
    batch = run(session, switch(MODEL, True))
    pk = ids_of(session, "o3")[0]
    change = session.scalars(
        select(Change.id).where(Change.record_id == pk, Change.new_manual)
    ).one()
    assert undo_batch(session, EDITOR, batch, change_id=change).undone == 1
    assert offer_at(session, "o3").active is False
    assert offer_at(session, "o3").status == "filled"
    assert offer_at(session, "gpt-5").active is True


def test_an_edit_and_a_reset_are_undone(session: Session) -> None:
    before = everything(session, ENTRY), everything(session, MODEL)
    values = {"model_display_name": "Ours", "tags": ["a"], "supports_tools": True}
    edit = edit_record(session, EDITOR, ENTRY, "openai/o3", values).batch
    edited = everything(session, ENTRY), everything(session, MODEL)
    assert offer_at(session, "gpt-5").model_display_name == "GPT-5"
    assert offer_at(session, "o3").model_display_name == "Ours"
    reset = reset_record(session, EDITOR, ENTRY, "openai/o3").batch
    undo_batch(session, EDITOR, reset)
    assert differing(edited[0], everything(session, ENTRY)) == {}
    assert differing(edited[1], everything(session, MODEL)) == {}
    undo_batch(session, EDITOR, edit)
    assert differing(before[0], everything(session, ENTRY)) == {}
    assert differing(before[1], everything(session, MODEL)) == {}


def test_a_feed_change_is_undone_by_pinning_the_former_value(
    session: Session, catalog: Path
) -> None:
    changed = {name: model(name=name.upper(), family="other") for name in NAMES}
    result = sync(session, catalog, answer(changed, "openai", azure=changed))
    assert result.batch_id is not None
    row = entry(session, "openai/o3")
    change = session.scalars(
        select(Change.id).where(
            Change.record_id == row.id, Change.record_type == ENTRY, Change.field == "family"
        )
    ).one()
    undo_batch(session, EDITOR, result.batch_id, change_id=change)
    row = entry(session, "openai/o3")
    assert (row.family, row.manual_fields, row.drift) == ("gpt", ["family"], {"family": "other"})


def test_no_sync_changes_a_switch(session: Session, catalog: Path) -> None:
    run(session, switch(MODEL, True), kept=ids_of(session, "o3"))
    run(session, switch(ENTRY, False), ids=[entry(session, "openai/gpt-5").id])
    switches = select(ProviderModel.id, ProviderModel.active)
    before = session.execute(switches).all(), entry(session, "openai/gpt-5").active
    changed = {name: model(name=name.upper(), family="new") for name in NAMES}
    sync(session, catalog, answer(changed, "openai", azure=changed))
    assert entry(session, "openai/gpt-5").family == "new"
    assert (session.execute(switches).all(), entry(session, "openai/gpt-5").active) == before


def test_switching_an_entry_or_a_provider_off_and_on_brings_back_what_was(
    session: Session,
) -> None:
    run(session, switch(MODEL, True), kept=ids_of(session, "o3", "gpt-5"))
    own = select(ProviderModel.id, ProviderModel.active)
    before = session.execute(own).all()
    pk = entry(session, "openai/o3").id
    off, on = switch(ENTRY, False), switch(ENTRY, True)
    chosen = Selection(ENTRY, ids=[pk])
    meant = availability(session, off, chosen)
    assert (meant.before, meant.after, meant.lost) == (8, 7, 1)
    assert meant.lost_names == ["openai/o3"]
    run(session, off, ids=[pk])
    assert session.execute(own).all() == before
    back = availability(session, on, chosen)
    assert (back.before, back.after, back.lost) == (7, 8, 0)
    run(session, on, ids=[pk])
    assert session.execute(own).all() == before


def test_availability_of_provider_models(session: Session) -> None:
    everything_on = availability(session, switch(MODEL, True), Selection(MODEL))
    assert (everything_on.before, everything_on.after, everything_on.lost) == (0, 10, 0)
    run(session, switch(MODEL, True))
    session.execute(update(Provider).where(Provider.feed_key == "azure").values(active=False))
    session.commit()
    meant = availability(
        session, switch(MODEL, False), Selection(MODEL, ids=ids_of(session, "o3", "gpt-5"))
    )
    assert (meant.before, meant.after, meant.lost) == (5, 3, 2)
    assert sorted(meant.lost_names) == ["openai/gpt-5", "openai/o3"]


def test_deleted_providers_and_merged_entries_are_not_reached(session: Session) -> None:
    into = entry(session, "openai/o3-mini").id
    session.execute(update(Provider).where(Provider.feed_key == "azure").values(deleted_at=1))
    merged = update(CatalogEntry).where(CatalogEntry.public_id == "openai/o3")
    session.execute(merged.values(merged_into_id=into))
    session.commit()
    assert run_bulk(session, EDITOR, switch(MODEL, True), Selection(MODEL)).updated == 5
    assert run_bulk(session, EDITOR, switch(ENTRY, False), Selection(ENTRY)).updated == 4
    assert entry(session, "openai/o3").active is True


def test_tags_are_added_once_and_removed(session: Session) -> None:
    edit_record(session, EDITOR, ENTRY, "openai/o3", {"tags": ["b", "a"]})
    run(session, bulk_change(ENTRY, "add_tags", "a, c"))
    assert entry(session, "openai/o3").tags == ["b", "a", "c"]
    assert entry(session, "openai/gpt-5").tags == ["a", "c"]
    run(session, bulk_change(ENTRY, "remove_tags", "a"))
    assert entry(session, "openai/o3").tags == ["b", "c"]
    again = preview_bulk(session, bulk_change(ENTRY, "remove_tags", "a"), Selection(ENTRY))
    assert again.changing == 0


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("explode", ""),
        ("set_capability", "supports_cooking"),
        ("set_capability", ""),
        ("set_family", " "),
        ("set_family", "x" * 256),
        ("set_feature_flag", "a\nb"),
        ("add_tags", " , "),
    ],
)
def test_an_action_that_is_none(name: str, argument: str) -> None:
    with pytest.raises(ValidationError) as refused:
        bulk_change(ENTRY, name, argument)
    assert refused.value.details


def test_who_may_not(session: Session) -> None:
    with pytest.raises(ForbiddenError):
        run_bulk(session, VIEWER, switch(MODEL, True), Selection(MODEL))
    batch = run(session, switch(MODEL, True))
    with pytest.raises(ForbiddenError):
        undo_batch(session, VIEWER, batch)


def test_first_names_of_what_changes(session: Session) -> None:
    run(session, switch(MODEL, True), ids=ids_of(session, "gpt-4o"))
    named = list_changing(session, switch(MODEL, True), Selection(MODEL), limit=2)
    assert len(named) == 2
    assert ids_of(session, "gpt-4o")[0] not in {one.id for one in named}


def test_the_number_of_statements_does_not_grow_with_the_rows(session: Session) -> None:
    few, many = ids_of(session, "o3", "gpt-5"), ids_of(session, *NAMES, provider="azure")
    counts = []
    for ids in (few, many):
        session.rollback()
        with statements(session) as seen:
            change = switch(MODEL, True)
            preview = preview_bulk(session, change, Selection(MODEL, ids=ids))
            availability(session, change, Selection(MODEL, ids=ids))
            batch = run(session, change, ids=ids)
            undo_batch(session, EDITOR, batch)
        assert preview.changing == len(ids)
        counts.append(len(seen))
    assert counts[0] == counts[1] < 40


def test_an_undo_brings_back_a_flag_that_was_deleted_meanwhile(session: Session) -> None:
    run(session, bulk_change(ENTRY, "set_feature_flag", "beta"))
    cleared = run(session, bulk_change(ENTRY, "clear_feature_flag"))
    session.execute(delete(FeatureFlag))
    session.commit()
    undo_batch(session, EDITOR, cleared)
    assert session.scalars(select(FeatureFlag.key)).all() == ["beta"]
    assert entry(session, "openai/o3").requires_feature_flag == "beta"


def test_an_edit_of_a_selected_record_since_the_preview_asks_again(session: Session) -> None:
    change = bulk_change(ENTRY, "set_family", "ours")
    seen = preview_bulk(session, change, Selection(ENTRY))
    edit_record(session, ADMIN, ENTRY, "openai/o3", {"family": "theirs"})
    with pytest.raises(SelectionChangedError):
        run_bulk(session, EDITOR, change, Selection(ENTRY), expected=seen.fingerprint)
    assert entry(session, "openai/o3").family == "theirs"


def test_what_is_out_of_sight_is_not_edited(session: Session) -> None:
    into, hidden = entry(session, "openai/o3-mini").id, entry(session, "openai/o3").id
    merged = update(CatalogEntry).where(CatalogEntry.id == hidden)
    session.execute(merged.values(merged_into_id=into))
    session.execute(update(Provider).where(Provider.feed_key == "azure").values(deleted_at=1))
    session.commit()
    gone = ids_of(session, "o3", provider="azure")[0]
    with pytest.raises(NotFoundError):
        edit_record(session, EDITOR, ENTRY, hidden, {"family": "x"})
    with pytest.raises(NotFoundError):
        edit_record(session, EDITOR, MODEL, gone, {"active": True})
    with pytest.raises(NotFoundError):
        edit_records(session, EDITOR, MODEL, {gone: {"active": True}})
    assert entry(session, "openai/o3").family == "gpt"


def test_a_sync_adds_nothing_for_a_deleted_provider(session: Session, catalog: Path) -> None:
    session.execute(update(Provider).where(Provider.feed_key == "azure").values(deleted_at=1))
    session.commit()
    models = {name: model(name=name.upper(), family="gpt") for name in NAMES}
    more = models | {"only-azure": model(name="Only")}
    result = sync(session, catalog, answer(models | {"new": model()}, "openai", azure=more))
    assert result.counts["added"] == 1
    invented = select(CatalogEntry).where(CatalogEntry.public_id.like("%only%"))
    assert session.scalars(invented).first() is None
