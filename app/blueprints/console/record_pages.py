"""The page of one record of either kind: everything that is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from flask import request

from app.blueprints.console.cells import State, state_of
from app.blueprints.console.display import label_of
from app.blueprints.console.kinds import ENTRY, RecordKind
from app.blueprints.console.ordering import place_of
from app.blueprints.console.plots import entry_plots, model_plots, price_steps
from app.core.errors import FieldProblem, ValidationError
from app.core.fields import CAPABILITIES, Field
from app.models import db, now
from app.queries.entries import EntryRow
from app.queries.history import (
    HeldRow,
    list_changed_fields,
    list_held,
    list_history,
    since_when,
)
from app.queries.list_args import read_args, text
from app.queries.model_order import get_suggestion
from app.queries.provider_models import ProviderModelRow
from app.queries.record_detail import (
    FieldOrigin,
    list_aliases,
    list_claims,
    list_offers,
    list_overrides,
    origin_of,
)
from app.web.addresses import read_row_id
from app.web.permissions import may


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field on a record's page."""

    field: Field
    state: State
    manual: bool
    origin: FieldOrigin
    since: int | None
    held: tuple[HeldRow, ...]


def record_context(kind: RecordKind, record: Any) -> dict[str, Any]:
    """What the record's page shows."""
    session = db.session()
    overrides = list_overrides(session, kind.record_type, record.id)
    claims = list_claims(session, kind.record_type, record.id)
    held = list_held(session, kind.record_type, record.id)
    since = since_when(session, kind.record_type, record.id)
    lines = [
        FieldLine(
            f,
            state_of(f, getattr(record, f.name)),
            f.name in record.manual_fields,
            origin := origin_of(kind.record_type, record, f.name, overrides, claims),
            _since(record, origin, since.get(f.name)),
            tuple(row for row in held if row.field == f.name),
        )
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
        "held": held,
        "mark": mark_of(record, claims, held, own.get("offers")),
        **_history_context(kind, record),
        "now": now(),
        "view": kind.views[0],
        "editable": may(kind.edit),
        **own,
    }


def live_mark(kind: RecordKind, record: Any) -> str:
    """The mark of the record's page as it would be now."""
    session = db.session()
    claims = list_claims(session, kind.record_type, record.id)
    held = list_held(session, kind.record_type, record.id)
    offers = list_offers(session, record.id) if kind is ENTRY else None
    return mark_of(record, claims, held, offers)


def mark_of(record: Any, *beside: Any) -> str:
    """What names exactly this state of a record and of what stands beside it on its page."""
    return f"{crc32(repr((record, beside)).encode()):08x}"


def _entry_context(entry: EntryRow) -> dict[str, Any]:
    session = db.session()
    offers = list_offers(session, entry.id)
    priced = price_steps(offers)
    return {
        "entry": entry,  # for the links from and to other entries
        "aliases": list_aliases(session, entry.id),
        "offers": offers,
        "priced": {offer_id: steps[-1] for offer_id, steps in priced.items()},
        "plots": entry_plots(entry, offers, priced),
    }


def _model_context(model: ProviderModelRow) -> dict[str, Any]:
    named = model.instruct_model_public_id
    return {
        "model": model,
        "instruct": get_suggestion(db.session(), named) if named else None,
        "place": place_of(db.session(), model),
        "plots": model_plots(model),
        "capabilities": [f.label for f in CAPABILITIES if getattr(model, f.name)],
    }


def _since(record: Any, origin: FieldOrigin, changed_at: int | None) -> int | None:
    """When the value came into force: with its last change, or with the record; None: unknown."""
    if origin.value is None and changed_at is None:
        return None
    return int(record.created_at) if changed_at is None else changed_at


def _history_context(kind: RecordKind, record: Any) -> dict[str, Any]:
    """The record's history as the address filters it; a POST's own parameters are none of it."""
    given = request.args if request.method == "GET" else {}
    asked = {name: value for name, value in given.items() if name in _ASKED and value}
    found = read_args(_ASKED, asked, ())
    changed = list_changed_fields(db.session(), kind.record_type, record.id)
    field = found.get("field")
    if field and field not in kind.fields and field not in changed:
        problem = FieldProblem("field", f"is no field of this {kind.noun}: {field!r}")
        raise ValidationError(f"field {problem.message}", [problem])
    path = kind.path_of(record)
    labels = {name: label_of(kind.record_type, name) for name in changed}
    return {
        "history": list_history(db.session(), kind.record_type, record.id, **found),
        "history_fields": dict(sorted(labels.items(), key=lambda pair: pair[1].casefold())),
        "history_args": asked,
        "path": path,
        "here": f"{path}?{urlencode(asked)}" if asked else path,
    }


def _row_id(value: str) -> int:
    pk = read_row_id(value)
    if pk is None:
        raise ValueError("must be the number of a change")
    return pk


_ASKED = {"field": text, "before": _row_id}
