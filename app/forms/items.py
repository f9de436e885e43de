"""Which items of sync runs a person ticked, or meant by a filter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, get_args
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict

from app.core.errors import FieldProblem, ValidationError
from app.core.row_ids import read_row_id
from app.forms.bulk import MAX_IDS, MAX_WHERE, Scope

Decision = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class ItemWish:
    """What was sent: ``ids`` are ticked, ``page`` those of the page, ``where`` a list's filter."""

    scope: Scope
    where: str = ""
    ids: tuple[int, ...] = ()
    page: tuple[int, ...] = ()

    def hidden(self) -> Iterator[tuple[str, str]]:
        """All of it as hidden inputs of the next form."""
        yield "scope", self.scope
        yield "where", self.where
        for row_id in self.ids:
            yield "id", str(row_id)
        if self.page:
            yield "page", ",".join(map(str, self.page))

    def chosen(self) -> tuple[int, ...] | None:
        """The row ids; None where the filter says it. Raises `ValidationError` for none at all."""
        if self.scope == "matching":
            return None
        ids = self.ids if self.scope == "picked" else self.page
        if not ids:
            _refuse("id", "no row is selected: tick rows, or choose all that match")
        return ids

    def args(self) -> Mapping[str, str]:
        """The filter as the parameters of its list; raises `ValidationError`."""
        if len(self.where) > MAX_WHERE:
            _refuse("where", "is too long")
        try:
            pairs = parse_qsl(self.where, keep_blank_values=True, strict_parsing=bool(self.where))
        except ValueError:
            _refuse("where", "must be the query string of a list")
        if len(dict(pairs)) != len(pairs):
            _refuse("where", "has a parameter twice")
        return dict(pairs)


def read_item_wish(posted: MultiDict[str, str]) -> ItemWish:
    """Which items; raises `ValidationError` for what no form of ours sends."""
    scope: Any = posted.get("scope", "picked")
    if scope not in get_args(Scope):
        _refuse("scope", f"must be one of {', '.join(get_args(Scope))}")
    page = posted.get("page", "")
    return ItemWish(
        scope,
        posted.get("where", ""),
        _ids("id", posted.getlist("id")),
        _ids("page", page.split(",") if page else []),
    )


def read_decision(text: str) -> Decision:
    """What to do; raises `ValidationError`."""
    if text not in get_args(Decision):
        _refuse("action", "must be approve or reject")
    decision: Any = text
    return decision  # type: ignore[no-any-return]


def read_item_id(text: str) -> int:
    """The row id of an item; raises `ValidationError`."""
    return _ids("id", [text])[0]


def _ids(name: str, texts: list[str]) -> tuple[int, ...]:
    if len(texts) > MAX_IDS:
        _refuse(name, f"at most {MAX_IDS:,} rows can be ticked: choose all that match instead")
    found = [read_row_id(text.strip()) for text in texts]
    if None in found:
        _refuse(name, "must be the numbers of rows")
    return tuple(dict.fromkeys(number for number in found if number is not None))


def _refuse(name: str, problem: str) -> NoReturn:
    raise ValidationError(problem, [FieldProblem(name, problem)])
