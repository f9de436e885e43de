"""What the bulk bar sends: which records, and what to do with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args
from urllib.parse import parse_qsl

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from app.core.bulk import ACTIONS, BulkAction, BulkChange, bulk_change
from app.core.errors import FieldProblem, ValidationError
from app.core.fields import RecordType
from app.core.row_ids import read_row_id
from app.queries.conditions import among
from app.queries.entry_filter import parse_entry_filter
from app.queries.entry_pages import matching_ids
from app.queries.list_args import RecordFilter
from app.queries.provider_model_filter import parse_provider_model_filter
from app.queries.provider_model_pages import matching_provider_model_ids
from app.queries.selections import Selection, visible
from app.queries.states import TABLES

Posted = MultiDict[str, str]
Scope = Literal["picked", "page", "matching"]
MAX_IDS = 1_000
MAX_WHERE = 8_192
MAX_VALUE = 8_192
# The buttons for everything: which action, and whether the picked rows are left out.
QUICK = {
    "enable": ("enable", False),
    "disable": ("disable", False),
    "enable_except": ("enable", True),
    "disable_except": ("disable", True),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asked for, as it was sent; ``ids`` are picked rows, ``kept`` excepted ones."""

    record_type: RecordType
    scope: Scope
    where: str = ""
    ids: tuple[int, ...] = ()
    page: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    action: str = ""
    value: str = ""
    reason: str = ""
    wanted: RecordFilter | None = field(default=None, compare=False)

    def hidden(self) -> Iterator[tuple[str, str]]:
        """Everything that says which records, as hidden inputs of the next form."""
        yield "record_type", self.record_type
        yield "scope", self.scope
        yield "where", self.where
        for name, ids in (("id", self.ids), ("kept", self.kept)):
            for row_id in ids:
                yield name, str(row_id)
        if self.page:
            yield "page", ",".join(map(str, self.page))

    def actions(self) -> tuple[BulkAction, ...]:
        """What can be done with such records."""
        return ACTIONS[self.record_type]


def read_wish(posted: Posted) -> Wish:
    """Which records and what to do; raises `ValidationError` where it cannot be shown again."""
    record_type: Any = posted.get("record_type")
    if record_type not in ACTIONS:
        raise _wrong("record_type", f"must be one of {', '.join(ACTIONS)}")
    scope: Any = posted.get("scope", "picked")
    if scope not in get_args(Scope):
        raise _wrong("scope", f"must be one of {', '.join(get_args(Scope))}")
    wish = Wish(
        record_type,
        scope,
        where=posted.get("where", ""),
        ids=_ids("id", posted.getlist("id")),
        page=_ids("page", _split(posted.get("page", ""))),
        kept=_ids("kept", posted.getlist("kept")),
        action=posted.get("action", ""),
        value=_value(posted),
        reason=posted.get("reason", ""),
    )
    return _quick(replace(wish, wanted=_filter(wish)), posted.get("quick", ""))


def _split(text: str) -> list[str]:
    return text.split(",") if text else []


def _value(posted: Posted) -> str:
    """A capability is chosen from a list, all else is written; a page without scripts has both."""
    chosen = posted.get("capability", "") if posted.get("action", "").endswith("capability") else ""
    return (chosen or posted.get("value", ""))[: MAX_VALUE + 1]


def _quick(wish: Wish, name: str) -> Wish:
    if not name:
        return wish
    if name not in QUICK:
        raise _wrong("quick", f"must be one of {', '.join(QUICK)}")
    action, leaves_out = QUICK[name]
    kept = wish.ids if leaves_out else ()
    return replace(wish, scope="matching", action=action, ids=(), page=(), kept=kept, value="")


def read_change(wish: Wish) -> BulkChange:
    """The action with its argument; raises `ValidationError` for what it cannot be."""
    if not wish.action:
        raise _wrong("action", "choose what to do")
    if len(wish.value) > MAX_VALUE:
        raise _wrong("value", f"must have at most {MAX_VALUE:,} characters")
    return bulk_change(wish.record_type, wish.action, wish.value)


def read_selection(session: Session, wish: Wish, *, expect_all: bool = True) -> Selection:
    """The records that were asked for; raises `ValidationError` where there is none, or where
    one of those that were picked or excepted is not there (``expect_all``).
    """
    chosen = wish.ids if wish.scope == "picked" else wish.page
    if wish.scope != "matching" and not chosen:
        raise _wrong("id", "no row is selected: tick rows, or choose all that match")
    if expect_all:
        _check_there(
            session, wish, {*chosen, *wish.kept} if wish.scope != "matching" else {*wish.kept}
        )
    if wish.scope != "matching":
        return Selection(wish.record_type, ids=chosen)
    return Selection(wish.record_type, where=_where(session, wish), kept=wish.kept)


def _where(session: Session, wish: Wish) -> Any:
    """A query for the ids that the filter finds; None where it restricts nothing."""
    wanted: Any = wish.wanted
    if wanted is None or not wanted.restrictions():
        return None
    find: Any = matching_ids if wish.record_type == "entry" else matching_provider_model_ids
    return find(session, wanted)


def _filter(wish: Wish) -> RecordFilter:
    if len(wish.where) > MAX_WHERE:
        raise _wrong("where", "is too long")
    try:
        pairs = parse_qsl(wish.where, keep_blank_values=True, strict_parsing=bool(wish.where))
    except ValueError as exc:
        raise _wrong("where", "must be the query string of a list") from exc
    args = {name: value for name, value in pairs if value.strip()}
    if len(dict(pairs)) != len(pairs):
        raise _wrong("where", "has a parameter twice")
    if wish.record_type == "entry":
        return parse_entry_filter(args, also=("page",))
    return parse_provider_model_filter(args, also=("page",))


def _ids(name: str, texts: list[str]) -> tuple[int, ...]:
    if len(texts) > MAX_IDS:
        raise _wrong(name, f"at most {MAX_IDS:,} rows can be picked: choose all that match instead")
    ids = [read_row_id(text.strip()) for text in texts]
    if None in ids:
        raise _wrong(name, "must be the numbers of rows")
    return tuple(dict.fromkeys(number for number in ids if number is not None))


def _check_there(session: Session, wish: Wish, ids: set[int]) -> None:
    if not ids:
        return
    table = TABLES[wish.record_type]
    there = (visible(session, wish.record_type), among(session, table.id, ids))
    count = session.scalar(select(func.count()).select_from(table).where(*there)) or 0
    if count < len(ids):
        gone = len(ids) - count
        said = "1 of the rows is" if gone == 1 else f"{gone:,} of the rows are"
        raise _wrong("id", f"{said} not there (any more): look at the list again")


def _wrong(name: str, problem: str) -> ValidationError:
    return ValidationError(problem, [FieldProblem(name, problem)])
