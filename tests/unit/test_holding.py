"""What of a feed's word counts: guards, open items, review mode, chosen plans."""

from dataclasses import replace
from typing import Any

import pytest

from app.core.guards import limits_of
from app.core.holding import Chosen, Key, OpenItem, PlannedItem, Policy

KEY: Key = ("entry", 7, "context_length")
TOOLS: Key = ("entry", 7, "supports_tools")
WHOLE: Key = ("provider_model", 9, None)
AUTO = Policy(limits_of(None))
REVIEW = replace(AUTO, review=True)


def with_open(policy: Policy, key: Key, new: Any, state: str = "waiting") -> Policy:
    return replace(policy, records={key: OpenItem(1, new, state)})


def held(policy: Policy, old: Any, new: Any, in_force: Any = None, key: Key = KEY) -> str | None:
    """The reason why the new word does not count, with + where it waits already."""
    found = policy.field_held(key, 3, (old, new), in_force)
    return found and found.verdict.reason + ("+" if found.kept else "")


@pytest.mark.parametrize(
    ("policy", "old", "new", "reason"),
    [
        (AUTO, 100, 90, None),
        (AUTO, 100, 10, "context_drop"),
        (AUTO, None, 10, None),
        (Policy({}), 100, 10, None),  # nothing is judged
        (with_open(Policy({}), KEY, 10), 100, 10, "review+"),
        (REVIEW, 100, 90, "review"),
        (REVIEW, 100, 10, "context_drop"),  # the guard says more than the mode
        # What is open already is not asked again, whatever the guards say of it now.
        (with_open(AUTO, KEY, 10), 100, 10, "context_drop+"),
        (with_open(AUTO, KEY, 90), 100, 90, "review+"),
        (with_open(AUTO, KEY, 90, "rejected"), 100, 90, "review+"),
        (with_open(REVIEW, KEY, 90), 100, 90, "review+"),
        # Something else is looked at anew.
        (with_open(AUTO, KEY, 10), 100, 90, None),
        (with_open(AUTO, KEY, 10, "rejected"), 100, 11, "context_drop"),
        (with_open(REVIEW, KEY, 90), 100, 91, "review"),
        (with_open(AUTO, TOOLS, 90), 100, 90, None),  # of another field
        (with_open(AUTO, KEY, None), 100, None, "review+"),  # what is unknown can be open, too
    ],
)
def test_a_new_word_counts_or_waits(policy: Policy, old: Any, new: Any, reason: str | None) -> None:
    assert held(policy, old, new) == reason


def test_a_feed_under_review_is_not_asked_about_what_is_in_force_already() -> None:
    assert held(REVIEW, 100, 90, in_force=90) is None
    assert held(REVIEW, 100, 10, in_force=10) == "context_drop"
    assert held(AUTO, True, False, in_force=False, key=TOOLS) == "capability_withdrawn"


def test_yes_is_not_one() -> None:
    assert held(with_open(AUTO, KEY, True), 100, 1) == "context_drop"


def chosen(*ids: int, all_of_it: bool = False, **changes: Any) -> Policy:
    """A policy that applies a plan of item 5 about the context: 100 to 10, at version 3."""
    item = PlannedItem(5, 10, "context_drop", 3)._replace(**changes)
    added = PlannedItem(6, "digest", None, None)
    plan = Chosen({KEY: item}, {"acme\nx": added}, None if all_of_it else frozenset(ids))
    return replace(AUTO, chosen=plan)


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (chosen(5), None),  # what a person chose is believed, guards or not
        (chosen(6), "not_chosen"),
        (chosen(), "not_chosen"),
        (chosen(all_of_it=True), "context_drop"),  # all of a plan but what a guard holds
        (chosen(5, new=11), "changed_since"),
        (chosen(5, base_version=2), "changed_since"),
        (chosen(all_of_it=True, base_version=2), "changed_since"),
        (replace(chosen(5), review=True), None),
        (replace(AUTO, chosen=Chosen({}, {}, frozenset({5}))), "changed_since"),
        (replace(AUTO, chosen=Chosen({}, {})), "changed_since"),
    ],
)
def test_of_a_kept_plan_exactly_the_chosen_items_count(policy: Policy, reason: str | None) -> None:
    assert held(policy, 100, 10) == reason


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (AUTO, None),
        (REVIEW, "review"),
        (with_open(AUTO, WHOLE, None), "review+"),
        (with_open(AUTO, WHOLE, None, "rejected"), "review+"),
        (with_open(AUTO, KEY, None), None),
    ],
)
def test_a_record_is_retired_or_waits_for_that(policy: Policy, reason: str | None) -> None:
    found = policy.whole_held(WHOLE, 3)
    assert (found and found.verdict.reason + ("+" if found.kept else "")) == reason


def new_held(policy: Policy, target: str = "acme\nx", digest: str = "digest") -> str | None:
    found = policy.new_held(target, digest)
    return found and found.verdict.reason + ("+" if found.kept else "")


def with_target(policy: Policy, new: str, state: str) -> Policy:
    return replace(policy, targets={"acme\nx": OpenItem(1, new, state)})


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (AUTO, None),
        (REVIEW, "review"),
        (with_target(AUTO, "digest", "waiting"), "review+"),
        (with_target(AUTO, "digest", "rejected"), "review+"),
        (with_target(AUTO, "other", "waiting"), "review"),
        (with_target(AUTO, "other", "rejected"), "rejected_before"),
        (with_target(REVIEW, "other", "rejected"), "rejected_before"),
        (chosen(6), None),
        (chosen(5), "not_chosen"),
        (chosen(all_of_it=True), None),
    ],
)
def test_a_new_record_is_added_or_waits(policy: Policy, reason: str | None) -> None:
    assert new_held(policy) == reason


def test_a_record_that_the_plan_did_not_hold_is_not_added() -> None:
    assert new_held(chosen(6), target="acme\ny") == "changed_since"
    assert new_held(chosen(6), digest="another") == "changed_since"
