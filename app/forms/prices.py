"""The editors of prices and token limits: lines of text in, a value out, or what is wrong where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.prices import UNITS, dollars, micro_dollars
from app.core.values import LIMITS, LimitsProblem, ValueProblem

Posted = MultiDict[str, str]
MAX_LINES = 50


class LinesProblem(ValueProblem):
    """Something is wrong with some lines of a form; ``lines`` says what, by line."""

    def __init__(self, lines: Mapping[int, str]) -> None:
        self.lines = dict(lines)
        several = len(self.lines) > 1
        super().__init__(f"cannot be saved: {'some lines are' if several else 'one line is'} wrong")


def _sent(posted: Posted) -> list[tuple[str, str]]:
    units, amounts = posted.getlist("unit"), posted.getlist("amount")
    if len(units) != len(amounts) or len(units) > MAX_LINES:
        raise ValueProblem("cannot be read: the form is damaged; open it again")
    return list(zip(units, (amount.strip() for amount in amounts), strict=True))


def read_pricing(posted: Posted) -> dict[str, Any]:
    """The value that lines of unit and dollars stand for; a line without an amount is no line."""
    lines: dict[str, dict[str, str]] = {}
    problems: dict[int, str] = {}
    for number, (unit, amount) in enumerate(_sent(posted)):
        if not amount:
            continue
        try:
            lines[unit] = _line(unit, amount, lines)
        except ValueProblem as problem:
            problems[number] = str(problem)
    if problems:
        raise LinesProblem(problems)
    return {"lines": list(lines.values())}


def _line(unit: str, amount: str, lines: Mapping[str, Any]) -> dict[str, str]:
    if not unit:
        raise ValueProblem("needs a unit")
    if unit not in UNITS:
        raise ValueProblem(f"has the unknown unit {unit[:40]!r}")
    if unit in lines:
        raise ValueProblem("is there twice: each unit has one price")
    return {"unit": unit, "amount_micro_usd": micro_dollars(unit, amount), "currency": "USD"}


def show_pricing(value: Any) -> dict[str, Any]:
    """The lines of a value, in dollars, and an empty one to add to."""
    lines = (value or {}).get("lines") or ()
    rows = [
        _row(
            line["unit"], dollars(line["unit"], line["amount_micro_usd"]), line["amount_micro_usd"]
        )
        for line in lines
    ]
    return {"rows": [*rows, _row("", "")], "units": UNITS}


def sent_pricing(posted: Posted, problem: ValueProblem | None) -> dict[str, Any]:
    """The lines as they were sent, each with what is wrong with it."""
    wrong = problem.lines if isinstance(problem, LinesProblem) else {}
    pairs = zip(posted.getlist("unit"), posted.getlist("amount"), strict=False)
    rows = [
        _row(unit, amount, _exact(unit, amount), wrong.get(number))
        for number, (unit, amount) in enumerate(list(pairs)[:MAX_LINES])
    ]
    return {"rows": rows or [_row("", "")], "units": UNITS}


def _row(
    unit: str, amount: str, exact: str | None = None, wrong: str | None = None
) -> dict[str, Any]:
    return {"unit": unit, "amount": amount, "exact": exact, "problem": wrong}


def _exact(unit: str, amount: str) -> str | None:
    try:
        return micro_dollars(unit, amount) if unit in UNITS else None
    except ValueProblem:
        return None


def show_limits(value: Any) -> dict[str, Any]:
    """The two limits as text; unknown is empty."""
    known = value or {}
    return {
        name: {"text": "" if known.get(name) is None else str(known[name]), "wrong": False}
        for name in LIMITS
    }


def sent_limits(posted: Posted, problem: ValueProblem | None) -> dict[str, Any]:
    """The two limits as they were sent, each with whether it is wrong."""
    wrong = problem.names if isinstance(problem, LimitsProblem) else frozenset()
    return {name: {"text": posted.get(name, ""), "wrong": name in wrong} for name in LIMITS}
