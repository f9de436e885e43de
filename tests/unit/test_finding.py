"""What typed words may mean, and how names are judged by them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.finding import (
    MAX_WORDS,
    Candidate,
    Vocabulary,
    marked,
    parse_query,
    score_of,
    vocabulary_of,
    words_of,
)

WORDS = Vocabulary(
    vocabulary_of(
        (
            "anthropic claude codex deepseek flash gemini gpt haiku",
            "large llama meta mini mistral openai opus qwen sonnet turbo",
        )
    )
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Claude Sonnet 4.5", ["claude", "sonnet", "4.5"]),
        ("anthropic/claude-3-5-sonnet", ["anthropic", "claude", "3", "5", "sonnet"]),
        ("gpt4o", ["gpt", "4o"]),
        ("r1", ["r1"]),
        ("llama3.1:8b", ["llama", "3.1", "8b"]),
        ("日本語モデル", ["日本語モデル"]),
        ("--- //", []),
    ],
)
def test_names_are_cut_into_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sonet", "sonnet"),
        ("cluade", "claude"),
        ("cluad", "claude"),
        ("lcaude", "claude"),
        ("gtp", "gpt"),
        ("mistrl", "mistral"),
        ("antrhopic", "anthropic"),
        ("antropc", "anthropic"),
        ("depseek", "deepseek"),
        ("flsh", "flash"),
        ("qwne", "qwen"),
        ("lama", "llama"),
        ("opnai", "openai"),
    ],
)
def test_a_mistyped_word_means_the_nearest(typed: str, meant: str) -> None:
    assert WORDS.meant_by(typed)[0].word == meant


@pytest.mark.parametrize("typed", ["claude", "clau", "son", "gp", "x", "zzzzzz", "4o", "8b", ""])
def test_words_their_beginnings_and_what_is_like_nothing_mean_themselves(typed: str) -> None:
    assert WORDS.meant_by(typed) == ()


def test_a_query_keeps_each_word_first_and_has_an_end() -> None:
    wanted = parse_query("  Claud   SONET \x00 ", WORDS)
    assert wanted.text == "claud sonet"
    assert [[one.word for one in meant] for meant in wanted.words] == [
        ["claud"],
        ["sonet", "sonnet"],
    ]
    assert len(parse_query(" ".join(map(str, range(99)))).words) == MAX_WORDS
    assert parse_query(" \t ").is_empty


def test_the_vocabulary_has_words_that_can_be_mistyped() -> None:
    assert vocabulary_of(["gpt-4o mini", "claude3", "ab"]) == {"gpt", "mini", "claude"}


MODELS = {
    "anthropic/claude-sonnet-4-5": "Claude Sonnet 4.5",
    "anthropic/claude-opus-4": "Claude Opus 4",
    "openai/gpt-4o": "GPT-4o",
    "openai/gpt-4o-mini": "GPT-4o mini",
    "mistral/mistral-large": "Mistral Large",
    "mistral/mistral-large-2411": "Mistral Large 24.11",
    "google/gemini-2.5-flash": "Gemini 2.5 Flash",
    "meta/llama-3.1-8b-instruct": "Llama 3.1 8B Instruct",
}


def ranked(typed: str) -> list[str]:
    wanted = parse_query(typed, WORDS)
    scores = {ident: score_of(wanted, Candidate(name, ident)) for ident, name in MODELS.items()}
    found = {ident: score for ident, score in scores.items() if score is not None}
    return sorted(found, key=lambda ident: -found[ident])


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("claud sonet", "anthropic/claude-sonnet-4-5"),
        ("sonnet claude", "anthropic/claude-sonnet-4-5"),
        ("gtp-4o", "openai/gpt-4o"),
        ("gpt4o", "openai/gpt-4o"),
        ("4o mini", "openai/gpt-4o-mini"),
        ("mistrl large", "mistral/mistral-large"),
        ("large", "mistral/mistral-large"),
        ("mistral-large-2411", "mistral/mistral-large-2411"),
        ("openai/gpt-4o-mini", "openai/gpt-4o-mini"),
        ("gmini flsh", "google/gemini-2.5-flash"),
        ("llama3.1", "meta/llama-3.1-8b-instruct"),
        ("instr", "meta/llama-3.1-8b-instruct"),
    ],
)
def test_the_best_answer_comes_first(typed: str, first: str) -> None:
    assert ranked(typed)[0] == first


def test_every_word_must_be_somewhere() -> None:
    assert ranked("claude gemini") == []
    assert ranked("zzzz") == []


def test_what_is_switched_off_or_retired_comes_later() -> None:
    wanted = parse_query("gpt")
    candidates = (
        Candidate("GPT", "gpt"),
        Candidate("GPT", "gpt", active=False),
        Candidate("GPT", "gpt", active=False, retired=True),
    )
    scores = [score_of(wanted, candidate) or 0 for candidate in candidates]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("typed", "text", "shown"),
    [
        ("claud sonet", "Claude Sonnet 4", "[Claud]e [Sonnet] 4"),
        ("mini", "gemini-mini", "gemini-[mini]"),
        ("emin", "gemini", "g[emin]i"),
        ("strasse", "Straße", "Straße"),
        ("x", "gpt", "gpt"),
        ("x", "", ""),
    ],
)
def test_what_was_looked_for_is_marked(typed: str, text: str, shown: str) -> None:
    pieces = marked(parse_query(typed, WORDS), text)
    assert "".join(f"[{p.text}]" if p.hit else p.text for p in pieces) == shown


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_can_be_typed_and_named(typed: str, text: str) -> None:
    wanted = parse_query(typed, WORDS)
    score_of(wanted, Candidate(text, text, text))
    assert "".join(piece.text for piece in marked(wanted, text)) == text
