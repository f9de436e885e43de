"""The kinds of records that the console lists and edits, by one set of code for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.blueprints.console.display import entry_path, provider_model_path
from app.core.fields import FIELDS, Field, RecordType
from app.queries.entries import get_entry_by_pk
from app.queries.provider_models import get_provider_model_by_pk


@dataclass(frozen=True, slots=True, eq=False)
class RecordKind:
    """What differs between catalog entries and provider models.

    ``prefix`` begins the addresses that change a record, ``row`` the ids of its
    rows; ``unnamed`` is the column that stands in for a missing display name,
    ``apart`` the one that tells records of one name apart, where names are shared.
    ``views`` are the pages on which its forms may stand, besides the table.
    """

    record_type: RecordType
    noun: str
    nouns: str
    title: str
    nothing: str
    fills: str
    prefix: str
    row: str
    table: str
    unnamed: str
    apart: str | None
    read: str
    edit: str
    views: tuple[str, ...]
    get: Callable[[Session, int], Any]
    path: Callable[[str], str]

    @property
    def fields(self) -> Mapping[str, Field]:
        return FIELDS[self.record_type]

    def name_of(self, record: Any) -> str:
        """What people call the record."""
        return str(record.model_display_name or getattr(record, self.unnamed))

    def spoken_name_of(self, record: Any) -> str:
        """What a screen reader says of it: many providers call a model by the same name."""
        name = self.name_of(record)
        return f"{name} of {getattr(record, self.apart)}" if self.apart else name

    def path_of(self, record: Any) -> str:
        """The address of its page."""
        return self.path(record.public_id)


ENTRY = RecordKind(
    record_type="entry",
    noun="entry",
    nouns="entries",
    title="Catalog",
    nothing="The catalog is empty",
    fills="It fills",
    prefix="/entries",
    row="entry",
    table="/catalog",
    unnamed="public_id",
    apart=None,
    read="admin:catalog:read",
    edit="admin:catalog:edit",
    views=("entry",),
    get=get_entry_by_pk,
    path=entry_path,
)
PROVIDER_MODEL = RecordKind(
    record_type="provider_model",
    noun="provider model",
    nouns="provider models",
    title="Provider models",
    nothing="No provider model yet",
    fills="They arrive",
    prefix="/provider-models",
    row="provider-model",
    table="/provider-models",
    unnamed="raw_id",
    apart="provider_name",
    read="admin:provider-model:read",
    edit="admin:provider-model:edit",
    views=("model", "entry"),
    get=get_provider_model_by_pk,
    path=provider_model_path,
)
KINDS: dict[RecordType, RecordKind] = {kind.record_type: kind for kind in (ENTRY, PROVIDER_MODEL)}
