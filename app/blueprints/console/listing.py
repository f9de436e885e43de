"""The state of the catalog table as its address says it: links, chips, pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from app.core.fields import CAPABILITIES, ENTRY_FIELDS, Field, Kind

PAGE_SIZE = 50
DEFAULT_SORT = ("model_display_name", "asc")
YES_NO = {"true": "yes", "false": "no"}
_LABELS = {field.name: field.label for field in ENTRY_FIELDS} | {
    "q": "Search",
    "status": "Status",
    "tag": "Tag",
    "manual": "Edited by hand",
    "drift": "Drift",
    "retired": "Retired",
}
FLAG_FILTERS = (
    *(f.name for f in CAPABILITIES),
    "experimental",
    "is_moderated",
)
FILTERS = (
    "q",
    "status",
    "family",
    "active",
    "manual",
    "drift",
    "retired",
    "tag",
    "requires_feature_flag",
    *FLAG_FILTERS,
)
_YES_NO_FILTERS = frozenset({"active", "manual", "drift", "retired", *FLAG_FILTERS})


class Chip(NamedTuple):
    """An active filter, and the address without it."""

    label: str
    value: str
    without: str


class Header(NamedTuple):
    """The head of a column; `address` sorts by it, None where it cannot."""

    label: str
    title: str
    style: str
    address: str | None
    order: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """Filters, order and page of the table."""

    args: Mapping[str, str]
    page: int

    @property
    def sort(self) -> tuple[str, str]:
        return self.args.get("sort", DEFAULT_SORT[0]), self.args.get("order", DEFAULT_SORT[1])

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def query_args(self) -> dict[str, str]:
        """What the filter parser is given: everything but the page, the order always."""
        sort, order = self.sort
        return {**self.args, "sort": sort, "order": order}

    def address(self, changes: Mapping[str, str | None] | None = None, *, page: int = 1) -> str:
        """The address of the table with some parameters changed; None takes one away."""
        args = {k: v for k, v in {**self.args, **(changes or {})}.items() if v is not None}
        if (args.get("sort"), args.get("order", "asc")) == DEFAULT_SORT:
            args.pop("sort", None)
            args.pop("order", None)
        if page > 1:
            args["page"] = str(page)
        return f"/catalog?{urlencode(args)}" if args else "/catalog"

    def here(self) -> str:
        """The address of exactly this view."""
        return self.address(page=self.page)

    def chips(self) -> list[Chip]:
        """The active filters, each with the address that lets it go."""
        return [
            Chip(_LABELS[name], _chip_value(name, self.args[name]), self.address({name: None}))
            for name in FILTERS
            if name in self.args
        ]

    def without_filters(self) -> str:
        return self.address(dict.fromkeys(FILTERS))

    def headers(self) -> Iterator[Header]:
        """The heads of the columns after the first, in the table's order."""
        yield self._header("status", "Status", "Where the values come from", "", sortable=True)
        for field in ENTRY_FIELDS[1:]:
            yield self.header(field)

    def header(self, field: Field) -> Header:
        style = {Kind.FLAG: "flag", Kind.INTEGER: "num"}.get(field.kind, "")
        label = field.short or field.label
        return self._header(field.name, label, field.help, style, sortable=field.sort)

    def _header(self, name: str, label: str, title: str, style: str, *, sortable: bool) -> Header:
        if not sortable:
            return Header(label, title, style, None, None)
        sort, order = self.sort
        current = order if sort == name else None
        turned = "desc" if current == "asc" else "asc"
        return Header(label, title, style, self.address({"sort": name, "order": turned}), current)


def parse_listing(args: Mapping[str, str]) -> Listing:
    """Reads the address: empty parameters (a form sends them all) and `page` are set apart."""
    given = {name: value.strip() for name, value in args.items() if value.strip()}
    page = given.pop("page", "1")
    return Listing(given, max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1)


def _chip_value(name: str, value: str) -> str:
    return YES_NO.get(value, value) if name in _YES_NO_FILTERS else value


@dataclass(frozen=True, slots=True)
class Pages:
    """Where in a list of `total` rows a page is."""

    page: int
    total: int
    size: int = PAGE_SIZE

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def first_row(self) -> int:
        return min((self.page - 1) * self.size + 1, self.total)

    @property
    def last_row(self) -> int:
        return min(self.page * self.size, self.total)
