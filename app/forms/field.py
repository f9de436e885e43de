"""What the editor of one field is filled with, and what it sends: text in, checked value out.

The kind of a field decides its editor. `editor_data` prepares the template
`console/editors/<kind>.html`; `read_value` reads that template's inputs.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.fields import Field, Kind
from app.core.values import ARCHITECTURE_LISTS, ValueProblem, check, each_limit
from app.forms.prices import (
    read_pricing,
    sent_limits,
    sent_pricing,
    show_limits,
    show_pricing,
)

Posted = MultiDict[str, str]

MODALITIES = ("text", "image", "audio", "video", "pdf", "file", "embeddings")
FLAG_WORDS = {"true": True, "false": False, "": None}
MAX_REASON = 2_000
_GROUPED = re.compile(r"\d{1,3}([, _\u00a0\u2009\u202f']\d{3})+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")


@dataclass(slots=True)
class Editor:
    """One field's editor as the template needs it: after a failure with what was sent."""

    field: Field
    data: Mapping[str, Any]
    opened: str
    reason: str = ""
    problem: str | None = None
    choices: list[str] = dataclasses.field(default_factory=list)
    options: list[Any] = dataclasses.field(default_factory=list)
    chosen: Any = None


def opened_text(value: Any) -> str:
    """The value an editor is opened on, as the form carries it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def read_opened(text: str) -> Any:
    """The value the form was opened on; raises `ValueProblem` where it carries none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ValueProblem("the form is damaged; open it again") from exc


def read_reason(posted: Posted) -> str | None:
    """Why, in the person's words; None where nothing was written."""
    return posted.get("reason", "").replace("\x00", "").strip()[:MAX_REASON] or None


def read_value(to: Field, posted: Posted) -> Any:
    """The checked value that a form of this field holds; raises `ValueProblem`."""
    return check(to, _READ[to.kind](posted))


def editor_data(of: Field, value: Any) -> dict[str, Any]:
    """What the inputs of the field's editor show for a value."""
    return _SHOW.get(of.kind, _show_text)(value)


def sent_data(of: Field, posted: Posted, problem: ValueProblem | None = None) -> dict[str, Any]:
    """What the inputs show after a failure: exactly what was sent."""
    if of.kind is Kind.PRICING:
        return sent_pricing(posted, problem)
    if of.kind is Kind.TOKEN_LIMITS:
        return sent_limits(posted, problem)
    if of.kind is Kind.ARCHITECTURE:
        return _sent_architecture(posted)
    if of.kind is Kind.PARAMETERS:
        return _sent_parameters(posted)
    return {"text": posted.get("value", "")}


def _read_text(posted: Posted) -> str | None:
    text = posted.get("value", "")
    return text if text.strip() else None


def _read_flag(posted: Posted) -> bool | None:
    try:
        return FLAG_WORDS[posted.get("value", "")]
    except KeyError:
        raise ValueProblem("must be yes, no or unknown") from None


def _read_integer(posted: Posted, name: str = "value") -> int | None:
    text = posted.get(name, "").strip()
    if not text:
        return None
    digits = re.sub(r"\D", "", text) if _GROUPED.fullmatch(text) else text
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueProblem("must be a whole number, such as 128000 or 128,000")
    return int(digits) if len(digits) < 20 else 10**20


def _read_limits(posted: Posted) -> dict[str, int | None] | None:
    limits = each_limit(lambda name: _read_integer(posted, name))
    return None if all(limit is None for limit in limits.values()) else limits


def _read_list(text: str) -> list[str]:
    """Items between commas (or on lines of their own); quotes hold an item with a comma."""
    rows = csv.reader(text.splitlines(), skipinitialspace=True)
    try:
        return [item.strip() for row in rows for item in row if item.strip()]
    except csv.Error as exc:
        raise ValueProblem("must be a list with commas between the items") from exc


def write_list(items: list[str]) -> str:
    """A list as `_read_list` reads it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(items)
    return re.sub(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', ", ", out.getvalue())


def _read_architecture(posted: Posted) -> dict[str, Any] | None:
    value: dict[str, Any] = {
        name: posted.get(name, "").strip() or None
        for name in ("modality", "tokenizer", "instruct_type")
    }
    for name in ARCHITECTURE_LISTS:
        value[name] = posted.getlist(name) + _read_list(posted.get(f"{name}_more", ""))
    return value


def _read_parameters(posted: Posted) -> dict[str, Any]:
    names = posted.getlist("name") + _read_list(posted.get("more", ""))
    nulls = set(posted.getlist("null"))
    defaults: dict[str, Any] = {}
    for name, text in zip(posted.getlist("of"), posted.getlist("default"), strict=False):
        if text.strip():
            defaults[name] = _read_default(name, text.strip())
        elif name in nulls:
            defaults[name] = None
    return {"names": names, "default": defaults}


def _is_no_number(text: str) -> bool:
    return bool(text.strip()) and not _NUMBER.fullmatch(text.strip())


def _read_default(name: str, text: str) -> int | float:
    if _is_no_number(text):
        raise ValueProblem(f"the default of {name} must be a number, such as 0.7")
    # With so many digits a float says as well that the number is too large.
    whole = text.lstrip("+-").isdecimal() and len(text) < 300
    return int(text) if whole else float(text)


def _read_json(posted: Posted) -> Any:
    text = posted.get("value", "")
    if not text.strip():
        return {}
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueProblem:
        raise
    except json.JSONDecodeError as exc:
        place = f"line {exc.lineno}, column {exc.colno}"
        raise ValueProblem(f"is not JSON: {exc.msg} ({place})") from exc
    except RecursionError as exc:
        raise ValueProblem("is nested too deeply") from exc
    except ValueError as exc:
        raise ValueProblem("holds a number with too many digits") from exc


def _no_constant(name: str) -> Any:
    raise ValueProblem(f"must not contain {name}")


_READ: dict[Kind, Callable[[Posted], Any]] = {
    Kind.FLAG: _read_flag,
    Kind.TEXT: _read_text,
    Kind.LONG_TEXT: _read_text,
    Kind.CHOICE: _read_text,
    Kind.INTEGER: _read_integer,
    Kind.TAGS: lambda posted: _read_list(posted.get("value", "")),
    Kind.ARCHITECTURE: _read_architecture,
    Kind.PARAMETERS: _read_parameters,
    Kind.JSON: _read_json,
    Kind.PRICING: read_pricing,
    Kind.TOKEN_LIMITS: _read_limits,
    Kind.REFERENCE: _read_text,
}


def _show_text(value: Any) -> dict[str, Any]:
    return {"text": "" if value is None else str(value)}


def _show_flag(value: Any) -> dict[str, Any]:
    return {"text": "" if value is None else str(value).lower()}


def _show_tags(value: Any) -> dict[str, Any]:
    return {"text": write_list(value or [])}


def _show_json(value: Any) -> dict[str, Any]:
    return {"text": json.dumps(value or {}, ensure_ascii=False, indent=2, sort_keys=True)}


def _show_architecture(value: Any) -> dict[str, Any]:
    given = value or {}
    lists = {name: list(given.get(name) or ()) for name in ARCHITECTURE_LISTS}
    offered = {name: list(dict.fromkeys((*MODALITIES, *lists[name]))) for name in lists}
    texts = {name: given.get(name) or "" for name in ("modality", "tokenizer", "instruct_type")}
    return {**texts, **lists, "offered": offered, "more": dict.fromkeys(lists, "")}


def _sent_architecture(posted: Posted) -> dict[str, Any]:
    given: dict[str, Any] = {n: posted.get(n) for n in ("modality", "tokenizer", "instruct_type")}
    given |= {name: posted.getlist(name) for name in ARCHITECTURE_LISTS}
    more = {name: posted.get(f"{name}_more", "") for name in ARCHITECTURE_LISTS}
    return _show_architecture(given) | {"more": more}


def _show_parameters(value: Any) -> dict[str, Any]:
    given = value or {}
    names, defaults = given.get("names") or [], given.get("default") or {}
    rows = [
        {
            "name": name,
            "on": name in names,
            "default": "" if defaults.get(name) is None else str(defaults[name]),
            "null": name in defaults and defaults[name] is None,
        }
        for name in dict.fromkeys((*names, *defaults))
    ]
    return {"rows": rows, "more": ""}


def _sent_parameters(posted: Posted) -> dict[str, Any]:
    on, nulls = set(posted.getlist("name")), set(posted.getlist("null"))
    pairs = zip(posted.getlist("of"), posted.getlist("default"), strict=False)
    rows = [
        {"name": n, "on": n in on, "default": d, "null": n in nulls, "wrong": _is_no_number(d)}
        for n, d in pairs
    ]
    return {"rows": rows, "more": posted.get("more", "")}


_SHOW: dict[Kind, Callable[[Any], dict[str, Any]]] = {
    Kind.FLAG: _show_flag,
    Kind.TAGS: _show_tags,
    Kind.JSON: _show_json,
    Kind.ARCHITECTURE: _show_architecture,
    Kind.PARAMETERS: _show_parameters,
    Kind.PRICING: show_pricing,
    Kind.TOKEN_LIMITS: show_limits,
}
