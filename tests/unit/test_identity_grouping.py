import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identity import Spelling, group_spellings, representative


def keys_of(*records: str) -> list[str]:
    """Key of each `provider:id` or `provider:id:=name`, in the order given."""
    return group_spellings([_record(text) for text in records])


def _record(text: str) -> Spelling:
    text, _, name = text.partition(":=")
    provider, _, raw_id = text.partition(":")
    return Spelling(provider, raw_id, name or None)


def test_a_size_may_be_left_out_while_there_is_one() -> None:
    assert len(set(keys_of("a:nemotron-3-super", "b:nvidia/nemotron-3-super-120b-a12b"))) == 1
    three = keys_of("a:llama-3.1-instruct", "b:llama-3.1-8b-instruct", "c:llama-3.1-70b-instruct")
    assert len(set(three)) == 3


def test_instruct_may_be_left_out_unless_offered_both_ways() -> None:
    assert len(set(keys_of("a:llama-3.3-70b", "b:llama-3.3-70b-instruct"))) == 1
    both = keys_of("a:llama-3.1-405b", "a:llama-3.1-405b-instruct", "b:llama-3.1-405b-instruct")
    assert both[0] != both[1] == both[2]


def test_one_careless_reseller_does_not_make_two_models() -> None:
    others = [f"{letter}:llama-3.3-70b-instruct" for letter in "bcdefgh"]
    assert len(set(keys_of("a:llama-3.3-70b", "a:llama-3.3-70b-instruct", *others))) == 1


def test_a_single_date_is_the_undated_model_unless_offered_both_ways() -> None:
    assert len(set(keys_of("a:mistral-nemo", "b:Mistral-Nemo-Instruct-2407"))) == 1
    haiku = keys_of(
        "anthropic:claude-haiku-4-5",
        "anthropic:claude-haiku-4-5-20251001",
        "google-vertex:claude-haiku-4-5@20251001",
        "openrouter:anthropic/claude-haiku-4.5",
    )
    assert haiku[0] == haiku[3] != haiku[1] == haiku[2]


def test_several_dates_stay_apart_from_each_other_and_from_none() -> None:
    assert len(set(keys_of("a:kimi-k2", "b:kimi-k2-0711", "c:kimi-k2-0905"))) == 3


def test_two_sizes_are_not_joined_by_a_lone_date() -> None:
    assert len(set(keys_of("a:foobar-7b", "b:foobar-24b-2506"))) == 2


def test_a_speed_tier_is_a_model_where_its_maker_lists_it() -> None:
    host = keys_of("moonshotai:kimi-k2.6", "inceptron:moonshotai/Kimi-K2.6-Fast")
    assert len(set(host)) == 1
    maker = keys_of("minimax:MiniMax-M2.5", "minimax:MiniMax-M2.5-highspeed")
    assert len(set(maker)) == 2
    assert len(set(keys_of("a:grok-4", "b:grok-4-fast"))) == 2


def test_preview_is_the_model_until_both_are_offered() -> None:
    assert len(set(keys_of("google:gemini-3-pro-preview", "b:gemini-3-pro"))) == 1
    assert len(set(keys_of("google:gemini-3-pro-preview", "google:gemini-3-pro"))) == 2


def test_a_shared_date_joins_names_with_and_without_version() -> None:
    joined = keys_of(
        "mistral:mistral-large-2512",
        "bedrock:mistral-large-3-675b-instruct-2512",
        "venice:mistral-large-3",
        "mistral:mistral-large-2411",
    )
    assert joined[0] == joined[1] == joined[2] != joined[3]


def test_the_makers_display_name_is_a_spelling() -> None:
    named = "mistral:mistral-medium-2508:=Mistral Medium 3.1"
    assert len(set(keys_of(named, "openrouter:mistralai/mistral-medium-3.1"))) == 1
    reseller = "reseller:mistral-medium-2508:=Mistral Medium 3.1"
    assert len(set(keys_of(reseller, "openrouter:mistralai/mistral-medium-3.1"))) == 2


def test_a_later_feed_meets_the_entries_that_exist() -> None:
    first = [Spelling("chutes", "unsloth/Mistral-Nemo-Instruct-2407")]
    (key,) = group_spellings(first)
    assert group_spellings([Spelling("openrouter", "mistralai/mistral-nemo")], {key}) == [key]


def test_a_known_key_outlives_longer_spellings() -> None:
    (key,) = group_spellings([Spelling("openrouter", "mistralai/mistral-nemo")])
    later = [Spelling("chutes", "Mistral-Nemo-Instruct-2407"), Spelling("x", "mistral-nemo")]
    assert group_spellings(later, {key}) == [key, key]


def test_known_entries_are_not_joined_afterwards() -> None:
    known = set(keys_of("a:gpt-4-turbo", "a:gpt-4-turbo-preview"))
    assert len(known) == 2
    assert (
        len(
            set(
                group_spellings(
                    [Spelling("b", "gpt-4-turbo"), Spelling("c", "gpt-4-turbo-preview")], known
                )
            )
        )
        == 2
    )


PARTS = st.tuples(
    st.sampled_from(["", "meta/", "accounts/fireworks/models/"]),
    st.sampled_from(["llama-3.1", "llama-3-1", "mistral-large", "mistral-large-3", "kimi-k2"]),
    st.sampled_from(["", "-8b", "-70b"]),
    st.sampled_from(["", "-instruct", "-thinking", "-fast"]),
    st.sampled_from(["", "-2512", "-0905", "-preview", "-fp8", ":free"]),
)
RECORDS = st.lists(
    st.builds(
        lambda provider, parts: Spelling(provider, "".join(parts)),
        st.sampled_from(["a", "b", "mistral", "moonshotai"]),
        PARTS,
    ),
    max_size=25,
)


@given(records=RECORDS, data=st.data())
def test_the_order_of_records_does_not_matter(records: list[Spelling], data: st.DataObject) -> None:
    expected = dict(zip(records, group_spellings(records), strict=True))
    shuffled = data.draw(st.permutations(records))
    assert group_spellings(shuffled) == [expected[record] for record in shuffled]


@given(records=RECORDS)
def test_a_second_run_finds_the_same_entries(records: list[Spelling]) -> None:
    keys = group_spellings(records)
    assert group_spellings(records, set(keys)) == keys


@given(records=RECORDS)
def test_other_models_change_nothing(records: list[Spelling]) -> None:
    others = [Spelling("a", "gemini-2.5-pro"), Spelling("b", "gemini-2.5-pro-preview-05-06")]
    assert group_spellings([*records, *others])[: len(records)] == group_spellings(records)


@given(
    st.lists(st.builds(Spelling, st.text(max_size=9), st.text(max_size=30), st.none() | st.text())),
    st.lists(st.text()),
)
def test_never_raises(records: list[Spelling], known: list[str]) -> None:
    assert len(group_spellings(records, known)) == len(records)


def test_the_makers_own_spelling_represents_the_model() -> None:
    spellings = [
        Spelling("openrouter", "anthropic/claude-sonnet-4.5"),
        Spelling("vercel", "anthropic/claude-sonnet-4.5"),
        Spelling("anthropic", "claude-sonnet-4-5"),
    ]
    assert representative(spellings) == "anthropic/claude-sonnet-4-5"
    assert representative(spellings[::-1]) == "anthropic/claude-sonnet-4-5"
    assert representative(spellings[:2]) == "anthropic/claude-sonnet-4.5"


def test_ties_go_to_the_shortest_then_the_alphabet() -> None:
    tie = [
        Spelling("a", "acme/foo-7b"),
        Spelling("b", "acme/foo-7b-it"),
        Spelling("c", "acme/fob-7b"),
    ]
    assert representative(tie) == "acme/fob-7b"
    with pytest.raises(ValueError, match="empty"):
        representative([])
