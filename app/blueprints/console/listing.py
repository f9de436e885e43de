"""The state of a table as its address says it: links, chips, pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from app.blueprints.console.columns import BY_NAME, NAME, Column, meaning_of
from app.core.fields import CAPABILITIES, FIELDS, RecordType

PAGE_SIZE = 50
# What the address says of the look of the table; no filter.
LAYOUT = ("columns", "density", "view")
YES_NO = {"true": "yes", "false": "no"}
FLAG_FILTERS = (
    *(f.name for f in CAPABILITIES),
    "experimental",
    "is_moderated",
)
_CAPABILITIES = tuple(f.name for f in CAPABILITIES)
_LABELS = {
    "q": "Search",
    "search": "Search",
    "provider_id": "Provider",
    "model_key": "Model",
    "available": "Available",
    "status": "Status",
    "tag": "Tag",
    "manual": "Edited by hand",
    "drift": "Drift",
    "retired": "Retired",
    "context_min": "Context from",
    "context_max": "Context up to",
    "prompt_price_min": "Input price from",
    "prompt_price_max": "Input price up to",
    "completion_price_min": "Output price from",
    "completion_price_max": "Output price up to",
}


_MEANINGS = {
    "provider_id": "Who offers it",
    "available": "On when its own switch, its entry's and its provider's are all on",
    "status": "Init: only its id is known. Filled: by feeds. Updated: by a person",
    "tag": "One of your own labels",
    "manual": "Whether a person decided any of its fields",
    "drift": "Whether the feeds say something else than what is in force",
    "retired": "Whether it is gone from every feed",
}


class Range(NamedTuple):
    """A number to be filtered by, in some unit; ``step`` is the smallest difference."""

    name: str
    label: str
    unit: str
    meaning: str
    step: str

    @property
    def ends(self) -> tuple[str, str]:
        """The parameters of the lowest and the highest number."""
        return f"{self.name}_min", f"{self.name}_max"


_PER_MILLION = "$ per million"
_INPUT = Range(
    "prompt_price", "Input price", _PER_MILLION, "What a million input tokens cost", "any"
)
_OUTPUT = Range(
    "completion_price", "Output price", _PER_MILLION, "What a million output tokens cost", "any"
)


def _context(meaning: str) -> Range:
    return Range("context", "Context", "tokens", meaning, "1")


def _ends(ranges: Iterable[Range]) -> tuple[str, ...]:
    return tuple(end for one in ranges for end in one.ends)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table: its address, its filters in the order of their chips, its usual order.

    ``ranges`` are what can be filtered from a number up to another.
    """

    record_type: RecordType
    path: str
    title: str
    search: str
    searched: str
    default_sort: tuple[str, str]
    filters: tuple[str, ...]
    yes_no: frozenset[str]
    ranges: tuple[Range, ...]

    def label_of(self, name: str) -> str:
        """What people call a filter."""
        fields = FIELDS["entry"] | FIELDS[self.record_type]
        return fields[name].label if name in fields else _LABELS[name]

    def meaning_of(self, name: str) -> str:
        """What a filter is about, in which unit, and who fills it."""
        field = (FIELDS["entry"] | FIELDS[self.record_type]).get(name)
        return meaning_of(field, field.help if field else _MEANINGS[name])


_SWITCHES = ("active", "manual", "drift", "retired")
_ENTRY_RANGES = (_context("The largest number of tokens a request and its answer may hold"),)
_MODEL_RANGES = (_context("The limit that the provider sets"), _INPUT, _OUTPUT)
CATALOG = Table(
    record_type="entry",
    path="/catalog",
    title="Catalog",
    search="q",
    searched="id, name, family, description, tags",
    default_sort=("model_display_name", "asc"),
    filters=(
        *("q", "status", "family", *_SWITCHES),
        *("tag", "requires_feature_flag", *FLAG_FILTERS, *_ends(_ENTRY_RANGES)),
    ),
    yes_no=frozenset({*_SWITCHES, *FLAG_FILTERS}),
    ranges=_ENTRY_RANGES,
)
PROVIDER_MODELS = Table(
    record_type="provider_model",
    path="/provider-models",
    title="Provider models",
    search="search",
    searched="id, name, catalog entry",
    default_sort=("model_display_name", "asc"),
    filters=(
        *("search", "provider_id", "category", "family", "model_key", "status"),
        *("available", *_SWITCHES, *_CAPABILITIES, *_ends(_MODEL_RANGES)),
    ),
    yes_no=frozenset({"available", *_SWITCHES, *_CAPABILITIES}),
    ranges=_MODEL_RANGES,
)
TABLES = {table.record_type: table for table in (CATALOG, PROVIDER_MODELS)}


class Chip(NamedTuple):
    """An active filter, and the address without it."""

    label: str
    value: str
    without: str


class Header(NamedTuple):
    """The head of a column; `address` sorts by it, None where it cannot."""

    name: str
    label: str
    meaning: str
    style: str
    address: str | None = None
    order: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """Filters, order and page of a table.

    ``bare`` is what its address has where nothing is asked for: `view=none` leads past the
    view that a person's table opens with.
    """

    args: Mapping[str, str]
    page: int
    table: Table = CATALOG
    bare: str = ""

    @property
    def sort(self) -> tuple[str, str]:
        default = self.table.default_sort
        return self.args.get("sort", default[0]), self.args.get("order", default[1])

    @property
    def offset(self) -> int:
        return (self.page - 1) * PAGE_SIZE

    def query_args(self) -> dict[str, str]:
        """What the filter parser is given: the filters, the order always."""
        sort, order = self.sort
        return {**self.filter_args(), "sort": sort, "order": order}

    def filter_args(self) -> dict[str, str]:
        """What the address says of the records, not of their look."""
        return {name: value for name, value in self.args.items() if name not in LAYOUT}

    def address(self, changes: Mapping[str, str | None] | None = None, *, page: int = 1) -> str:
        """The address of the table with some parameters changed; None takes one away."""
        args = {k: v for k, v in {**self.args, **(changes or {})}.items() if v is not None}
        if (args.get("sort"), args.get("order", "asc")) == self.table.default_sort:
            args.pop("sort", None)
            args.pop("order", None)
        if page > 1:
            args["page"] = str(page)
        query = urlencode(args) or self.bare
        return f"{self.table.path}?{query}" if query else self.table.path

    def here(self) -> str:
        """The address of exactly this view."""
        return self.address(page=self.page)

    def chips(self, names: Mapping[str, Mapping[str, str]] | None = None) -> list[Chip]:
        """The active filters, each with the address that lets it go.

        ``names`` are the words for values that people do not know by themselves.
        """
        return [
            Chip(
                self.table.label_of(name),
                (names or {}).get(name, {}).get(self.args[name]) or self._value(name),
                self.address({name: None}),
            )
            for name in self.table.filters
            if name in self.args
        ]

    def _value(self, name: str) -> str:
        value = self.args[name]
        if name.startswith("context_") and value.isdecimal():
            return f"{int(value):,} tokens"
        if "_price_" in name:
            return f"${value} per million"
        return YES_NO.get(value, value) if name in self.table.yes_no else value

    @property
    def has_order(self) -> bool:
        """Whether it is one category, perhaps of one provider: what can be put in order."""
        filters = {name for name in self.table.filters if name in self.args}
        return "category" in filters and filters <= {"category", "provider_id"}

    @property
    def is_ordered(self) -> bool:
        """Whether it shows a category in its order, and nothing else."""
        return self.has_order and self.sort == ("model_order_number", "asc")

    def in_order(self) -> str:
        """The address of the same in the order of the category."""
        return self.address({"sort": "model_order_number", "order": "asc"})

    def with_layout(self, layout: Mapping[str, str | None]) -> str:
        """The address of the same page with another look; None takes a parameter away."""
        return self.address(layout, page=self.page)

    def without_filters(self) -> str:
        return self.address({**dict.fromkeys(self.table.filters), "view": None})

    def headers(self, columns: Iterable[str]) -> Iterator[Header]:
        """The heads of the columns after the first."""
        known = BY_NAME[self.table.record_type]
        for column in (known[name] for name in columns):
            yield self._header(column)

    def name_header(self) -> Header:
        """The head of the first column."""
        field = FIELDS[self.table.record_type][NAME]
        return self._sorting(NAME, Header(NAME, "Model", meaning_of(field, field.help), "who"))

    def _header(self, column: Column) -> Header:
        head = Header(column.name, column.label, column.meaning, column.style)
        return self._sorting(column.sort, head)

    def _sorting(self, sorts_by: str | None, head: Header) -> Header:
        if sorts_by is None:
            return head
        sort, order = self.sort
        current = order if sort == sorts_by else None
        turned = "desc" if current == "asc" else "asc"
        address = self.address({"sort": sorts_by, "order": turned})
        return head._replace(address=address, order=current)


def filter_chips(
    path: str,
    args: Mapping[str, str],
    labels: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]] | None = None,
) -> list[Chip]:
    """As `Listing.chips`, for a list that is none of the tables; filters without a label are not
    named, but kept.
    """
    return [
        Chip(
            label,
            (words or {}).get(name, {}).get(args[name], args[name]),
            address_of(path, {key: value for key, value in args.items() if key != name}),
        )
        for name, label in labels.items()
        if name in args
    ]


def address_of(path: str, args: Mapping[str, Any]) -> str:
    """A path with its parameters, if there are any."""
    return f"{path}?{urlencode(args)}" if args else path


def parse_address(address: str, table: Table) -> Listing:
    """The state that an address of the table says."""
    return parse_listing(dict(parse_qsl(urlsplit(address).query)), table)


def parse_listing(args: Mapping[str, str], table: Table = CATALOG) -> Listing:
    """Reads the address: empty parameters (a form sends them all) and `page` are set apart."""
    given = {name: value.strip() for name, value in args.items() if value.strip()}
    page = given.pop("page", "1")
    return Listing(given, max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1, table)


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
