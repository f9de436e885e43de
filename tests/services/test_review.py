"""What guards hold back, and what people make of it."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import ConflictError, FewerModelsError, ForbiddenError, StalePlanError
from app.core.permissions import SYSTEM, Actor, Role
from app.models import CatalogEntry, EntryAlias, Feed, Provider, ProviderModel, SyncItem, SyncRun
from app.services.feeds import remove_feed
from app.services.records import edit_record
from app.services.review import decide_items, preview_decision
from app.services.run_actions import apply_run, reject_run, revert_run
from app.services.sync import sync_feed
from app.services.undo import undo_batch
from tests.support.feeds import (
    EDITOR,
    Models,
    answer,
    entry,
    filler,
    make_feed,
    model,
    offer,
    sync,
)

GPT = "openai/gpt-4o"
ADMIN = Actor("user", "admin@example.test", Role.ADMIN)
VIEWER = Actor("user", "viewer@example.test", Role.VIEWER)


@pytest.fixture(autouse=True)
def feed(session: Session) -> None:
    make_feed(session)


def price(amount: float, **said: Any) -> dict[str, Any]:
    return model(name="GPT-4o", cost={"input": amount, "output": 10}, **said)


def prompt_price(session: Session) -> str | None:
    lines = (offer(session, "gpt-4o").pricing or {"lines": []})["lines"]
    found = [x["amount_micro_usd"] for x in lines if x["unit"] == "per_1k_prompt_tokens"]
    return found[0] if found else None


def waiting(session: Session) -> list[SyncItem]:
    session.rollback()
    found = select(SyncItem).where(SyncItem.state == "waiting").order_by(SyncItem.id)
    return list(session.scalars(found))


def ids(session: Session) -> list[int]:
    return [item.id for item in waiting(session)]


def states(session: Session) -> list[str]:
    session.rollback()
    return list(session.scalars(select(SyncItem.state).order_by(SyncItem.id)))


def in_force(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of entries, models and providers, but for what only counts or dates them."""
    session.rollback()
    aside = {"id", "version", "updated_at", "last_synced_at", "public_id", "entry_id", "created_at"}
    found = {}
    for table in (CatalogEntry, ProviderModel, Provider):
        names = [c.name for c in table.__table__.columns if c.name not in aside]
        key = {"provider_models": "raw_id", "providers": "name"}.get(table.__tablename__)
        columns = [table.__table__.c[n] for n in (*names, *((key,) if key else ("public_id",)))]
        rows = session.execute(select(*columns)).all()
        found[table.__tablename__] = sorted(tuple(map(repr, row)) for row in rows)
    return found


def test_a_slipped_unit_waits_and_holds_nothing_else_back(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    slipped = price(2_500_000) | {"reasoning": True}
    result = sync(session, tmp_path, answer({"gpt-4o": slipped}))
    assert result.counts["quarantined"] == 1
    assert prompt_price(session) == "2500"
    assert entry(session, GPT).supports_reasoning is True
    (item,) = waiting(session)
    assert (item.field, item.reason, item.size) == ("pricing", "price_jump", 1_000_000)
    assert item.message is not None
    assert "up 1e+06 times" in item.message


def test_the_same_slip_is_asked_about_once_and_withdrawn_with_the_slip(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    slipped = {"gpt-4o": price(2_500_000)}
    sync(session, tmp_path, answer(slipped))
    sync(session, tmp_path, answer(slipped | {"gpt-4": model()}))
    assert len(waiting(session)) == 1
    sync(session, tmp_path, answer({"gpt-4o": price(2.5), "gpt-4": model()}))
    assert waiting(session) == []
    assert prompt_price(session) == "2500"


def test_what_is_approved_comes_into_force_and_an_undo_lets_it_wait_again(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    before = in_force(session)
    sync(session, tmp_path, answer({"gpt-4o": price(25)}))
    decided = decide_items(session, EDITOR, "approve", ids(session), reason="it really is")
    assert (decided.decided, decided.skipped, waiting(session)) == (1, 0, [])
    assert prompt_price(session) == "25000"
    assert offer(session, "gpt-4o").manual_fields == []
    assert decided.batch is not None
    undone = undo_batch(session, EDITOR, decided.batch)
    assert in_force(session) == before
    assert len(waiting(session)) == 1
    assert undone.batch_id is not None
    undo_batch(session, EDITOR, undone.batch_id)
    assert (prompt_price(session), waiting(session)) == ("25000", [])


def test_what_is_rejected_is_not_asked_again_until_the_feed_says_something_new(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    sync(session, tmp_path, answer({"gpt-4o": price(25)}))
    decided = decide_items(session, EDITOR, "reject", ids(session))
    others = {"gpt-4": model()}
    sync(session, tmp_path, answer({"gpt-4o": price(25)} | others))
    assert (waiting(session), prompt_price(session)) == ([], "2500")
    sync(session, tmp_path, answer({"gpt-4o": price(26)} | others))
    assert [item.reason for item in waiting(session)] == ["price_jump"]
    sync(session, tmp_path, answer({"gpt-4o": price(3)} | others))
    assert (waiting(session), prompt_price(session)) == ([], "3000")
    assert decided.batch is not None
    with pytest.raises(ConflictError):
        undo_batch(session, EDITOR, decided.batch)


def test_a_rejection_is_undone(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    sync(session, tmp_path, answer({"gpt-4o": price(25)}))
    decided = decide_items(session, EDITOR, "reject", ids(session))
    assert decided.batch is not None
    undo_batch(session, EDITOR, decided.batch)
    assert len(waiting(session)) == 1


def test_a_manual_value_stands_whatever_is_approved(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", tool_call=True)}))
    edit_record(session, EDITOR, "entry", GPT, {"supports_tools": True})
    sync(session, tmp_path, answer({"gpt-4o": model(name="GPT-4o", tool_call=False)}))
    (item,) = waiting(session)
    assert (item.kind, item.reason) == ("protected", "capability_withdrawn")
    decide_items(session, EDITOR, "approve", [item.id])
    row = entry(session, GPT)
    assert (row.supports_tools, row.drift) == (True, {"supports_tools": False})


def test_a_decision_about_other_items_than_were_shown_is_refused(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5), "gpt-4": model(name="GPT-4")}))
    sync(session, tmp_path, answer({"gpt-4o": price(25), "gpt-4": model(name="GPT-4")}))
    every = select(SyncItem.id).where(SyncItem.state == "waiting")
    shown = preview_decision(session, every)
    assert (shown.total, shown.records, shown.by_reason) == (1, 1, {"price_jump": 1})
    cut = model(name="GPT-4", limit={"context": 1_000, "output": 10})
    sync(session, tmp_path, answer({"gpt-4o": price(25), "gpt-4": cut}))
    with pytest.raises(ConflictError, match="other items"):
        decide_items(session, EDITOR, "approve", every, fingerprint=shown.fingerprint)
    assert prompt_price(session) == "2500"
    again = preview_decision(session, every)
    done = decide_items(session, EDITOR, "approve", every, fingerprint=again.fingerprint)
    assert done.decided == again.total == 3
    with pytest.raises(ConflictError, match="none of these waits"):
        decide_items(session, EDITOR, "approve", every)
    with pytest.raises(ForbiddenError):
        decide_items(session, VIEWER, "approve", every)


def review_mode(session: Session) -> None:
    session.execute(update(Feed).values(mode="review"))
    session.commit()


def test_a_feed_under_review_waits_wholly_and_is_approved_at_once(
    session: Session, tmp_path: Path
) -> None:
    review_mode(session)
    body = answer({"gpt-4o": price(2.5), "gpt-4": model(name="GPT-4")} | filler(3))
    result = sync(session, tmp_path, body)
    assert (result.counts["quarantined"], result.counts["unchanged"]) == (5, 0)
    assert in_force(session)["provider_models"] == []
    assert sync(session, tmp_path, body).counts["quarantined"] == 0
    decided = decide_items(session, EDITOR, "approve", ids(session))
    assert decided.decided == 5
    assert entry(session, GPT).model_display_name == "GPT-4o"
    held = sync(
        session, tmp_path, answer({"gpt-4o": price(2.6), "gpt-4": model(name="GPT-4")} | filler(3))
    )
    assert (held.counts["quarantined"], prompt_price(session)) == (1, "2500")
    assert decided.batch is not None
    with_one_changed = ids(session)
    undo_batch(session, EDITOR, decided.batch)
    assert in_force(session)["catalog_entries"] == []
    assert len(ids(session)) == 5 + len(with_one_changed)


def test_a_rejected_record_is_asked_about_again_when_it_says_something_else(
    session: Session, tmp_path: Path
) -> None:
    review_mode(session)
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    decide_items(session, EDITOR, "reject", ids(session))
    session.execute(update(Feed).values(mode="auto"))
    session.commit()
    sync(session, tmp_path, answer({"gpt-4o": price(2.5), "gpt-4": model()}))
    assert (waiting(session), len(in_force(session)["provider_models"])) == ([], 1)
    sync(session, tmp_path, answer({"gpt-4o": price(2.6), "gpt-4": model()}))
    (item,) = waiting(session)
    assert (item.reason, item.name) == ("rejected_before", "GPT-4o")


def test_retirement_under_review_waits_and_a_return_withdraws_it(
    session: Session, tmp_path: Path
) -> None:
    both: Models = {"gpt-4o": price(2.5)} | filler(9)
    sync(session, tmp_path, answer(both))
    review_mode(session)
    for _ in range(3):
        sync(session, tmp_path, answer(filler(9)))
    assert entry(session, GPT).retired_at is None
    assert {(i.kind, i.record_type) for i in waiting(session)} == {
        ("retired", "entry"),
        ("retired", "provider_model"),
    }
    sync(session, tmp_path, answer(both))
    assert waiting(session) == []
    for _ in range(2):
        sync(session, tmp_path, answer(filler(9)))
    decide_items(session, EDITOR, "approve", ids(session))
    assert entry(session, GPT).retired_at is not None
    assert offer(session, "gpt-4o").retired_at is not None
    sync(session, tmp_path, answer(both))
    assert {i.kind for i in waiting(session)} == {"reactivated"}
    decide_items(session, EDITOR, "approve", ids(session))
    assert entry(session, GPT).retired_at is None
    assert sync(session, tmp_path, answer(both)).counts["quarantined"] == 0


def test_a_short_answer_is_kept_and_can_be_believed_all_the_same(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer(filler(10)))
    short = answer(filler(5) | {"gpt-4o": price(2.5)})
    with pytest.raises(FewerModelsError):
        sync(session, tmp_path, short)
    run = session.scalars(select(SyncRun).where(SyncRun.status == "held")).one()
    assert run.counts is not None
    assert (run.counts["added"], len(in_force(session)["provider_models"])) == (1, 10)
    acted = apply_run(session, EDITOR, run.public_id)
    assert acted.batch is not None
    assert len(in_force(session)["provider_models"]) == 11
    with pytest.raises(ConflictError):
        apply_run(session, EDITOR, run.public_id)
    sync(session, tmp_path, short)
    assert offer(session, "filler-9x").retired_at is not None


def test_a_rejected_answer_is_old_news(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer(filler(10)))
    short = answer(filler(5))
    with pytest.raises(FewerModelsError):
        sync(session, tmp_path, short)
    run = session.scalars(select(SyncRun).where(SyncRun.status == "held")).one()
    reject_run(session, EDITOR, run.public_id)
    assert sync(session, tmp_path, short).counts["unchanged"] == 10


def rehearse(session: Session, folder: Path, body: bytes) -> str:
    path = folder / "rehearsal.json"
    path.write_bytes(body)
    result = sync_feed(session, SYSTEM, "models-dev", path=str(path), dry_run=True)
    assert result.run_id is not None
    return result.run_id


def test_a_dry_run_is_applied_exactly_as_it_was_shown(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    before = in_force(session)
    run = rehearse(session, tmp_path, answer({"gpt-4o": price(3), "gpt-4": model(name="GPT-4")}))
    assert in_force(session) == before
    planned = states(session).count("planned")
    acted = apply_run(session, EDITOR, run)
    assert (acted.applied, acted.waiting, acted.replanned) == (planned, 0, 0)
    assert (prompt_price(session), offer(session, "gpt-4").active) == ("3000", False)


def test_only_the_chosen_items_of_a_dry_run_are_written_and_the_others_wait(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    both = answer({"gpt-4o": price(3), "gpt-4": model(name="GPT-4")})
    run = rehearse(session, tmp_path, both)
    chosen = session.scalars(
        select(SyncItem.id).where(SyncItem.state == "planned", SyncItem.field == "pricing")
    ).all()
    acted = apply_run(session, EDITOR, run, chosen)
    assert (prompt_price(session), len(in_force(session)["provider_models"])) == ("3000", 1)
    assert (acted.applied, [i.reason for i in waiting(session)]) == (1, ["not_chosen"])
    assert [
        i.id for i in session.scalars(select(SyncItem).where(SyncItem.field == "pricing"))
    ] == list(chosen)
    sync(session, tmp_path, both)
    assert len(in_force(session)["provider_models"]) == 1
    apply_run(session, EDITOR, run)
    assert len(in_force(session)["provider_models"]) == 2


def test_an_item_whose_record_changed_since_is_planned_again_and_not_written(
    session: Session, tmp_path: Path
) -> None:
    there: Models = {"gpt-4o": price(2.5), "gpt-4": model(name="GPT-4")}
    sync(session, tmp_path, answer(there))
    new: Models = {"gpt-4o": price(3), "gpt-4": model(name="GPT-4 (new)")}
    run = rehearse(session, tmp_path, answer(new))
    edit_record(
        session, EDITOR, "provider_model", offer(session, "gpt-4o").public_id, {"category": "x"}
    )
    acted = apply_run(session, EDITOR, run)
    assert (acted.replanned, prompt_price(session)) == (1, "2500")
    assert entry(session, "openai/gpt-4").model_display_name == "GPT-4 (new)"
    assert [i.reason for i in waiting(session)] == ["changed_since"]


def test_a_plan_that_a_later_run_overtook_is_stale(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    run = rehearse(session, tmp_path, answer({"gpt-4o": price(3)}))
    sync(session, tmp_path, answer({"gpt-4o": price(2.6)}))
    with pytest.raises(StalePlanError):
        apply_run(session, EDITOR, run)


def test_a_whole_sync_is_taken_back_row_by_row_and_done_again(
    session: Session, tmp_path: Path
) -> None:
    there: Models = {"gpt-4o": price(2.5), "gpt-4": model(name="GPT-4")} | filler(9)
    sync(session, tmp_path, answer(there))
    edit_record(session, EDITOR, "entry", "openai/gpt-4", {"supports_tools": True})
    sync(session, tmp_path, answer({k: v for k, v in there.items() if k != "filler-3x"}))
    before = in_force(session)
    new = {k: v for k, v in there.items() if k != "filler-3x"}
    new |= {"gpt-4o": price(3, reasoning=True), "gpt-5": model(name="GPT-5")}
    new |= {"gpt-4": model(name="GPT-4", tool_call=False, limit={"context": 9_000, "output": 1})}
    result = sync(session, tmp_path, answer(new, acme={"other-7": model(name="Other")}))
    after = in_force(session)
    assert (result.counts["added"], result.counts["retired"]) == (2, 1)
    assert after != before
    assert result.run_id is not None
    acted = revert_run(session, EDITOR, result.run_id)
    assert (in_force(session), acted.replanned) == (before, 0)
    again = sync(
        session, tmp_path, answer(new | {"gpt-6": model()}, acme={"other-7": model(name="Other")})
    )
    assert again.counts["added"] == 1
    assert prompt_price(session) == "2500"
    with pytest.raises(ConflictError):
        revert_run(session, EDITOR, result.run_id)
    assert acted.batch is not None
    undo_batch(session, EDITOR, acted.batch)
    assert prompt_price(session) == "3000"
    assert {"gpt-5", "other-7"} <= {m.raw_id for m in session.scalars(select(ProviderModel))}


def test_a_revert_leaves_what_changed_since_and_says_so(session: Session, tmp_path: Path) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    second = sync(session, tmp_path, answer({"gpt-4o": price(3), "gpt-4": model(name="GPT-4")}))
    edit_record(
        session, EDITOR, "provider_model", offer(session, "gpt-4").public_id, {"active": True}
    )
    sync(session, tmp_path, answer({"gpt-4o": price(4), "gpt-4": model(name="GPT-4")}))
    assert second.batch_id is not None
    with pytest.raises(ConflictError, match="changed since"):
        undo_batch(session, EDITOR, second.batch_id)
    assert (prompt_price(session), offer(session, "gpt-4").active) == ("4000", True)


def test_what_waits_of_a_removed_feed_leaves_the_queue_and_comes_back_with_it(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    sync(session, tmp_path, answer({"gpt-4o": price(25)}))
    batch = remove_feed(session, SYSTEM, "models-dev")
    assert waiting(session) == []
    undo_batch(session, ADMIN, batch)
    (item,) = waiting(session)
    decide_items(session, EDITOR, "approve", [item.id])
    assert prompt_price(session) == "25000"


def aliases(session: Session) -> dict[str, str]:
    """All other spellings, and whose they are."""
    session.rollback()
    named = select(EntryAlias.alias, CatalogEntry.public_id).join(
        CatalogEntry, CatalogEntry.id == EntryAlias.entry_id
    )
    return dict(session.execute(named).all())


def test_spellings_go_and_come_back_with_the_sync_that_brought_them(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}, acme={"Llama-3.3-70B": model()}))
    before = aliases(session)
    llama = before["llama-3.3-70b"]
    more = {"llama-3-3-70b": model()}
    acme: Models = {"Llama-3.3-70B": model()}
    second = sync(session, tmp_path, answer({"gpt-4o": price(2.5)}, acme=acme, other=more))
    after = aliases(session)
    new = {"llama-3-3-70b": llama, "meta/llama-3-3-70b": llama}
    assert after == before | new
    assert second.run_id is not None
    acted = revert_run(session, EDITOR, second.run_id)
    assert aliases(session) == before
    assert acted.batch is not None
    undo_batch(session, EDITOR, acted.batch)
    assert aliases(session) == after


def test_an_alias_that_became_a_name_is_an_alias_again_when_that_is_taken_back(
    session: Session, tmp_path: Path
) -> None:
    sync(session, tmp_path, answer({"gpt-4o": price(2.5)}))
    mine = entry(session, GPT).id
    session.add(EntryAlias(alias="openai/gpt-4", entry_id=mine, manual=False))
    session.commit()
    before = aliases(session)
    there: Models = {"gpt-4o": price(2.5), "gpt-4": model(name="GPT-4")}
    second = sync(session, tmp_path, answer(there))
    assert "openai/gpt-4" not in aliases(session)
    assert second.run_id is not None
    revert_run(session, EDITOR, second.run_id)
    assert aliases(session) == before


def test_an_added_record_does_not_let_count_what_was_rejected_of_its_entry(
    session: Session, tmp_path: Path
) -> None:
    def llama(*, tools: bool) -> Models:
        return {"llama-3.3-70b": model(tool_call=tools)}

    sync(session, tmp_path, answer(llama(tools=True), "acme"))
    sync(session, tmp_path, answer(llama(tools=False), "acme"))
    decide_items(session, EDITOR, "reject", ids(session))
    review_mode(session)
    sync(session, tmp_path, answer(llama(tools=False), "acme", other=llama(tools=False)))
    (item,) = waiting(session)
    decide_items(session, EDITOR, "approve", [item.id])
    offered = session.scalars(select(ProviderModel)).all()
    assert len(offered) == 2
    assert len({one.entry_id for one in offered}) == 1
    assert session.scalars(select(CatalogEntry.supports_tools)).one() is True
    assert states(session).count("rejected") == 1


def test_an_added_record_lets_its_own_word_on_the_entry_count(
    session: Session, tmp_path: Path
) -> None:
    llama: Models = {"llama-3.3-70b": model(tool_call=True)}
    no_tools: Models = {"llama-3.3-70b": model(tool_call=False)}
    sync(session, tmp_path, answer(llama, "acme"))
    review_mode(session)
    sync(session, tmp_path, answer(llama, "acme", meta=no_tools))
    decide_items(session, EDITOR, "approve", ids(session))
    assert session.scalars(select(CatalogEntry.supports_tools)).one() is False
