"""What is in force: a table of cases, and properties over random histories."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.fields import FIELDS
from app.core.resolve import MANUAL, Protection, Said, State, resolve, strongest, upstream

BLANK = State(
    dict.fromkeys(FIELDS["entry"]) | {"active": True, "experimental": False, "tags": []},
    {},
    {},
    "none",
    "init",
    (),
)


def said(feed: str, priority: int = 10, live: bool = True, **fields: Any) -> Said:
    return Said(feed, priority, fields, None, live)


def test_the_strongest_feed_speaks_field_by_field() -> None:
    strong = said("strong", 1, family="claude")
    weak = said("weak", 2, family="Claude 4", context_length=200_000)
    state = resolve("entry", [weak, strong], {}, BLANK, "none")
    assert state.values["family"] == "claude"
    assert state.values["context_length"] == 200_000
    assert state.sources == {"family": "strong", "context_length": "weak"}
    assert state.status == "filled"


def test_a_feed_is_heard_only_on_the_fields_it_is_trusted_with() -> None:
    reseller = Said("reseller", 1, {"context_length": 8_000, "family": "x"}, frozenset({"family"}))
    maker = said("maker", 5, context_length=128_000)
    state = resolve("entry", [reseller, maker], {}, BLANK, "none")
    assert state.values["context_length"] == 128_000
    assert state.sources["context_length"] == "maker"


def test_a_feed_that_dropped_the_record_speaks_only_where_no_other_does() -> None:
    gone = said("gone", 1, live=False, family="old", context_length=1)
    here = said("here", 9, family="new")
    state = resolve("entry", [gone, here], {}, BLANK, "none")
    assert state.values["family"] == "new"
    assert state.values["context_length"] == 1


def test_what_no_feed_says_is_unknown_and_not_false() -> None:
    state = resolve("entry", [said("feed", family="x")], {}, BLANK, "none")
    assert state.values["supports_tools"] is None
    assert "supports_tools" not in state.sources


def test_no_claim_at_all_means_that_only_the_id_is_known() -> None:
    assert resolve("entry", [], {}, BLANK, "none").status == "init"


def test_a_persons_value_stands_and_what_upstream_says_is_drift() -> None:
    claims = [said("feed", supports_tools=False, family="a")]
    state = resolve("entry", claims, {"supports_tools": True}, BLANK, "fields")
    assert state.values["supports_tools"] is True
    assert state.sources["supports_tools"] == MANUAL
    assert state.drift == {"supports_tools": False}
    assert state.values["family"] == "a"
    assert (state.status, state.manual_fields) == ("updated", ("supports_tools",))


def test_entry_protection_keeps_the_untouched_fields_too() -> None:
    first = resolve("entry", [said("feed", family="a")], {}, BLANK, "none")
    later = [said("feed", family="b", context_length=5)]
    state = resolve("entry", later, {"supports_tools": True}, first, "entry")
    assert state.values["family"] == "a"
    assert state.values["context_length"] is None
    assert state.sources["family"] == "feed"
    assert state.drift == {"family": "b", "context_length": 5}


def test_a_person_may_decide_that_a_value_is_unknown() -> None:
    state = resolve("entry", [said("feed", family="a")], {"family": None}, BLANK, "fields")
    assert state.values["family"] is None
    assert state.drift == {"family": "a"}


def test_off_upstream_is_no_drift_from_an_unknown_flag() -> None:
    claims = [said("feed", supports_tools=False, supports_audio=True)]
    state = resolve("entry", claims, {"notes": "x"}, BLANK, "entry")
    assert state.drift == {"supports_audio": True}


def test_agreeing_with_upstream_is_no_drift() -> None:
    state = resolve("entry", [said("feed", family="a")], {"family": "a"}, BLANK, "entry")
    assert state.drift == {}


@pytest.mark.parametrize("name", ["active", "notes", "tags", "experimental"])
def test_no_feed_writes_what_is_the_operators_own(name: str) -> None:
    claim = Said("feed", 10, {name: "feed's"})
    state = resolve("entry", [claim], {}, BLANK, "none")
    assert state.values[name] == BLANK.values[name]
    assert name not in state.sources


@pytest.mark.parametrize(
    ("choice", "default", "expected"),
    [(None, "entry", "entry"), (None, "fields", "fields"), ("fields", "entry", "fields")],
)
def test_an_entrys_own_choice_beats_the_installations(
    choice: str | None, default: Protection, expected: str
) -> None:
    assert strongest(choice, default) == expected


FAMILIES = st.sampled_from(["a", "b", "c"])
FLAGS = st.booleans()
CLAIM = st.fixed_dictionaries({}, optional={"family": FAMILIES, "supports_tools": FLAGS})
CLAIMS = st.dictionaries(st.sampled_from(["one", "two", "three"]), CLAIM, max_size=3)
PROTECTIONS = st.sampled_from(["fields", "entry"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sync"), CLAIMS),
        st.tuples(st.just("edit"), CLAIM, PROTECTIONS),
        st.tuples(st.just("reset"), st.sets(st.sampled_from(["family", "supports_tools"]))),
    ),
    max_size=12,
)
PRIORITIES = {"one": 1, "two": 2, "three": 2}


def _claims(fields: dict[str, dict[str, Any]]) -> list[Said]:
    return [Said(feed, PRIORITIES[feed], values) for feed, values in fields.items()]


@given(STEPS)
def test_a_manual_value_survives_every_history(steps: list[tuple[Any, ...]]) -> None:
    state = BLANK
    overrides: dict[str, Any] = {}
    claims: dict[str, dict[str, Any]] = {}
    protection: Protection = "none"
    for step in steps:
        if step[0] == "sync":
            claims = step[1]
        elif step[0] == "edit" and step[1]:
            overrides = overrides | step[1]
            protection = step[2]
        elif step[0] == "reset":
            overrides = {k: v for k, v in overrides.items() if k not in step[1]}
            protection = protection if overrides else "none"
        state = resolve("entry", _claims(claims), overrides, state, protection)
        for name, value in overrides.items():
            assert state.values[name] == value
            assert state.sources[name] == MANUAL
        assert state.manual_fields == tuple(sorted(overrides))
        assert (state.status == "updated") == (protection != "none")


@given(CLAIMS, st.dictionaries(st.just("family"), FAMILIES), PROTECTIONS)
def test_resolving_twice_equals_resolving_once(
    claims: dict[str, dict[str, Any]], overrides: dict[str, Any], protection: Protection
) -> None:
    once = resolve("entry", _claims(claims), overrides, BLANK, protection)
    assert resolve("entry", _claims(claims), overrides, once, protection) == once


@given(CLAIMS, st.randoms())
def test_the_order_of_feeds_does_not_matter(claims: dict[str, dict[str, Any]], random: Any) -> None:
    listed = _claims(claims)
    shuffled = listed.copy()
    random.shuffle(shuffled)
    assert upstream("entry", listed) == upstream("entry", shuffled)
