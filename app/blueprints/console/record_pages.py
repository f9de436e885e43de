"""The page of one record of either kind: everything that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from app.blueprints.console.cells import State, state_of
from app.blueprints.console.kinds import ENTRY, RecordKind
from app.blueprints.console.ordering import place_of
from app.core.fields import CAPABILITIES, Field
from app.models import db, now
from app.queries.entries import EntryRow
from app.queries.model_order import get_suggestion
from app.queries.provider_models import ProviderModelRow
from app.queries.record_detail import (
    ClaimRow,
    FieldOrigin,
    list_aliases,
    list_claims,
    list_history,
    list_offers,
    list_overrides,
    origin_of,
)
from app.web.permissions import may


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field on a record's page."""

    field: Field
    state: State
    manual: bool
    origin: FieldOrigin


def record_context(kind: RecordKind, record: Any) -> dict[str, Any]:
    """What the record's page shows."""
    session = db.session()
    overrides = list_overrides(session, kind.record_type, record.id)
    claims = list_claims(session, kind.record_type, record.id)
    lines = [
        _line(record, f, origin_of(kind.record_type, record, f.name, overrides, claims))
        for f in kind.fields.values()
    ]
    own = _entry_context(record) if kind is ENTRY else _model_context(record)
    return {
        "kind": kind,
        "record": record,
        "name": kind.name_of(record),
        "lines": lines,
        "drifted": [line for line in lines if line.origin.has_drift],
        "claims": claims,
        "claimed": _claimed(kind, claims),
        "history": list_history(session, kind.record_type, record.id),
        "now": now(),
        "here": kind.path_of(record),
        "view": kind.views[0],
        "editable": may(kind.edit),
        "focus": request.args.get("field"),
        **own,
    }


def _entry_context(entry: EntryRow) -> dict[str, Any]:
    session = db.session()
    return {
        "entry": entry,  # for the links from and to other entries
        "aliases": list_aliases(session, entry.id),
        "offers": list_offers(session, entry.id),
    }


def _model_context(model: ProviderModelRow) -> dict[str, Any]:
    named = model.instruct_model_public_id
    return {
        "model": model,
        "instruct": get_suggestion(db.session(), named) if named else None,
        "place": place_of(db.session(), model),
        "capabilities": [f.label for f in CAPABILITIES if getattr(model, f.name)],
    }


def _line(record: Any, field: Field, origin: FieldOrigin) -> FieldLine:
    state = state_of(field, getattr(record, field.name))
    return FieldLine(field, state, field.name in record.manual_fields, origin)


def _claimed(kind: RecordKind, claims: list[ClaimRow]) -> list[Field]:
    """The fields that at least one feed says something about."""
    fields = kind.fields.values()
    return [f for f in fields if any(c.fields.get(f.name) is not None for c in claims)]
