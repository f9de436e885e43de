"""What people type into a search, and how well a name answers it. Pure.

A name is judged word by word: a whole word is better than the beginning of one, that is better
than some letters inside, and what only a mistyped word finds comes last.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile

MAX_WORDS = 8
MAX_QUERY = 255
MAX_MEANT = 4
# What separates words in names and ids.
SEPARATORS = "-/:._@ "
# `gpt4o` is two words, `r1` is one; a number keeps its points (`3.1`).
_WORD = re.compile(r"[^\W\d_]{3,}(?=\d)|[^\W_]+(?:\.\d+)*")
_LETTERS = re.compile(r"[^\W\d_]+")
LONGEST = 32

WHOLE, START, INSIDE, ELSEWHERE = 100.0, 78.0, 45.0, 8.0
TYPO = 16.0
EXACT, BEGINS, PHRASE, BOTH = 120.0, 30.0, 18.0, 4.0
# A model and then its provider, `gpt-4o azure`: that offer is meant, before its entry.
OFFERED = 6.0


@dataclass(frozen=True, slots=True)
class Meant:
    """A word that somebody may have meant, and how many letters it is away from what they wrote."""

    word: str
    typos: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed: the whole of it, folded, and each word with all that it may mean.

    The first meaning of a word is the word itself.
    """

    text: str
    words: tuple[tuple[Meant, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.words

    @property
    def has_typos(self) -> bool:
        """Whether some word may mean another one."""
        return any(len(meant) > 1 for meant in self.words)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a name; ``hit``: it is what was looked for."""

    text: str
    hit: bool


def fold(text: str) -> str:
    """The spelling in which case does not matter."""
    return text.casefold()


def words_of(text: str) -> list[str]:
    """The words of a name or of what was typed, folded."""
    return _WORD.findall(fold(text))


def vocabulary_of(texts: Iterable[str]) -> set[str]:
    """The words that a mistyped one may mean: three letters or more, no digits; folded."""
    found = {word for text in texts for word in _LETTERS.findall(text)}
    return {word for word in found if 3 <= len(word) <= LONGEST}


def parse_query(typed: str, vocabulary: Vocabulary | None = None) -> Wanted:
    """What the typed text asks for; without a vocabulary every word means itself alone."""
    text = " ".join(fold(typed.replace("\x00", " ")[:MAX_QUERY]).split())
    words = list(dict.fromkeys(words_of(text)))[:MAX_WORDS]
    meant = (
        (Meant(word), *(vocabulary.meant_by(word) if vocabulary is not None else ()))
        for word in words
    )
    return Wanted(text, tuple(meant))


class Vocabulary:
    """Words that exist, to find those that a mistyped one may mean.

    A word is tried only where all but a few of the typed letters occur in it: that is one
    comparison of two numbers for each word, and leaves few to be measured.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._known = frozenset(words)
        self._by_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._by_second: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for word in self._known:
            masked = (word, _mask(word))
            self._by_first[word[0]].append(masked)
            if word[0] != word[1]:
                self._by_second[word[1]].append(masked)
        self.meant_by = lru_cache(maxsize=512)(self._meant_by)

    def __len__(self) -> int:
        return len(self._known)

    def _meant_by(self, typed: str) -> tuple[Meant, ...]:
        """The words that the typed one may mean, the nearest first; none where it is a word.

        A word that is still being typed is compared with the beginnings of others.
        """
        most = _allowed(typed)
        if not most or typed in self._known or not _LETTERS.fullmatch(typed):
            return ()
        found = sorted(self._near(typed, most))[:MAX_MEANT]
        return tuple(Meant(word, typos) for typos, _, word in found)

    def _near(self, typed: str, most: int) -> list[tuple[int, int, str]]:
        mask, found = _mask(typed), set()
        for word, letters in self._beginning_alike(typed):
            missing = mask & ~letters
            if missing and missing.bit_count() > most:
                continue
            typos, whole = _distance(typed, word, most)
            if typos == 0:
                return []  # the beginning of a word: nothing is wrong with it
            if typos <= most:
                # Swapped letters first, then words of the same length.
                far = (letters != mask) + 2 * abs(len(word) - len(typed)) + 16 * (not whole)
                found.add((typos, far, word))
        return list(found)

    def _beginning_alike(self, typed: str) -> Iterator[tuple[str, int]]:
        """Words whose first letter is the first or second of the typed ones, or the second the
        first: more than that is rarely mistyped.
        """
        first, second = typed[0], typed[1]
        yield from self._by_first.get(first, ())
        if second != first:
            yield from self._by_first.get(second, ())
        yield from self._by_second.get(first, ())


def _allowed(typed: str) -> int:
    """How many letters may be wrong: none in very short words."""
    if not 3 <= len(typed) <= LONGEST:
        return 0
    return 1 if len(typed) < 7 else 2


def _mask(word: str) -> int:
    mask = 0
    for letter in word:
        mask |= 1 << (ord(letter) & 63)
    return mask


def _distance(typed: str, word: str, most: int) -> tuple[int, bool]:
    """How many letters are missing, added, other or swapped, at most ``most`` + 1, and whether
    that compares the whole word; long enough, it may be the word's beginning alone.
    """
    size = len(typed)
    if len(word) < size - most:
        return most + 1, False
    word = word[: size + most + 1]
    before: list[int] = []
    row = list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        last, before, row = before, row, [i]
        for j, other in enumerate(word, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1, False
    begun = min(row) if size > 4 else row[-1]
    return begun, row[-1] == begun


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be found: its name, its id, and what else is known by words (folded by nobody yet).

    ``owner`` is whose it is. ``described``: the words stand somewhere in it, if nowhere in
    its names. ``exact``: all that was typed is an id or alias of it, if not one that is shown.
    """

    title: str
    ident: str = ""
    more: str = ""
    owner: str = ""
    described: bool = False
    active: bool = True
    retired: bool = False
    exact: bool = False


def score_of(wanted: Wanted, candidate: Candidate) -> float | None:
    """How well the candidate answers, the more the better; None where a word is nowhere in it."""
    if wanted.is_empty:
        return None
    title, ident = fold(candidate.title), fold(candidate.ident)
    more = fold(f"{candidate.owner} {candidate.more}")
    owned = _last_words_of(candidate.owner, wanted)
    total = 0.0
    for at, meant in enumerate(wanted.words):
        best = WHOLE + BOTH if at >= len(wanted.words) - owned else 0.0
        for one in meant:
            best = max(best, _worth_in(one.word, title, ident, more) - TYPO * one.typos)
        if best <= 0:
            somewhere = candidate.described and len(meant[0].word) > 1
            if not (somewhere or candidate.exact):
                return None
            best = ELSEWHERE
        total += best
    whole = _as_a_whole(wanted.text, title, ident)
    score = total / len(wanted.words) + (max(whole, EXACT) if candidate.exact else whole)
    score += OFFERED * bool(owned) - 0.12 * min(len(title), 80)
    return score + 4 * candidate.active - 12 * candidate.retired


def _last_words_of(owner: str, wanted: Wanted) -> int:
    """How many of the last words name the owner; none where nothing else was typed."""
    named = set(words_of(owner))
    of_owner = takewhile(lambda meant: meant[0].word in named, reversed(wanted.words))
    count = len(list(of_owner))
    return count if count < len(wanted.words) else 0


def _worth_in(word: str, title: str, ident: str, more: str) -> float:
    named, spelt = _worth(word, title), _worth(word, ident)
    if named or spelt:
        return max(named, spelt) + (BOTH if named and spelt else 0)
    return 0.55 * _worth(word, more)


def _as_a_whole(text: str, title: str, ident: str) -> float:
    tail = ident.rpartition("/")[2]
    if text in (ident, title, tail):
        return EXACT + (text == ident)
    if title.startswith(text) or tail.startswith(text):
        return BEGINS
    if ident.startswith(text):
        return 0.7 * BEGINS
    return PHRASE if " " in text and (text in title or text in ident) else 0.0


def _worth(word: str, text: str) -> float:
    """What the word's best place in the text is worth."""
    best, at = 0.0, text.find(word)
    tries = 0
    while at >= 0 and tries < 4:
        end = at + len(word)
        if at and not _is_border(text[at - 1], text[at]):
            best = max(best, INSIDE if len(word) > 1 else 0.0)
        elif end == len(text) or _is_border(text[end - 1], text[end]):
            return WHOLE
        else:
            rest = end
            while rest < len(text) and text[rest].isalnum():
                rest += 1
            best = max(best, START + 14 * len(word) / (rest - at))
        at, tries = text.find(word, at + 1), tries + 1
    return best


def _is_border(left: str, right: str) -> bool:
    """Whether a word may begin between two letters; `llama3` is `llama` and `3`."""
    return not (left.isalnum() and right.isalnum()) or (right.isdigit() and not left.isdigit())


def marked(wanted: Wanted, text: str) -> Sequence[Span]:
    """The text in pieces, what was looked for marked."""
    folded = fold(text)
    if len(folded) != len(text):
        return (Span(text, hit=False),)
    hit = [False] * len(text)
    for meant in wanted.words:
        one = next((m for m in meant if m.word in folded), None)
        if one is None:
            continue
        at = _best_place(one.word, folded)
        hit[at : at + len(one.word)] = [True] * len(one.word)
    pieces: list[Span] = []
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or hit[at] != hit[start]:
            pieces.append(Span(text[start:at], hit[start]))
            start = at
    return pieces


def _best_place(word: str, text: str) -> int:
    first = at = text.find(word)
    while at >= 0:
        if at == 0 or _is_border(text[at - 1], text[at]):
            return at
        at = text.find(word, at + 1)
    return first
