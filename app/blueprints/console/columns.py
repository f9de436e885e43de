"""The columns of the tables: what may be chosen, what each shows, and what its head says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.blueprints.console import cell_texts as texts
from app.blueprints.console.cell_texts import Text
from app.core.fields import CAPABILITIES, ENTRY_FIELDS, FIELDS, Field, Kind, RecordType
from app.core.prices import UNITS

_HEAD_STYLES = {
    Kind.FLAG: "flag",
    Kind.INTEGER: "num",
    Kind.PRICING: "num",
    Kind.TOKEN_LIMITS: "num",
}
_OWNERS = {
    "feeds": "Filled by the feeds, until you decide.",
    "operator": "Yours: no feed writes it.",
}
_DERIVED = "Follows from the rest; nothing to edit."


@dataclass(frozen=True, slots=True)
class Column:
    """One column after the first. ``text`` gives what a cell holds, escaped, '' for nothing;
    it is None beside a flag, which needs no text. ``field`` is None where nothing is edited.

    ``reads`` are the columns of the record that it is made of; ``shown``: unless a
    person chooses otherwise.
    """

    name: str
    label: str
    help: str
    style: str
    sort: str | None
    field: Field | None
    text: Text | None
    reads: tuple[str, ...]
    shown: bool = True

    @property
    def meaning(self) -> str:
        """What it means, in which unit, and who fills it: one hover or focus away."""
        return meaning_of(self.field, self.help)


def meaning_of(field: Field | None, help_text: str) -> str:
    """A field's meaning, unit and owner as one text; for what is no field only its meaning."""
    sentence = help_text if help_text.endswith((".", "?", "!")) else f"{help_text}."
    if field is None:
        return f"{sentence} {_DERIVED}"
    unit = f" In {field.unit}." if field.unit else ""
    return f"{sentence}{unit} {_OWNERS[field.owner]}"


def _of_field(
    field: Field, text: Text | None = None, label: str | None = None, sort: str | None = None
) -> Column:
    if field.kind is not Kind.FLAG and text is None:
        text = texts.tags if field.kind is Kind.TAGS else texts.of_field(field)
    return Column(
        field.name,
        label or field.short or field.label,
        field.help,
        _HEAD_STYLES.get(field.kind, ""),
        field.name if field.sort else sort,
        field,
        text,
        (field.name,),
    )


def _read_only(
    name: str,
    label: str,
    help_text: str,
    text: Text,
    reads: Iterable[str],
    *,
    sort: str | None = None,
    style: str = "",
    shown: bool = True,
) -> Column:
    return Column(name, label, help_text, style, sort, None, text, tuple(reads), shown)


def _more(
    name: str,
    label: str,
    help_text: str,
    text: Text,
    *,
    sort: str | None = "its name",
    style: str = "",
    reads: str | None = None,
) -> Column:
    """A column that is shown to those who choose it; of a column of the record, and sorted by it,
    where nothing else is said.
    """
    return _read_only(
        name,
        label,
        help_text,
        text,
        (reads or name,),
        sort=name if sort == "its name" else sort,
        style=style,
        shown=False,
    )


def _status(noun: str) -> Column:
    return _read_only(
        "status",
        "Status",
        "Where the values come from: init (only its id is known), filled by feeds, or updated"
        " by a person",
        texts.status(noun),
        ("status", "protection", "retired_at"),
        sort="status",
    )


def _state(record_type: RecordType) -> tuple[Column, ...]:
    """What is known about any record besides its fields."""
    times = (
        ("created_at", "Created", "When it was first seen (UTC)"),
        ("updated_at", "Updated", "When a value in force was last changed (UTC)"),
        ("last_synced_at", "Last synced", "When a feed last named it (UTC)"),
        ("retired_at", "Retired on", "When it was found gone from every feed (UTC)"),
    )
    # Provider models have no index for the other two moments.
    sorts = {name for name, *_ in times[: 4 if record_type == "entry" else 2]}
    names = (
        ("manual_fields", "Edited fields", "The fields that a person decided"),
        (
            "drift",
            "Drifting fields",
            "The fields of which the feeds say something else than what is in force",
        ),
    )
    feeds = "The feeds that its values come from"
    changes = "How often it was changed, and one more"
    return (
        *(
            _more(name, label, said, texts.time(name), sort=name if name in sorts else None)
            for name, label, said in times
        ),
        _more("version", "Version", changes, texts.number("version"), style="num"),
        _more("sources", "Sources", feeds, texts.sources, sort=None),
        *(
            _more(name, label, said, texts.field_names(record_type, name), sort=None)
            for name, label, said in names
        ),
    )


def _prices() -> tuple[Column, ...]:
    """One column for each unit that a provider may charge for."""
    sorts = {texts.PROMPT: "prompt_price", texts.COMPLETION: "completion_price"}
    found = []
    for unit, about in UNITS.items():
        short = "$/M" if about.per == "per million" else "$ each"
        per = "million tokens" if about.per == "per million" else "unit"
        found.append(
            _more(
                unit,
                f"{about.label.removesuffix(' tokens')} {short}",
                f"What the provider charges for {about.label.lower()}, in dollars per {per}",
                texts.one_price(unit),
                sort=sorts.get(unit),
                style="num",
                reads="pricing",
            )
        )
    return tuple(found)


_MODEL = FIELDS["provider_model"]
_ENTRY_COLUMNS = (
    _status("entry"),
    *(_of_field(field) for field in ENTRY_FIELDS[1:]),
    *_state("entry"),
)
_MODEL_COLUMNS = (
    _status("provider model"),
    _read_only(
        "provider",
        "Provider",
        "Who offers it",
        texts.provider,
        ("provider_id", "provider_name"),
        sort="provider_vendor",
    ),
    _read_only(
        "entry",
        "Catalog entry",
        "The model it is",
        texts.entry,
        ("entry_id",),
        sort="model_public_id",
    ),
    _of_field(_MODEL["active"]),
    _read_only(
        "available",
        "Available",
        "On when its own switch, its entry's and its provider's are all on",
        texts.available,
        ("active", "entry_active", "provider_active"),
        sort="available",
    ),
    _of_field(_MODEL["pricing"], texts.prices, "$ per M in / out", "prompt_price"),
    _of_field(_MODEL["token_limits"], texts.limits, "Context / output", "context_length"),
    _of_field(_MODEL["category"]),
    _of_field(_MODEL["category_order_number"]),
    _of_field(_MODEL["model_order_number"]),
    _of_field(_MODEL["instruct_model_public_id"]),
    _read_only(
        "family",
        "Family",
        "Its catalog entry's",
        texts.plain("family"),
        ("family",),
        sort="family",
    ),
    _read_only(
        "capabilities",
        "Capabilities",
        "Those of its catalog entry",
        texts.capabilities,
        (field.name for field in CAPABILITIES),
    ),
    _more(
        "raw_id",
        "Provider's id",
        "What the provider itself calls it",
        texts.plain("raw_id"),
        sort="provider_original_model_id",
    ),
    _more(
        "provider_vendor",
        "Vendor",
        "The short name of who offers it",
        texts.plain("provider_vendor"),
    ),
    *_prices(),
    *_state("provider_model"),
)
COLUMNS: dict[RecordType, tuple[Column, ...]] = {
    "entry": _ENTRY_COLUMNS,
    "provider_model": _MODEL_COLUMNS,
}
BY_NAME = {kind: {column.name: column for column in columns} for kind, columns in COLUMNS.items()}
USUAL = {
    kind: tuple(column.name for column in columns if column.shown)
    for kind, columns in COLUMNS.items()
}
NAME = ENTRY_FIELDS[0].name  # the display name of either kind: it shares the first column
# What every row needs, whatever is shown of it.
_ROW = ("id", "public_id", NAME, "manual_fields", "drift", "retired_at", "active")
_ROWS: dict[RecordType, tuple[str, ...]] = {
    "entry": _ROW,
    "provider_model": (*_ROW, "raw_id", "provider_name"),
}


def columns_read(record_type: RecordType, names: Iterable[str]) -> tuple[str, ...]:
    """The columns of the record that a table of these columns is made of."""
    chosen = (BY_NAME[record_type][name].reads for name in names)
    read = (*_ROWS[record_type], *(part for reads in chosen for part in reads))
    return tuple(dict.fromkeys(read))
