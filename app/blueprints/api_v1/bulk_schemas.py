"""What the bulk calls and the undo take and give."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)

from app.blueprints.api_v1.schemas import ITEM
from app.core.fields import FIELDS
from app.core.values import MAX_TEXT, is_unicode

MAX_EXCEPT = 1_000
MAX_NAMES = 10_000
MAX_ID = 2**31 - 1
_NAME = ITEM


def _checked(limit: int, least: int = 0) -> AfterValidator:
    def read(names: list[str] | None) -> list[str] | None:
        if names is None:
            return None
        if len(names) > limit:
            raise ValueError(f"must have at most {limit} items (it has {len(names)})")
        trimmed = list(dict.fromkeys(name.strip() for name in names))
        if "" in trimmed:
            raise ValueError("must not contain an empty name")
        if len(trimmed) < least:
            raise ValueError("must name at least one")
        if any(len(name) > MAX_TEXT or "\x00" in name for name in trimmed):
            raise ValueError(f"must contain names of at most {MAX_TEXT} characters")
        if any(not is_unicode(name) for name in trimmed):
            raise ValueError("must be valid Unicode")
        return trimmed

    return AfterValidator(read)


def _schema(limit: int, item: dict[str, Any], least: int = 0) -> WithJsonSchema:
    schema = {"type": ["array", "null"], "items": item, "minItems": least, "maxItems": limit}
    return WithJsonSchema(schema)


_SOME = {"type": "array", "items": _NAME, "minItems": 1, "maxItems": MAX_NAMES}
_FIELD = {"type": "string", "enum": list(FIELDS["entry"])}
# Trimmed, and each once.
Names = Annotated[list[StrictStr] | None, _checked(MAX_NAMES), _schema(MAX_NAMES, _NAME)]
SomeNames = Annotated[list[StrictStr], _checked(MAX_NAMES, 1), WithJsonSchema(_SOME)]
Excepted = Annotated[list[StrictStr] | None, _checked(MAX_EXCEPT), _schema(MAX_EXCEPT, _NAME)]
FieldNames = Annotated[list[StrictStr] | None, _checked(100, 1), _schema(100, _FIELD, 1)]
ProviderId = Annotated[
    StrictStr | None, WithJsonSchema({"type": ["string", "null"], "maxLength": MAX_TEXT})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CatalogToggle(_Strict):
    """Which entries to switch, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enable": False, "dry_run": True}]})

    enable: StrictBool
    catalog_ids: Names = Field(
        default=None, description="Ids of entries, or other spellings; none: all entries."
    )
    except_models: Excepted = Field(
        default=None, description="Ids of entries that stay as they are."
    )
    dry_run: StrictBool = Field(default=False, description="Count, and change nothing.")


class ProviderModelToggle(_Strict):
    """Which provider models to switch, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"enable": False, "dry_run": True}]})

    enable: StrictBool
    provider_id: ProviderId = Field(
        default=None, description="Only this provider's; null: everybody's."
    )
    except_models: Excepted = Field(
        default=None,
        description=(
            "What stays as it is: ids of provider models, providers' own ids,"
            " or ids of catalog entries."
        ),
    )
    dry_run: StrictBool = Field(default=False, description="Count, and change nothing.")


class CatalogReset(_Strict):
    """Which entries go back to what the feeds say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"catalog_ids": ["openai/gpt-4o"], "fields": ["supports_tools"]}]
        }
    )

    catalog_ids: SomeNames
    fields: FieldNames = Field(
        default=None, description="Only these fields; null: everything that was decided."
    )


class BulkOutcome(BaseModel):
    """What a bulk call did."""

    updated_count: int = Field(description="Records that really changed.")
    skipped_count: int = Field(description="Records that stayed as they were.")
    failed_count: int = Field(description="Always 0: all of it happens, or nothing.")
    total_checked: int
    failed_models: list[str]
    batch_id: str | None = Field(description="What an undo takes; null where nothing changed.")


def whole(value: Any) -> Any:
    """3.0 is an integer in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


ChangeId = Annotated[
    StrictInt | None,
    Field(ge=1, le=MAX_ID),
    BeforeValidator(whole),
    WithJsonSchema({"type": ["integer", "null"], "minimum": 1, "maximum": MAX_ID}),
]


class UndoOrder(_Strict):
    """What of a batch to take back."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})

    change_id: ChangeId = Field(default=None, description="Only this change; null: all of them.")


class RefusedChange(BaseModel):
    """A change that stays, because the field was changed since."""

    record_type: str
    record: str
    field: str
    message: str


class UndoOutcome(BaseModel):
    """What an undo did."""

    batch_id: str = Field(description="The undo's own batch, which can be undone as well.")
    undone_count: int
    refused_count: int
    refused: list[RefusedChange] = Field(description="The first of them.")
