"""Which provider models a list shows, in which order: from a query string, checked, and back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from app.queries.list_args import (
    FLAG_NAMES,
    PAGING,
    STATUSES,
    Reader,
    RecordFilter,
    check_ranges,
    dollars_per_million,
    one_of,
    read_filter,
    read_list,
    switch,
    text,
    whole,
    words,
)

SWITCHES = ("active", "available", "manual", "drift", "retired")
TEXTS = ("category", "family", "model_key")
RANGES = ("context", "prompt_price", "completion_price")
WHOLES = ("context_min", "context_max")
PRICES = tuple(f"{name}_{end}" for name in RANGES[1:] for end in ("min", "max"))
PROVIDER_ID = r"prov_[0-9A-Za-z_-]{1,27}"

# What a list can be sorted by: the scalar keys of the representation, and two of its prices.
SORTS = (
    *("id", "provider_id", "provider_vendor", "model_catalog_id", "model_public_id"),
    *("provider_original_model_id", "model_display_name", "category", "category_order_number"),
    *(
        "model_order_number",
        "prompt_price",
        "completion_price",
        "context_length",
        "family",
        *FLAG_NAMES,
    ),
    *("active", "available", "instruct_model_public_id", "status", "version"),
    *("created_at", "updated_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderModelFilter(RecordFilter):
    """A selection of provider models and its order; None does not restrict.

    `family` and the flags are those of the catalog entry. `model_key` is the id
    of an entry (any spelling), a provider's own id of a model, or a model's
    public id. `available` is whether the model, its entry and its provider are
    all switched on. `context` is the limit that the provider sets, in tokens; the
    prices are in dollars per million tokens.
    """

    SEARCH: ClassVar[str] = "search"

    provider_id: str | None = None
    model_key: str | None = None
    available: bool | None = None
    category: str | None = None
    family: str | None = None
    search: str | None = None
    context_min: int | None = None
    context_max: int | None = None
    prompt_price_min: Decimal | None = None
    prompt_price_max: Decimal | None = None
    completion_price_min: Decimal | None = None
    completion_price_max: Decimal | None = None


def _provider(value: str) -> str:
    found = text(value)
    if not re.fullmatch(PROVIDER_ID, found):
        raise ValueError("must be the id of a provider (prov_…)")
    return found


_READERS: dict[str, Reader] = {
    "search": words,
    "provider_id": _provider,
    "status": one_of(*STATUSES),
    **dict.fromkeys((*SWITCHES, *FLAG_NAMES), switch),
    **dict.fromkeys(TEXTS, text),
    **dict.fromkeys(WHOLES, whole),
    **dict.fromkeys(PRICES, dollars_per_million),
    "sort": one_of(*SORTS),
    "order": one_of("asc", "desc"),
}


def parse_provider_model_filter(
    args: Mapping[str, str], also: Iterable[str] = PAGING
) -> ProviderModelFilter:
    """Read the list parameters of a query string (a mapping or a werkzeug MultiDict).

    ``also`` are the names that somebody else reads. Raises `ValidationError` that
    lists every unknown, repeated or malformed parameter.
    """
    wanted = read_filter(ProviderModelFilter, _READERS, args, also)
    check_ranges(wanted, RANGES)
    return wanted


def parse_provider_model_list(args: Mapping[str, str]) -> tuple[ProviderModelFilter, int, int]:
    """Filter, limit and offset together; raises one `ValidationError` with all that is wrong."""
    return read_list(parse_provider_model_filter, args)
