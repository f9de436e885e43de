"""The field registry: each editable field of a record, described once.

Forms, table cells, filters, the API schema, diff labels, parsers and generic
tests read it. Adding a field is one line here, one column and one migration.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Kind(StrEnum):
    """What a field's value is; decides its check, its editor and its cell."""

    FLAG = "flag"  # true, false, or unknown (None)
    TEXT = "text"  # one line, at most 255 characters
    LONG_TEXT = "long_text"  # several lines
    INTEGER = "integer"  # a whole number of `Field.unit`
    TAGS = "tags"  # list of short strings, no repeats
    CHOICE = "choice"  # one line, chosen from what is in use or newly written
    ARCHITECTURE = "architecture"  # modalities, tokenizer, instruct type
    PARAMETERS = "parameters"  # names of request parameters and their defaults
    JSON = "json"  # any JSON object
    PRICING = "pricing"  # lines of unit and exact amount
    TOKEN_LIMITS = "token_limits"  # context and completion limits
    REFERENCE = "reference"  # the public id of another provider model


Owner = Literal["feeds", "operator"]
RecordType = Literal["entry", "provider_model"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    ``owner`` says who fills it: ``feeds`` (a sync keeps it current until a person
    decides) or ``operator`` (no sync writes it after creation). ``nullable``
    fields accept null from a person; unknown is null for every field of feeds.
    """

    name: str
    label: str
    kind: Kind
    help: str
    owner: Owner = "feeds"
    nullable: bool = False
    filter: bool = False
    sort: bool = False
    bulk: bool = False
    unit: str | None = None
    short: str | None = None


def _capability(name: str, label: str, help_text: str) -> Field:
    return Field(f"supports_{name}", label, Kind.FLAG, help_text, filter=True, sort=True, bulk=True)


ENTRY_FIELDS: tuple[Field, ...] = (
    Field(
        "model_display_name",
        "Display name",
        Kind.TEXT,
        "The name people see.",
        nullable=True,
        sort=True,
    ),
    Field(
        "active",
        "Active",
        Kind.FLAG,
        "Switched off, no provider's offer of this model is available.",
        owner="operator",
        filter=True,
        sort=True,
        bulk=True,
    ),
    _capability("tools", "Tools", "The model can call tools (functions)."),
    _capability("reasoning", "Reasoning", "The model can think before it answers."),
    _capability("images", "Images", "The model accepts images as input."),
    _capability("audio", "Audio", "The model accepts or produces audio."),
    _capability("video", "Video", "The model accepts video as input."),
    _capability("embeddings", "Embeddings", "The model turns text into vectors."),
    _capability("browser", "Browser", "The model can browse or search the web by itself."),
    _capability("instruct", "Instruct", "The model is tuned to follow instructions."),
    Field(
        "context_length",
        "Context",
        Kind.INTEGER,
        "The largest number of tokens that a request and its answer may hold together.",
        nullable=True,
        sort=True,
        unit="tokens",
    ),
    Field(
        "family",
        "Family",
        Kind.CHOICE,
        "The family of models it belongs to.",
        nullable=True,
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "experimental",
        "Experimental",
        Kind.FLAG,
        "Shown to users as not yet dependable.",
        owner="operator",
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "requires_feature_flag",
        "Feature flag",
        Kind.CHOICE,
        "Only users who have this feature flag are offered the model.",
        owner="operator",
        nullable=True,
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "is_moderated",
        "Moderated",
        Kind.FLAG,
        "The provider filters what goes in and out.",
        nullable=True,
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "tags",
        "Tags",
        Kind.TAGS,
        "Your own labels, to filter by.",
        owner="operator",
        bulk=True,
    ),
    Field(
        "description",
        "Description",
        Kind.LONG_TEXT,
        "What the model is, in a few sentences.",
        nullable=True,
    ),
    Field(
        "notes",
        "Notes",
        Kind.LONG_TEXT,
        "Remarks for your colleagues; no feed ever writes here.",
        owner="operator",
        nullable=True,
    ),
    Field(
        "architecture",
        "Architecture",
        Kind.ARCHITECTURE,
        "What goes in, what comes out, and how text is cut into tokens.",
    ),
    Field(
        "supported_parameters",
        "Parameters",
        Kind.PARAMETERS,
        "The request parameters the model understands, and their defaults.",
    ),
    Field(
        "extras",
        "Extras",
        Kind.JSON,
        "Everything else that is known, as a JSON object.",
    ),
)

PROVIDER_MODEL_FIELDS: tuple[Field, ...] = (
    Field(
        "model_display_name",
        "Display name",
        Kind.TEXT,
        "The name this provider's offer has.",
        nullable=True,
        sort=True,
    ),
    Field(
        "active",
        "Active",
        Kind.FLAG,
        "Switched off, this provider's offer is not available.",
        owner="operator",
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "category",
        "Category",
        Kind.CHOICE,
        "The group it is listed under.",
        owner="operator",
        nullable=True,
        filter=True,
        sort=True,
        bulk=True,
    ),
    Field(
        "category_order_number",
        "Category order",
        Kind.INTEGER,
        "The place of its category in lists.",
        owner="operator",
        nullable=True,
        sort=True,
    ),
    Field(
        "model_order_number",
        "Model order",
        Kind.INTEGER,
        "Its place within the category.",
        owner="operator",
        nullable=True,
        sort=True,
    ),
    Field(
        "pricing",
        "Prices",
        Kind.PRICING,
        "What the provider charges, line by line; exact.",
        unit="USD",
    ),
    Field(
        "token_limits",
        "Token limits",
        Kind.TOKEN_LIMITS,
        "The context and completion limits this provider sets.",
        nullable=True,
        unit="tokens",
    ),
    Field(
        "instruct_model_public_id",
        "Instruct model",
        Kind.REFERENCE,
        "The provider model that is this one's instruction-tuned sibling.",
        owner="operator",
        nullable=True,
    ),
)

FIELDS: dict[RecordType, dict[str, Field]] = {
    "entry": {f.name: f for f in ENTRY_FIELDS},
    "provider_model": {f.name: f for f in PROVIDER_MODEL_FIELDS},
}

CAPABILITIES: tuple[Field, ...] = tuple(f for f in ENTRY_FIELDS if f.name.startswith("supports_"))
CAPABILITY_NAMES = frozenset(f.name for f in CAPABILITIES)


def feed_fields(record_type: RecordType) -> Iterable[Field]:
    """The fields of a record that feeds fill, in registry order."""
    return (f for f in FIELDS[record_type].values() if f.owner == "feeds")
