"""All captured files in date order, with hand edits and decisions in between."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.core.errors import FewerModelsError
from app.core.fields import CAPABILITY_NAMES, FIELDS, RecordType
from app.core.permissions import SYSTEM
from app.core.resolve import Protection
from app.core.values import check
from app.models import CatalogEntry, Feed, SyncItem, SyncRun
from app.queries.states import TABLES
from app.services.records import edit_record
from app.services.review import decide_items
from app.services.run_actions import apply_run, reject_run
from app.services.sync import sync_feed
from app.upstreams import feed_kind
from tests.support.captured import Captured, add_captured_feed, captured_files, parsed
from tests.support.explain import Voices, explain
from tests.support.feeds import EDITOR, answer, make_feed, model, sync
from tests.support.paths import requires_shared_data

EDITS = 200
# One feed waits wholly for people.
UNDER_REVIEW = "groq"

Random = random.Random
Values = dict[str, Callable[[Random], Any]]


def _flag(rng: Random) -> bool:
    return rng.random() < 0.5


def _prices(rng: Random) -> dict[str, Any]:
    units = ("per_1k_prompt_tokens", "per_1k_completion_tokens", "per_image")
    amounts = [(unit, str(rng.randrange(5_000))) for unit in units[: rng.randint(1, 3)]]
    return {"lines": [{"unit": unit, "amount_micro_usd": amount} for unit, amount in amounts]}


def _limits(rng: Random) -> dict[str, Any]:
    return {"context_length": rng.randrange(1, 10**6), "max_completion_tokens": None}


ENTRY_VALUES: Values = {
    **dict.fromkeys(sorted(CAPABILITY_NAMES), _flag),
    "active": _flag,
    "experimental": _flag,
    "context_length": lambda rng: rng.choice((None, rng.randrange(1, 10**6))),
    "family": lambda rng: rng.choice((None, "mine", "llama")),
    "tags": lambda rng: rng.sample(["chat", "fast", "local", "old"], rng.randint(0, 3)),
    "model_display_name": lambda rng: f"Named by hand {rng.randrange(1000)}",
    "description": lambda rng: f"Described by hand {rng.randrange(1000)}",
    "notes": lambda rng: f"Noted {rng.randrange(1000)}",
    "is_moderated": _flag,
}
MODEL_VALUES: Values = {
    "active": _flag,
    "pricing": _prices,
    "token_limits": _limits,
    "category": lambda rng: rng.choice((None, "chat")),
    "model_display_name": lambda rng: f"Offered by hand {rng.randrange(1000)}",
}
VALUES: dict[RecordType, Values] = {"entry": ENTRY_VALUES, "provider_model": MODEL_VALUES}


class People:
    """They edit, approve and reject at random, and remember what has to stand."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.rng = session, Random(seed)
        self.edits = 0
        self.decided = {"approve": 0, "reject": 0}
        self.standing: dict[tuple[RecordType, int], dict[str, Any]] = {}

    def edit(self, count: int) -> None:
        """Edit so many records by hand, each in one to three fields."""
        for _ in range(count):
            record_type: RecordType = self.rng.choice(("entry", "provider_model"))
            ids = self.session.scalars(select(TABLES[record_type].id)).all()
            record_id = self.rng.choice(sorted(ids))
            makers = VALUES[record_type]
            names = self.rng.sample(sorted(makers), self.rng.randint(1, 3))
            fields = FIELDS[record_type]
            values = {name: check(fields[name], makers[name](self.rng)) for name in names}
            protection: Protection = "fields" if self.edits % 2 else "entry"
            edit_record(
                self.session, EDITOR, record_type, record_id, values, default_protection=protection
            )
            self.edits += 1
            self._remember(record_type, record_id, values)

    def _remember(self, record_type: RecordType, record_id: int, values: dict[str, Any]) -> None:
        row = self._row(record_type, record_id)
        assert values.items() <= row.items()
        known = self.standing.setdefault((record_type, record_id), {})
        if row["protection"] == "entry":
            known |= {name: row[name] for name in FIELDS[record_type]}
        known |= values

    def _row(self, record_type: RecordType, record_id: int) -> dict[str, Any]:
        self.session.rollback()
        table = TABLES[record_type].__table__
        return dict(
            self.session.execute(select(table).where(table.c.id == record_id)).one()._mapping
        )

    def decide(self) -> None:
        """Approve some of what waits, reject some, leave some."""
        ids = self.session.scalars(select(SyncItem.id).where(SyncItem.state == "waiting")).all()
        drawn = {pk: self.rng.choice(("approve", "reject", None)) for pk in sorted(ids)}
        for decision in ("approve", "reject"):
            mine = [pk for pk, drawn_for in drawn.items() if drawn_for == decision]
            if mine:
                done = decide_items(self.session, EDITOR, decision, mine)
                assert (done.decided, done.skipped) == (len(mine), 0)
                self.decided[decision] += done.decided

    def all_stands(self) -> None:
        """Every edit is in force, to the last field."""
        for (record_type, record_id), values in self.standing.items():
            row = self._row(record_type, record_id)
            assert {name: row[name] for name in values} == values, (record_type, record_id)


class Story:
    """The files as feeds of one catalog, with people at work."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.voices, self.people = session, Voices(session), People(session, seed)
        self.known: set[str] = set()

    def read(self, captured: Captured) -> None:
        """Sync a file; an answer that a guard refuses is decided as a whole."""
        if captured.feed not in self.known:
            self.known.add(captured.feed)
            add_captured_feed(self.session, captured)
            if captured.feed == UNDER_REVIEW:
                self._feed(captured.feed).mode = "review"
                self.session.commit()
        try:
            sync_feed(self.session, SYSTEM, captured.feed, path=str(captured.path))
        except FewerModelsError:
            if not self._believe(captured.feed):
                return
        self.voices.hear(captured.feed, parsed(captured))

    def _feed(self, name: str) -> Feed:
        return self.session.scalars(select(Feed).where(Feed.name == name)).one()

    def _believe(self, feed: str) -> bool:
        """A refused answer: that of models.dev is rejected, half of any other's plan applied."""
        self.session.rollback()
        run = self.session.scalars(select(SyncRun).where(SyncRun.status == "held")).one()
        if feed == "models-dev":
            reject_run(self.session, EDITOR, run.public_id)
            return False
        items = select(SyncItem.id).where(SyncItem.run_id == run.id, SyncItem.state == "planned")
        ids = sorted(self.session.scalars(items))
        apply_run(self.session, EDITOR, run.public_id, ids[::2])
        return True

    def check(self) -> dict[str, int]:
        """Every edit stands and every difference is explained; returns how often by what."""
        self.people.all_stands()
        for name, voice in self.voices.of.items():
            if voice.is_partial:
                self.voices.merge(voice, self._feed(name).miss_limit)
        explained = explain(self.session, self.voices)
        assert not explained.problems, explained.text()
        return dict(explained.reasons)


@requires_shared_data
@pytest.mark.parametrize("seed", [4])
def test_every_edit_stands_and_every_difference_is_explained(session: Session, seed: int) -> None:
    story = Story(session, seed)
    files = captured_files()
    latest = {captured.feed: captured for captured in files}
    # At last three feeds serve their oldest copies: mass removals, and everything back.
    again = [c for c in files if c.kind != "openai_compatible" and latest[c.feed] != c]
    oldest = {captured.feed: captured for captured in reversed(again)}
    told = [*files, *oldest.values()]
    reasons: dict[str, int] = {}
    for number, captured in enumerate(told, 1):
        story.read(captured)
        story.people.edit(EDITS * number // len(told) - story.people.edits)
        story.people.decide()
        reasons = story.check()
    assert story.people.edits == EDITS
    assert min(story.people.decided.values()) > 0
    expected = {"override", "protected record", "held back: waiting", "held back: rejected"}
    expected |= {"a stronger feed speaks", "gone from the feed", "not trusted with it"}
    assert expected <= reasons.keys()


def heard(session: Session, folder: Path, voices: Voices, body: bytes) -> None:
    """Sync a small answer of the feed models-dev, and hear it."""
    sync(session, folder, body)
    voices.hear("models-dev", feed_kind("models_dev").parse(body))


def test_the_check_itself_finds_what_nothing_explains(session: Session, tmp_path: Path) -> None:
    make_feed(session)
    voices = Voices(session)
    said = {"gpt-4o": model(name="GPT-4o", tool_call=True), "gpt-4": model(name="GPT-4")}
    heard(session, tmp_path, voices, answer(said))
    withdrawn = said | {"gpt-4o": model(name="GPT-4o", tool_call=False)}
    heard(session, tmp_path, voices, answer(withdrawn))
    explained = explain(session, voices)
    assert (explained.problems, explained.reasons["held back: waiting"]) == ([], 1)
    mine = CatalogEntry.public_id == "openai/gpt-4"
    session.execute(update(CatalogEntry).where(mine).values(context_length=5, family="odd"))
    session.execute(update(SyncItem).where(SyncItem.state == "waiting").values(state="superseded"))
    session.commit()
    found = {(p.record, p.field, p.in_force, p.said) for p in explain(session, voices).problems}
    assert found == {
        ("openai/gpt-4", "context_length", 5, 8_000),
        ("openai/gpt-4", "family", "odd", None),
        ("openai/gpt-4o", "supports_tools", True, False),
    }
