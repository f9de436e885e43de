"""Switching and resetting many records, and taking a batch back (contract 4.1, 4.2, 4.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flask import Blueprint, Response, request
from sqlalchemy import select

from app.blueprints.api_v1.answers import json_response
from app.blueprints.api_v1.bulk_schemas import (
    BulkOutcome,
    CatalogReset,
    CatalogToggle,
    ProviderModelToggle,
    UndoOrder,
    UndoOutcome,
)
from app.blueprints.api_v1.models import ReasonHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.core.bulk import BulkChange, release_of, switch
from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.models import ProviderModel, db
from app.queries.naming import find_entry_ids, find_model_ids
from app.queries.providers import get_provider
from app.queries.selections import Selection
from app.services.bulk import run_bulk
from app.services.undo import undo_batch
from app.web.permissions import current_actor, requires

blueprint = Blueprint("api_v1_bulk", __name__)
_ERRORS = (400, 404, 409, 413, 415, 503)
_SHOWN = 20


@blueprint.post("/admin/models/catalogs/bulk-toggle")
@describe(
    BulkOutcome, tag="Catalog entries", body=CatalogToggle, headers=ReasonHeaders, errors=_ERRORS
)
@requires("admin:catalog:edit")
def toggle_catalog() -> Response:
    """Switch many entries on or off."""
    order, reason = read_body(CatalogToggle), read_reason()
    ids = _entry_ids(order.catalog_ids) if order.catalog_ids else None
    kept = _excepted_entries(order.except_models or (), ids)
    selection = Selection("entry", ids=ids, kept=kept)
    return _run(switch("entry", order.enable), selection, reason, order.dry_run)


@blueprint.post("/admin/models/catalogs/bulk-reset")
@describe(
    BulkOutcome, tag="Catalog entries", body=CatalogReset, headers=ReasonHeaders, errors=_ERRORS
)
@requires("admin:catalog:edit")
def reset_catalog() -> Response:
    """Give many entries, or some of their fields, back to the feeds."""
    order, reason = read_body(CatalogReset), read_reason()
    selection = Selection("entry", ids=_entry_ids(order.catalog_ids))
    return _run(release_of("entry", order.fields or ()), selection, reason)


@blueprint.post("/admin/models/provider-models/bulk-toggle")
@describe(
    BulkOutcome,
    tag="Provider models",
    body=ProviderModelToggle,
    headers=ReasonHeaders,
    errors=_ERRORS,
)
@requires("admin:provider-model:edit")
def toggle_provider_models() -> Response:
    """Switch all provider models, or one provider's, on or off; but for some."""
    order, reason, session = read_body(ProviderModelToggle), read_reason(), db.session()
    provider = None
    if order.provider_id is not None:
        provider = get_provider(session, checked_name(order.provider_id)).id
    found = find_model_ids(session, order.except_models or (), provider)
    _refuse_unmatched(order.except_models or (), found)
    kept = set[int]().union(*found.values())
    where = None
    if provider is not None:
        where = select(ProviderModel.id).where(ProviderModel.provider_id == provider)
    selection = Selection("provider_model", where=where, kept=kept)
    return _run(switch("provider_model", order.enable), selection, reason, order.dry_run)


@blueprint.post("/admin/batches/<batch_id>/undo")
@describe(UndoOutcome, tag="Changes", body=UndoOrder, headers=ReasonHeaders, errors=_ERRORS)
@requires("admin:change:undo")
def undo(batch_id: str) -> Response:
    """Take back what a batch did; what was changed since stays as it is."""
    order = read_body(UndoOrder) if request.get_data() else UndoOrder()
    undone = undo_batch(
        db.session(),
        current_actor(),
        checked_name(batch_id),
        change_id=order.change_id,
        reason=read_reason(),
    )
    refused = [
        {"record_type": r.record_type, "record": r.name, "field": r.field, "message": r.why}
        for r in undone.refused
    ]
    counts = {"undone_count": undone.undone, "refused_count": undone.refused_count}
    return json_response({"batch_id": undone.batch_id, **counts, "refused": refused})


def _run(
    change: BulkChange, selection: Selection, reason: str | None, dry_run: bool = False
) -> Response:
    outcome = run_bulk(
        db.session(), current_actor(), change, selection, reason=reason, dry_run=dry_run
    )
    return json_response(
        {
            "updated_count": outcome.updated,
            "skipped_count": outcome.skipped,
            "failed_count": 0,
            "total_checked": outcome.preview.total,
            "failed_models": [],
            "batch_id": outcome.batch,
        }
    )


def _entry_ids(names: Sequence[str]) -> set[int]:
    """The entries of these names; raises `NotFoundError` naming those that mean none."""
    found = find_entry_ids(db.session(), names)
    unknown = [name for name in names if name not in found]
    if unknown:
        raise NotFoundError(
            f"there is no catalog entry {_listed(unknown)}",
            [FieldProblem("catalog_ids", f"{name!r} is unknown") for name in unknown[:_SHOWN]],
        )
    return set(found.values())


def _excepted_entries(names: Sequence[str], among: Collection[int] | None) -> set[int]:
    found = find_entry_ids(db.session(), names)
    reached = {n: i for n, i in found.items() if among is None or i in among}
    _refuse_unmatched(names, reached)
    return set(reached.values())


def _refuse_unmatched(names: Sequence[str], found: Collection[str]) -> None:
    """An exception that matches nothing would switch what somebody meant to keep."""
    unknown = [name for name in names if name not in found]
    if unknown:
        problem = f"matches nothing here: {_listed(unknown)}"
        details = [
            FieldProblem("except_models", f"{name!r} matches nothing") for name in unknown[:_SHOWN]
        ]
        raise ValidationError(f"except_models {problem}", details)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(repr(name) for name in names[:_SHOWN]) + more
