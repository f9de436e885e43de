"""`/v1/admin/sync-runs`: what syncs found, and applying, rejecting, taking back (contract 4.4)."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.models import ReasonHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.blueprints.api_v1.review_schemas import (
    ApplyOrder,
    RunItemList,
    RunItemQuery,
    RunList,
    RunOutcome,
    RunQuery,
)
from app.blueprints.api_v1.run_schemas import SyncRun
from app.models import db
from app.queries.list_args import PAGING, one_of, parse_paging, text
from app.queries.review_filter import read_args
from app.queries.run_items import list_run_items, parse_run_item_filter
from app.queries.runs import RUN_STATUSES, get_run, list_runs, run_json
from app.queries.sync_items import item_json
from app.services.run_actions import RunActed, apply_run, reject_run, revert_run
from app.web.permissions import current_actor, requires

blueprint = Blueprint("api_v1_sync_runs", __name__)
TAG = "Sync runs"
PATH = "/admin/sync-runs"
_ERRORS = (400, 404, 409, 413, 415, 503)
_READERS = {"feed": text, "status": one_of(*RUN_STATUSES)}


@blueprint.get(PATH)
@describe(RunList, tag=TAG, query=RunQuery, errors=(400,))
@requires("admin:sync:read")
def list_all() -> Response:
    """List sync runs, newest first."""
    wanted = read_args(_READERS, request.args, also=PAGING)
    limit, offset = parse_paging(request.args)
    page = list_runs(db.session(), **wanted, limit=limit, offset=offset)
    data = [run_json(row) for row in page.rows]
    return json_response({"data": data, "total": page.total, "limit": limit, "offset": offset})


@blueprint.get(f"{PATH}/<run_id>")
@describe(SyncRun, tag=TAG, errors=(404,))
@requires("admin:sync:read")
def read(run_id: str) -> Response:
    """Read one sync run."""
    return json_response(run_json(get_run(db.session(), checked_name(run_id))))


@blueprint.get(f"{PATH}/<run_id>/items")
@describe(RunItemList, tag=TAG, query=RunItemQuery, errors=(400, 404))
@requires("admin:sync:read")
def items(run_id: str) -> Response:
    """List what a sync run found."""
    run = get_run(db.session(), checked_name(run_id))
    wanted = parse_run_item_filter(request.args, also=PAGING)
    limit, offset = parse_paging(request.args)
    page = list_run_items(db.session(), run.id, wanted, limit=limit, offset=offset)
    data = [item_json(row) for row in page.rows]
    return json_response({"data": data, "total": page.total, "limit": limit, "offset": offset})


@blueprint.post(f"{PATH}/<run_id>/apply")
@describe(RunOutcome, tag=TAG, body=ApplyOrder, headers=ReasonHeaders, errors=_ERRORS)
@requires("admin:sync:review")
def apply(run_id: str) -> Response:
    """Apply a kept plan, or approve what waits of an applied run: all of it, or some items.

    409 with the code `stale_plan` where a later run of the feed overtook the plan.
    """
    name = checked_name(run_id)
    order = read_body(ApplyOrder) if request.get_data() else ApplyOrder()
    session, actor, reason = db.session(), current_actor(), read_reason()
    return _answer(name, apply_run(session, actor, name, order.items, reason=reason))


@blueprint.post(f"{PATH}/<run_id>/reject")
@describe(RunOutcome, tag=TAG, headers=ReasonHeaders, errors=(400, 404, 409, 503))
@requires("admin:sync:review")
def reject(run_id: str) -> Response:
    """Throw a kept plan away, or reject what waits of an applied run."""
    name, reason = checked_name(run_id), read_reason()
    return _answer(name, reject_run(db.session(), current_actor(), name, reason=reason))


@blueprint.post(f"{PATH}/<run_id>/revert")
@describe(RunOutcome, tag=TAG, headers=ReasonHeaders, errors=(400, 404, 409, 503))
@requires("admin:sync:review")
def revert(run_id: str) -> Response:
    """Take a whole applied run back."""
    name, reason = checked_name(run_id), read_reason()
    return _answer(name, revert_run(db.session(), current_actor(), name, reason=reason))


def _answer(run_id: str, acted: RunActed) -> Response:
    response = json_response(
        {
            "run": run_json(get_run(db.session(), run_id)),
            "batch_id": acted.batch,
            "item_count": acted.applied,
            "waiting_count": acted.waiting,
            "replanned_count": acted.replanned,
        }
    )
    return with_batch(response, acted.batch) if acted.batch else response
