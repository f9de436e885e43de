"""The parameters that every list has: read from a query string, checked, and back.

What a list can be filtered by is its own: `entry_filter`, `provider_model_filter`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from app.core.errors import FieldProblem, ValidationError
from app.core.fields import CAPABILITIES
from app.core.values import MAX_INTEGER, MAX_TEXT

STATUSES = ("init", "filled", "updated")
FLAG_NAMES = tuple(f.name for f in CAPABILITIES)
PAGING = ("limit", "offset")
MAX_LIMIT = 1_000
MAX_OFFSET = 10**9

Reader = Callable[[str], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """A selection of records and its order; None does not restrict.

    `manual` is whether a person decided anything, `drift` whether the feeds say
    something else than what is in force. A flag asked to be false is also found
    unknown, as the API shows it.
    """

    SEARCH: ClassVar[str]  # the parameter that searches

    status: str | None = None
    active: bool | None = None
    flags: Mapping[str, bool] = field(default_factory=dict)
    manual: bool | None = None
    drift: bool | None = None
    retired: bool | None = None
    sort: str = "created_at"
    order: Literal["asc", "desc"] = "desc"

    @property
    def words(self) -> str | None:
        """What is searched for."""
        found: str | None = getattr(self, self.SEARCH)
        return found

    def key(self) -> Hashable:
        """What two filters that select the same have in common, whatever their order."""
        return tuple(sorted(self.restrictions().items()))

    def restrictions(self) -> dict[str, Any]:
        """Everything that restricts, by parameter name."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("flags", "sort", "order"):
            del plain[name]
        return {name: v for name, v in {**plain, **self.flags}.items() if v is not None}

    def to_args(self) -> dict[str, str]:
        """The query string that is read as this filter; defaults left out."""
        args = {name: _written(value) for name, value in self.restrictions().items()}
        for name, default in (("sort", "created_at"), ("order", "desc")):
            if getattr(self, name) != default:
                args[name] = getattr(self, name)
        return args


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value).lower() if isinstance(value, bool) else str(value)


Filter = TypeVar("Filter", bound=RecordFilter)
Wanted = TypeVar("Wanted")


@runtime_checkable
class _Many(Protocol):
    def getlist(self, key: str, /) -> list[str]: ...


def read_filter(
    kind: type[Filter], readers: Mapping[str, Reader], args: Mapping[str, str], also: Iterable[str]
) -> Filter:
    """A filter from a query string (a mapping or a werkzeug MultiDict).

    ``also`` are the names that somebody else reads. Raises `ValidationError` that
    lists every unknown, repeated or malformed parameter.
    """
    found = read_args(readers, args, also)
    flags = {name: found.pop(name) for name in FLAG_NAMES if name in found}
    return kind(flags=flags, **found)


def read_args(
    readers: Mapping[str, Reader], args: Mapping[str, str], also: Iterable[str]
) -> dict[str, Any]:
    """What is read of a query string, by name; raises as `read_filter` does."""
    known = (*readers, *also)
    problems = [
        FieldProblem(name, f"is not a parameter here{nearest(name, known)}")
        for name in args
        if name not in known
    ]
    found: dict[str, Any] = {}
    for name, read in readers.items():
        if name in args:
            try:
                found[name] = read(_single(args, name))
            except ValueError as exc:
                problems.append(FieldProblem(name, str(exc)))
    _refuse(problems)
    return found


def parse_paging(args: Mapping[str, str], default_limit: int = 20) -> tuple[int, int]:
    """Read `limit` (1 to 1000) and `offset`; raises `ValidationError` naming a malformed one."""
    found = {"limit": default_limit, "offset": 0}
    problems = []
    for name, lowest, highest in (("limit", 1, MAX_LIMIT), ("offset", 0, MAX_OFFSET)):
        if name in args:
            try:
                found[name] = _whole(_single(args, name), lowest, highest)
            except ValueError as exc:
                problems.append(FieldProblem(name, str(exc)))
    _refuse(problems)
    return found["limit"], found["offset"]


def read_list(
    parse: Callable[[Mapping[str, str]], Wanted], args: Mapping[str, str]
) -> tuple[Wanted, int, int]:
    """Filter, limit and offset together; raises one `ValidationError` with all that is wrong."""
    problems: list[FieldProblem] = []
    wanted, paging = None, (0, 0)
    try:
        wanted = parse(args)
    except ValidationError as exc:
        problems += exc.details
    try:
        paging = parse_paging(args)
    except ValidationError as exc:
        problems += exc.details
    _refuse(problems)
    if wanted is None:
        raise ValidationError("the parameters cannot be read")
    return wanted, *paging


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the known name most like it: one that holds it, if any does.

    Empty where no name is like it at all.
    """
    word, names = name[:MAX_TEXT].lower(), list(known)
    holding = [one for one in names if word and word in one]
    close = difflib.get_close_matches(word, holding or names, n=1, cutoff=0.0 if holding else 0.4)
    return f" (did you mean {close[0]!r}?)" if close else ""


def switch(value: str) -> bool:
    """Reads true or false."""
    if value.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return value.lower() == "true"


def words(value: str) -> str | None:
    """Reads a search: surrounding spaces do not count, and nothing is no search."""
    if "\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise ValueError("must be valid text")
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return value.strip() or None


def text(value: str) -> str:
    """Reads a value to be equal to."""
    found = words(value)
    if found is None:
        raise ValueError("must not be empty")
    return found


def whole(value: str) -> int:
    """Reads a number of tokens."""
    return _whole(value, 0, MAX_INTEGER)


def dollars_per_million(value: str) -> Decimal:
    """Reads a price in dollars per million tokens, exact."""
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,24})?", value):
        raise ValueError("must be dollars per million tokens, such as 0.15")
    return Decimal(value)


def check_ranges(wanted: RecordFilter, names: Iterable[str]) -> None:
    """Refuse a range whose end lies below its beginning; raises `ValidationError`."""
    problems = []
    for name in names:
        least, most = (getattr(wanted, f"{name}_{end}") for end in ("min", "max"))
        if least is not None and most is not None and most < least:
            problems.append(FieldProblem(f"{name}_max", f"must not be below {name}_min"))
    _refuse(problems)


def one_of(*accepted: str) -> Reader:
    """A reader of one of these words."""

    def read(value: str) -> str:
        if value not in accepted:
            hint = nearest(value, accepted)
            raise ValueError(f"must be one of {', '.join(accepted)}{hint}")
        return value

    return read


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        message = "; ".join(f"{problem.field} {problem.message}" for problem in problems[:5])
        raise ValidationError(message, problems)


def _single(args: Mapping[str, str], name: str) -> str:
    if isinstance(args, _Many) and len(args.getlist(name)) > 1:
        raise ValueError("is given more than once")
    return args[name]


def _whole(value: str, lowest: int, highest: int) -> int:
    if not re.fullmatch(r"[0-9]{1,16}", value) or not lowest <= int(value) <= highest:
        raise ValueError(f"must be a whole number from {lowest} to {highest}")
    return int(value)
