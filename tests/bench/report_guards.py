"""What guards hold back in the captured files, and how much of it was harmless.

    .venv/bin/python -m tests.bench.report_guards [--engine sqlite|postgresql]

All files are synced in date order, without edits or decisions. A value that a guard held counts
as *harmless* where what it was held for (the price lines at fault, the context, the capability)
is said by the next file of the same feed, too, or by another feed about the same record at that
time; as *a slip* where the next file takes it back; else nobody knows. Harmless values are given
as a share of all changes of fields of records that the feed knew before: first imports are exempt
from guards and would only make the share look smaller.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.errors import FewerModelsError
from app.core.fields import CAPABILITY_NAMES
from app.core.guards import REASONS
from app.core.permissions import SYSTEM
from app.core.prices import UNITS
from app.models import Claim, Feed, SyncItem, SyncRun, db
from app.services.sync import sync_feed
from tests.support.captured import Captured, add_captured_feed, captured_files
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.network import only_loopback
from tests.support.postgres import running_postgres

Key = tuple[str, str, int, str]  # feed, record type, row id, field


class Item(NamedTuple):
    """A stored item about a field, as far as the report needs it."""

    kind: str
    record_type: str
    record_id: int
    field: str
    name: str
    said_old: Any
    new: Any
    state: str
    reason: str | None
    message: str | None
    size: float | None


@dataclass(slots=True)
class Held:
    """A value that was held, and what came of it: harmless, slip or None (nobody knows)."""

    file: str
    item: Item
    fate: str | None = None


@dataclass(slots=True)
class Count:
    """What one file changed of records that its feed knew before."""

    file: str
    first: bool
    changes: int = 0
    records: int = 0
    refused: str = ""


def aspect(item: Item, word: Any) -> Any:
    """What of a word a guard judges: a capability, a context, the price line that it named."""
    if item.field == "token_limits":
        return (word or {}).get("context_length")
    if item.field != "pricing":
        return word
    named = (item.message or "").partition(":")[0]
    return next((amount for unit, amount in _lines(word).items() if UNITS[unit].label == named), "")


def _lines(pricing: Any) -> dict[str, str]:
    return {x["unit"]: x["amount_micro_usd"] for x in (pricing or {}).get("lines", ())}


def agrees(item: Item, word: Any) -> bool:
    """Whether another word says what the item was held for."""
    return bool(aspect(item, word) == aspect(item, item.new))


class Report:
    """All files, one after the other."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.counts: list[Count] = []
        self.held: list[Held] = []
        self.open: dict[Key, Held] = {}
        self.feeds: set[str] = set()

    def read(self, captured: Captured) -> None:
        """Sync a file and note what came of it."""
        count = Count(captured.name, captured.feed not in self.feeds)
        self.counts.append(count)
        if count.first:
            self.feeds.add(captured.feed)
            add_captured_feed(self.session, captured)
        try:
            result = sync_feed(self.session, SYSTEM, captured.feed, path=str(captured.path))
        except FewerModelsError as refusal:
            count.refused = refusal.message
            return
        count.records = sum(result.counts[k] for k in ("added", "retired", "reactivated"))
        if count.first:
            return
        items = list(self._items(result.run_id))
        count.changes = len(items)
        self._judge_former(captured, items)
        new = [Held(captured.name, item) for item in items if item.state == "waiting"]
        self._ask_others(captured, new)
        self.held += new
        for one in new:
            self.open[captured.feed, *one.item[1:4]] = one

    def _items(self, run_id: str | None) -> Iterator[Item]:
        columns = [getattr(SyncItem, name) for name in Item._fields]
        of_run = select(*columns).join(SyncRun, SyncRun.id == SyncItem.run_id)
        found = of_run.where(SyncRun.public_id == run_id, SyncItem.field.is_not(None))
        known = found.where(SyncItem.kind != "dropped")
        return (Item._make(row) for row in self.session.execute(known))

    def _judge_former(self, captured: Captured, items: list[Item]) -> None:
        """What this file says of what was held in the feed's file before."""
        said = {(captured.feed, *item[1:4]): item for item in items}
        for key, one in list(self.open.items()):
            if key[0] != captured.feed:
                continue
            word = said[key].new if key in said else self._still(key)
            if word is MISSING:
                continue
            one.fate = "harmless" if one.fate or agrees(one.item, word) else _slip(one.item, word)
            del self.open[key]

    def _still(self, key: Key) -> Any:
        """The word as it was, or the one that counts again; MISSING: the record is not listed."""
        feed, record_type, record_id, field = key
        mine = (Claim.record_type == record_type, Claim.record_id == record_id)
        claim = self.session.execute(
            select(Claim.fields, Claim.misses)
            .join(Feed, Feed.id == Claim.feed_id)
            .where(Feed.name == feed, *mine)
        ).one_or_none()
        if claim is None or claim.misses:
            return MISSING
        waits = select(SyncItem.new).where(
            SyncItem.record_type == record_type,
            SyncItem.record_id == record_id,
            SyncItem.field == field,
            SyncItem.state == "waiting",
        )
        word = self.session.execute(
            waits.join(Feed, Feed.id == SyncItem.feed_id).where(Feed.name == feed)
        ).one_or_none()
        return word[0] if word else claim.fields.get(field)

    def _ask_others(self, captured: Captured, held: list[Held]) -> None:
        """What other feeds say of the same records at this moment."""
        others: dict[tuple[str, int], list[Mapping[str, Any]]] = defaultdict(list)
        ids = {one.item.record_id for one in held}
        for record_type, record_id, fields in self.session.execute(
            select(Claim.record_type, Claim.record_id, Claim.fields)
            .join(Feed, Feed.id == Claim.feed_id)
            .where(Feed.name != captured.feed, Claim.record_id.in_(ids))
        ):
            others[record_type, record_id].append(fields)
        for one in held:
            item = one.item
            said = [fields.get(item.field) for fields in others[item.record_type, item.record_id]]
            if any(word is not None and agrees(item, word) for word in said):
                one.fate = "harmless"


MISSING = object()


def _slip(item: Item, word: Any) -> str | None:
    """Whether the word is what it was before: the change was taken back."""
    return "slip" if aspect(item, word) == aspect(item, item.said_old) else None


def print_report(report: Report) -> None:
    """The tables, in Markdown."""
    later = [count for count in report.counts if not count.first]
    print("| file | records added, gone, back | field changes | held | share |", end="")
    print(" harmless | slips | nobody knows |\n|---|--:|--:|--:|--:|--:|--:|--:|")
    for count in later:
        mine = [one for one in report.held if one.file == count.file]
        _row(count.file, count.records, count.changes, mine)
    changes = sum(count.changes for count in later)
    _row("all", sum(count.records for count in later), changes, report.held)
    refused = [f"{count.file}: {count.refused}" for count in report.counts if count.refused]
    print("\nanswers refused as a whole:", "; ".join(refused) or "none")
    print("\n| file | guard | about | caught | harmless | slips | examples |")
    print("|---|---|---|--:|--:|--:|---|")
    groups: dict[tuple[str, str, str], list[Held]] = defaultdict(list)
    for one in report.held:
        groups[one.file, one.item.reason or "", one.item.record_type].append(one)
    for (file, reason, record_type), some in groups.items():
        fates = Counter(one.fate for one in some)
        ranked = sorted(some, key=lambda one: (one.fate != "slip", -(one.item.size or 0)))
        shown = "; ".join(_example(one) for one in ranked[:3])
        about = record_type.replace("_", " ")
        cells = (file, REASONS[reason], about, len(some), fates["harmless"], fates["slip"], shown)
        print(f"| {' | '.join(map(str, cells))} |")


def _row(name: str, records: int, changes: int, held: list[Held]) -> None:
    fates = Counter(one.fate for one in held)
    share = f"{100 * len(held) / changes:.1f} %" if changes else "-"
    harmless = f"{fates['harmless']} ({100 * fates['harmless'] / max(changes, 1):.1f} %)"
    cells = (name, records, changes, len(held), share, harmless, fates["slip"], fates[None])
    print(f"| {' | '.join(map(str, cells))} |")


def _example(one: Held) -> str:
    item = one.item
    field = item.field.removeprefix("supports_") if item.field in CAPABILITY_NAMES else ""
    return f"{item.name}: {field} {item.message}".replace(":  ", ": ").replace("|", "/")


def measure(url: str) -> None:
    """Sync all files into a fresh database and print what was held back."""
    with scratch_folder() as folder:
        app = migrated_app(make_settings(url or f"sqlite:///{folder / 'bench.db'}", folder))
        with app.app_context():
            report = Report(db.session())
            for captured in captured_files():
                report.read(captured)
            print_report(report)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    with only_loopback(), ExitStack() as stack:
        url = ""
        if parser.parse_args().engine == "postgresql":
            url = stack.enter_context(running_postgres()).create()
        measure(url)


if __name__ == "__main__":
    main()
