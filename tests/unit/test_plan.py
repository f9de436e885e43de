"""The plan of a sync: links, claims, misses, guards."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import GuardError
from app.core.hashing import content_hash
from app.core.identity import Spelling, group_spellings
from app.core.merge import Member, merge_members, most_frequent
from app.core.plan import FeedPlan, KnownEntry, KnownModel, Limits, Offered, check_guards, plan_feed


def offer(raw_id: str, provider: str = "openai", **about: Any) -> Offered:
    return Offered(1, provider, raw_id, {"model_display_name": raw_id}, about)


def plan(
    offered: list[Offered],
    models: list[KnownModel] | None = None,
    entries: list[KnownEntry] | None = None,
    taken: Mapping[str, int] | None = None,
    limits: Limits | None = None,
    **how: Any,
) -> FeedPlan:
    settings = limits or Limits()
    return plan_feed(offered, models or [], entries or [], taken or {}, {}, settings, **how)


def known(model: Offered, row: int, entry: int, **state: Any) -> KnownModel:
    values: dict[str, Any] = {
        "retired": False,
        "content_hash": content_hash(model.fields, model.about),
        "misses": 0,
    } | state
    return KnownModel(row, 1, model.provider, model.raw_id, entry, **values)


def key_of(raw_id: str) -> str:
    return group_spellings([Spelling("openai", raw_id, raw_id)])[0]


def test_first_import_creates_models_entries_and_claims() -> None:
    made = plan([offer("gpt-4o", family="gpt"), offer("gpt-4o-mini")])
    assert sorted(e.public_id for e in made.new_entries) == ["openai/gpt-4o", "openai/gpt-4o-mini"]
    assert len(made.new_models) == len(made.model_claims) == len(made.entry_claims) == 2
    assert all(claim.is_new for claim in made.model_claims)


def test_spellings_of_one_model_become_one_entry_with_aliases() -> None:
    models = [
        offer("claude-sonnet-4-5", "anthropic"),
        Offered(2, "openrouter", "anthropic/claude-4.5-sonnet", {}, {}),
    ]
    made = plan(models)
    assert [e.public_id for e in made.new_entries] == ["anthropic/claude-sonnet-4-5"]
    assert {"claude-sonnet-4-5", "anthropic/claude-4.5-sonnet"} <= made.aliases.keys()


def test_an_unchanged_answer_plans_nothing() -> None:
    model = offer("gpt-4o", family="gpt")
    entry = KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"), content_hash({"family": "gpt"}))
    assert plan([model], [known(model, 3, 7)], [entry]).is_empty()


def test_a_changed_record_changes_its_claim_and_its_entrys() -> None:
    before, after = offer("gpt-4o", family="gpt"), offer("gpt-4o", family="gpt-4")
    entry = KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"), content_hash({"family": "gpt"}))
    made = plan([after], [known(before, 3, 7)], [entry])
    assert [(c.ref, c.is_new) for c in made.model_claims] == [(3, False)]
    assert [(c.ref, dict(c.fields)) for c in made.entry_claims] == [(7, {"family": "gpt-4"})]


def test_a_known_model_keeps_its_entry_whatever_its_spelling_means() -> None:
    model = offer("gpt-4o")
    other = KnownEntry(9, "openai/elsewhere", "elsewhere")
    made = plan([model, offer("gpt-4o-mini")], [known(model, 3, 9, content_hash="old")], [other])
    assert [claim.ref for claim in made.entry_claims if claim.ref == 9] == [9]
    assert [e.public_id for e in made.new_entries] == ["openai/gpt-4o-mini"]


def test_a_new_spelling_finds_the_entry_that_is_there() -> None:
    entry = KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"))
    made = plan([Offered(2, "openrouter", "openai/gpt-4o", {}, {})], entries=[entry])
    assert made.new_entries == []
    assert [link for _, link in made.new_models] == [7]


def test_an_absent_record_is_missing_until_its_limit_and_then_left_alone() -> None:
    here, gone = offer("gpt-4o"), offer("gpt-4")
    entries = [
        KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"), content_hash({})),
        KnownEntry(8, "openai/gpt-4", key_of("gpt-4"), content_hash({})),
    ]
    limits = Limits(minimum_share=10)
    first = plan([here], [known(here, 1, 7), known(gone, 2, 8)], entries, limits=limits)
    assert (first.missing, first.entry_misses) == ({2: 1}, {8: 1})
    second = plan([here], [known(here, 1, 7), known(gone, 2, 8, misses=1)], entries, limits=limits)
    assert (second.missing, second.entry_misses) == ({2: 2}, {8: 2})
    third = plan([here], [known(here, 1, 7), known(gone, 2, 8, misses=2)], entries, limits=limits)
    assert third.is_empty()


@pytest.mark.parametrize(
    "how",
    [
        {"complete": False},
        {"unreadable": {("openai", "gpt-4")}},
        {"unreadable": {("openai", None)}},
    ],
)
def test_only_a_complete_readable_answer_proves_absence(how: dict[str, Any]) -> None:
    here, gone = offer("gpt-4o"), offer("gpt-4")
    entries = [
        KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"), content_hash({})),
        KnownEntry(8, "openai/gpt-4", key_of("gpt-4"), content_hash({})),
    ]
    models = [known(here, 1, 7), known(gone, 2, 8)]
    assert plan([here], models, entries, limits=Limits(minimum_share=10), **how).is_empty()


def test_a_record_that_is_back_is_claimed_again() -> None:
    model = offer("gpt-4o")
    entry = KnownEntry(7, "openai/gpt-4o", key_of("gpt-4o"), content_hash({}), 2)
    made = plan([model], [known(model, 1, 7, misses=2, retired=True)], [entry])
    assert [claim.ref for claim in made.model_claims] == [1]
    assert [claim.misses for claim in made.model_claims] == [0]
    assert made.entry_misses == {7: 0}


@pytest.mark.parametrize(
    ("offered", "before", "why"), [(0, 0, "no model"), (0, 9, "no model"), (79, 100, "fewer than")]
)
def test_an_answer_that_cannot_be_believed_is_refused(offered: int, before: int, why: str) -> None:
    with pytest.raises(GuardError, match=why):
        check_guards(offered, before, Limits())


@pytest.mark.parametrize(("offered", "before"), [(1, 0), (80, 100), (500, 100)])
def test_first_imports_and_small_losses_pass(offered: int, before: int) -> None:
    check_guards(offered, before, Limits())


def test_the_vendors_own_provider_speaks_and_the_others_fill_in() -> None:
    members = [
        Member("anthropic", "claude-sonnet-4-5", {"context_length": 200_000}),
        Member("reseller", "claude-4.5-sonnet", {"context_length": 8_000, "family": "claude"}),
        Member("other", "sonnet", {"context_length": 8_000, "family": "claude"}),
    ]
    merged = merge_members("anthropic/claude-sonnet-4-5", members)
    assert merged == {"context_length": 200_000, "family": "claude"}


def test_without_a_maker_the_most_frequent_value_counts() -> None:
    members = [Member(p, "x", {"context_length": n}) for p, n in (("a", 8), ("b", 9), ("c", 9))]
    assert merge_members("nobody/x", members) == {"context_length": 9}


@given(st.lists(st.sampled_from([1, 2, 3]), min_size=1), st.randoms())
def test_the_most_frequent_value_does_not_depend_on_order(values: list[int], random: Any) -> None:
    shuffled = values.copy()
    random.shuffle(shuffled)
    assert most_frequent(values) == most_frequent(shuffled)


@given(st.lists(st.sampled_from(["gpt-4o", "gpt-4", "o3", "gpt-4o-mini"]), unique=True, min_size=1))
def test_the_order_of_an_answer_does_not_matter(ids: list[str]) -> None:
    one, other = plan([offer(i) for i in ids]), plan([offer(i) for i in reversed(ids)])
    assert {e.public_id for e in one.new_entries} == {e.public_id for e in other.new_entries}
    assert one.aliases == other.aliases
