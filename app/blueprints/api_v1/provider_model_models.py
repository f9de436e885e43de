"""What goes in and out of `/v1/admin/models/provider-models`, made from the field registry."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, create_model

from app.blueprints.api_v1.models import (
    EXACT_TEXT,
    MOMENT,
    NAMES,
    READ_ONLY,
    SWITCH,
    TOKENS,
    Strict,
    always,
    editable,
    ignored,
    list_parameters,
    parameter,
    search_parameter,
)
from app.blueprints.api_v1.schemas import SHOWN_PRICING, Schema, field_schema
from app.core.fields import CAPABILITIES, PROVIDER_MODEL_FIELDS, Kind
from app.core.fields import Field as RegistryField
from app.queries.provider_model_filter import PRICES, PROVIDER_ID, SORTS, SWITCHES, TEXTS, WHOLES

_TEXT: Schema = {"type": "string"}
_DOLLARS = parameter(
    {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,24})?$", "examples": ["0.15"]},
    "In dollars per million tokens; what is unknown is not found.",
)
# The keys of a provider model that nobody sets: shown, and ignored where they are sent back.
MODEL_READ_ONLY: dict[str, Schema] = {
    "id": {**_TEXT, "description": "`pmdl_…`"},
    "provider_id": {**_TEXT, "description": "`prov_…`"},
    "provider_vendor": _TEXT,
    "model_catalog_id": {**_TEXT, "description": "The same as `model_public_id`."},
    "model_public_id": {**_TEXT, "description": "The id of its catalog entry."},
    "provider_original_model_id": {**_TEXT, "description": "What the provider calls it."},
    "family": {"type": ["string", "null"], "description": "Of its catalog entry."},
    **{
        field.name: {"type": "boolean", "description": f"{field.help} Of its catalog entry."}
        for field in sorted(CAPABILITIES, key=lambda field: field.name)
    },
    "available": {
        "type": "boolean",
        "description": "Whether it, its catalog entry and its provider are all active.",
    },
    "status": READ_ONLY["status"],
    "manual_fields": {**NAMES, "description": "The fields a person decided."},
    "drift": READ_ONLY["drift"],
    "version": READ_ONLY["version"],
    "created_at": MOMENT,
    "updated_at": MOMENT,
}


class _ModelExample(Strict):
    READ_ONLY: ClassVar[frozenset[str]] = frozenset(MODEL_READ_ONLY)
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "active": True,
                    "pricing": {
                        "lines": [{"unit": "per_1k_prompt_tokens", "amount_micro_usd": 0.000125}]
                    },
                }
            ]
        }
    )


def _shown(field: RegistryField) -> Any:
    schema = field_schema(field)
    return always(schema | SHOWN_PRICING if field.kind is Kind.PRICING else schema)


ProviderModelPatch: type[Strict] = create_model(
    "ProviderModelPatch",
    __base__=_ModelExample,
    __doc__="Some fields of a provider model. Absent: untouched. Read-only keys are ignored.",
    **{field.name: editable(field) for field in PROVIDER_MODEL_FIELDS},
    **{name: ignored(schema) for name, schema in MODEL_READ_ONLY.items()},
)
ProviderModelShown: type[BaseModel] = create_model(
    "ProviderModel",
    __doc__="A model as one provider offers it. Every key is always there; null is unknown.",
    **{name: always(schema) for name, schema in MODEL_READ_ONLY.items()},
    **{field.name: _shown(field) for field in PROVIDER_MODEL_FIELDS},
)


class ProviderModelList(BaseModel):
    """A page of provider models."""

    data: list[ProviderModelShown]
    total: int = Field(description="How many provider models match the filter.")
    limit: int
    offset: int


ProviderModelQuery: type[BaseModel] = create_model(
    "ProviderModelQuery",
    __doc__="Which provider models, in which order. Read by `app.queries.provider_model_filter`.",
    search=search_parameter(
        "Part of the display name, the provider's id of it, its entry's id or its provider's name;"
        " case does not matter."
    ),
    **list_parameters(SORTS),
    **dict.fromkeys(SWITCHES, SWITCH),
    **dict.fromkeys(TEXTS, EXACT_TEXT),
    **dict.fromkeys(WHOLES, TOKENS),
    **dict.fromkeys(PRICES, _DOLLARS),
    provider_id=parameter({"type": "string", "pattern": f"^{PROVIDER_ID}$"}),
)
