"""The form of a provider. What is acceptable the service says, in one place."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, IntegerField, PasswordField, SelectField, StringField

from app.core.errors import AlmanacError
from app.core.providers import CATEGORIES, DEFAULTS, LABELS
from app.core.values import MAX_INTEGER
from app.queries.providers import ProviderRow

ENDPOINT_COLUMNS = ("url", "weight", "priority", "healthy")
METADATA_COLUMNS = ("key", "value")
_CHOICES: Any = list(CATEGORIES)
Rows = list[dict[str, str]]


class ProviderForm(FlaskForm):  # type: ignore[misc]
    """A provider; its endpoints and metadata are rows beside these fields."""

    name = StringField(LABELS["name"])
    vendor = StringField(LABELS["vendor"])
    base_url = StringField(LABELS["base_url"])
    category = SelectField(LABELS["category"], choices=_CHOICES, validate_choice=False)
    default_provider_image_generate = BooleanField(LABELS["default_provider_image_generate"])
    default_provider_image_edit = BooleanField(LABELS["default_provider_image_edit"])
    api_key = PasswordField(LABELS["api_key"])
    remove_key = BooleanField("Remove the stored key")
    version = IntegerField("Version")


def provider_values(form: ProviderForm, posted: MultiDict[str, str]) -> dict[str, Any]:
    """What was sent, for the service to check; an empty key field leaves the key alone."""
    names = ("name", "vendor", "category", *DEFAULTS)
    values: dict[str, Any] = {name: form[name].data for name in names}
    values["base_url"] = (form.base_url.data or "").strip() or None
    values["endpoints"] = [_endpoint(row) for row in endpoint_rows(posted)]
    values["metadata"] = {row["key"]: row["value"] for row in metadata_rows(posted)}
    if form.remove_key.data:
        values["api_key"] = None
    elif form.api_key.data:
        values["api_key"] = form.api_key.data
    return values


def endpoint_rows(posted: MultiDict[str, str]) -> Rows:
    """The endpoints as they were typed; a row without a URL is none."""
    return [row for row in _rows(posted, "endpoint", ENDPOINT_COLUMNS) if row["url"].strip()]


def metadata_rows(posted: MultiDict[str, str]) -> Rows:
    """The metadata as it was typed; an empty row is none."""
    return [row for row in _rows(posted, "meta", METADATA_COLUMNS) if row["key"] or row["value"]]


def stored_rows(provider: ProviderRow) -> tuple[Rows, Rows]:
    """Endpoints and metadata as the form's rows show them."""
    endpoints = [
        {**{n: str(e[n]) for n in ("url", "weight", "priority")}, "healthy": _word(e["healthy"])}
        for e in provider.endpoints
    ]
    return endpoints, [{"key": key, "value": text} for key, text in provider.metadata.items()]


def twice(rows: Rows) -> str | None:
    """The first key that two rows of metadata have; an object would silently keep the last."""
    keys = [row["key"].strip() for row in rows]
    return next((key for key in keys if keys.count(key) > 1), None)


def problems_of(error: AlmanacError) -> dict[str, str]:
    """What is wrong, by field; under an empty name what belongs to none."""
    found = {detail.field: detail.message for detail in error.details}
    return found or {"": error.message}


def _rows(posted: MultiDict[str, str], name: str, columns: tuple[str, ...]) -> Rows:
    lists = [posted.getlist(f"{name}_{column}") for column in columns]
    return [dict(zip(columns, row, strict=True)) for row in zip_longest(*lists, fillvalue="")]


def _endpoint(row: dict[str, str]) -> dict[str, Any]:
    return {
        "url": row["url"].strip(),
        "weight": _number(row["weight"], 1),
        "priority": _number(row["priority"], 0),
        "healthy": row["healthy"] != "no",
    }


def _number(text: str, default: int) -> int | str:
    """A whole number; what is none stays as it was typed, for the service to refuse."""
    given = text.strip()
    if not given:
        return default
    short = len(given) <= len(str(MAX_INTEGER))
    return int(given) if given.isascii() and given.isdecimal() and short else given


def _word(healthy: bool) -> str:
    return "yes" if healthy else "no"
