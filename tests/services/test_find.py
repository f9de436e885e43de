"""Finding entries and provider models by what somebody typed, on both databases."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.finding import parse_query
from app.models import ProviderModel, SearchWord, now
from app.queries import find_words
from app.queries.find import SEARCHED, find_entries, find_models
from app.queries.find_words import vocabulary
from app.services.links import merge_entries
from app.services.records import edit_record
from app.services.search_index import index_entries
from app.services.undo import undo_batch
from tests.support.factories import make_entry, make_provider, make_provider_model
from tests.support.feeds import EDITOR

ENTRIES = {
    "anthropic/claude-sonnet-4-5": "Claude Sonnet 4.5",
    "anthropic/claude-3.5-sonnet": "Claude 3.5 Sonnet",
    "anthropic/claude-opus-4": "Claude Opus 4",
    "openai/gpt-4o": "GPT-4o",
    "openai/gpt-4o-mini": "GPT-4o mini",
    "openai/o3": "o3",
    "mistral/mistral-large": "Mistral Large",
    "mistral/mistral-small": "Mistral Small",
    "google/gemini-2.5-flash": "Gemini 2.5 Flash",
    "meta/llama-3.1-8b-instruct": "Llama 3.1 8B Instruct",
    "deepseek/deepseek-r1": "DeepSeek R1",
    "qwen/qwen3-coder": "Qwen3 Coder",
    "zhipu/glm": "智谱清言",
    "odd/quote": 'The "quoted" 100% model_x*',
}


@pytest.fixture(autouse=True)
def catalog(session: Session) -> Iterator[None]:
    find_words.forget()
    provider = make_provider(session, name="Acme Cloud")
    written = {"updated_at": now()}  # all at once: among equals, the order is that of `ENTRIES`
    for public_id, name in ENTRIES.items():
        entry = make_entry(
            session,
            public_id=public_id,
            model_display_name=name,
            description="A model for reasoning and chat.",
            aliases=["chatgpt-omni"] if name == "GPT-4o" else [],
            **written,
        )
        raw_id = public_id.partition("/")[2]
        named = {"raw_id": raw_id, "model_display_name": name}
        make_provider_model(session, provider, entry, **named, **written)
    session.commit()
    yield
    find_words.forget()


def entries(session: Session, typed: str) -> list[str]:
    found = find_entries(session, parse_query(typed, vocabulary(session)), 8)
    return [one.row.public_id for one in found]


def models(session: Session, typed: str) -> list[str]:
    found = find_models(session, parse_query(typed, vocabulary(session)), 8)
    return [one.row.raw_id for one in found]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("gpt-4o", "openai/gpt-4o"),
        ("GPT 4o MINI", "openai/gpt-4o-mini"),
        ("gtp-4o", "openai/gpt-4o"),
        ("gpt4o", "openai/gpt-4o"),
        ("claud sonet", "anthropic/claude-sonnet-4-5"),
        ("sonnet 4.5", "anthropic/claude-sonnet-4-5"),
        ("3.5 claude", "anthropic/claude-3.5-sonnet"),
        ("opus", "anthropic/claude-opus-4"),
        ("mistrl large", "mistral/mistral-large"),
        ("large mistral", "mistral/mistral-large"),
        ("gmini flsh", "google/gemini-2.5-flash"),
        ("lama", "meta/llama-3.1-8b-instruct"),
        ("r1", "deepseek/deepseek-r1"),
        ("o3", "openai/o3"),
        ("qwne coder", "qwen/qwen3-coder"),
        ("coder qwen", "qwen/qwen3-coder"),
        ("智谱", "zhipu/glm"),
        ("智", "zhipu/glm"),
        ("清言", "zhipu/glm"),
        ('"quoted" 100%', "odd/quote"),
        ("model_x*", "odd/quote"),
    ],
)
def test_the_best_answer_comes_first(session: Session, typed: str, first: str) -> None:
    assert entries(session, typed)[0] == first
    assert models(session, typed)[0] == first.partition("/")[2]


def test_an_alias_finds_its_entry(session: Session) -> None:
    assert entries(session, "ChatGPT-omni") == ["openai/gpt-4o"]


@pytest.mark.parametrize("typed", ["g", "m", "4", "gp", "4o", "cl"])
def test_one_or_two_letters_find_beginnings_of_words(session: Session, typed: str) -> None:
    found = entries(session, typed)
    assert found
    for public_id in found:
        text = f" {public_id} {ENTRIES[public_id]}".casefold()
        for sign in "/-.:":
            text = text.replace(sign, " ")
        assert f" {typed}" in text


@pytest.mark.parametrize("typed", ["", "zzzzqq", "claude gemini", "NOT x OR", "\x00", "a" * 500])
def test_what_is_called_by_nothing_finds_nothing(session: Session, typed: str) -> None:
    assert entries(session, typed) == []
    assert models(session, typed) == []


def test_words_of_the_description_find_too_but_later(session: Session) -> None:
    make_entry(session, public_id="x/reasoner", model_display_name="Reasoning One")
    session.commit()
    found = entries(session, "reasoning")
    assert found[0] == "x/reasoner"
    assert len(found) == 8


def test_a_provider_narrows_its_models(session: Session) -> None:
    other = make_provider(session, name="Beta")
    make_provider_model(session, other, raw_id="gpt-4o", model_display_name="GPT-4o")
    session.commit()
    found = find_models(session, parse_query("gpt-4o acme", vocabulary(session)), 8)
    assert {one.row.provider for one in found} == {"Acme Cloud"}


def test_deleted_merged_and_changed_records(session: Session) -> None:
    gone = make_provider(session, name="Gone", deleted_at=now())
    make_provider_model(session, gone, raw_id="unique-thing")
    merged = make_entry(session, public_id="x/merged-thing", merged_into_id=1)
    session.commit()
    assert models(session, "unique-thing") == []
    assert entries(session, "merged-thing") == []
    merged.merged_into_id = None
    session.commit()
    assert entries(session, "merged-thing") == ["x/merged-thing"]


def test_what_was_changed_last_comes_first_among_equals(session: Session) -> None:
    for number, moment in enumerate((100, 300, 200)):
        make_entry(
            session, public_id=f"twin/{number}", model_display_name="Twin", updated_at=moment
        )
    session.commit()
    assert entries(session, "twin") == ["twin/1", "twin/2", "twin/0"]


def test_every_way_of_writing_is_found_at_once(session: Session) -> None:
    named = {"model_display_name": "Zanzibar"}
    renamed = edit_record(session, EDITOR, "entry", "openai/o3", named).batch
    assert entries(session, "zanzbar") == ["openai/o3"]
    model = session.scalars(select(ProviderModel.id).where(ProviderModel.raw_id == "o3")).one()
    edit_record(session, EDITOR, "provider_model", model, named)
    assert models(session, "zanzibr") == ["o3"]
    assert renamed is not None
    undo_batch(session, EDITOR, renamed)
    assert entries(session, "zanzibar") == []
    merged = merge_entries(session, EDITOR, "openai/gpt-4o", ["openai/o3"]).batch
    assert entries(session, "openai/o3")[0] == "openai/gpt-4o", "another spelling of it now"
    undo_batch(session, EDITOR, merged)
    assert entries(session, "openai/o3")[0] == "openai/o3"


def test_new_words_are_known_at_once(session: Session) -> None:
    assert entries(session, "zephir") == []
    make_entry(session, public_id="hf/zephyr", model_display_name="Zephyr")
    session.commit()
    assert entries(session, "zephir") == ["hf/zephyr"]


def test_a_description_teaches_no_words(session: Session) -> None:
    known = set(session.scalars(select(SearchWord.word)))
    assert {"claude", "sonnet", "acme", "cloud"} <= known
    assert "reasoning" not in known
    index_entries(session, [(1, "a/b\nname\nfamily")])
    session.commit()
    words = list(session.scalars(select(SearchWord.word)))
    assert len(words) == len(set(words))


def test_a_single_letter_is_looked_for_among_the_newest(session: Session) -> None:
    assert len(ENTRIES) < SEARCHED
    make_entry(session, public_id="new/xylo", model_display_name="Xylo")
    session.commit()
    assert entries(session, "x")[0] == "new/xylo"
