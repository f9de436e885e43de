"""`/v1/admin/review`: what waits for a person, and deciding about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.models import ReasonHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import read_body, read_reason
from app.blueprints.api_v1.review_schemas import (
    ReviewList,
    ReviewOrder,
    ReviewOutcome,
    ReviewQuery,
)
from app.core.errors import FieldProblem, ValidationError
from app.models import db
from app.queries.list_args import one_of, parse_paging
from app.queries.review import list_review, parse_cursor, waiting_ids
from app.queries.review_filter import FILTERS, SORTS, parse_review_filter, read_args
from app.queries.sync_items import item_json
from app.services.review import ReviewPreview, decide_items, preview_decision
from app.web.permissions import current_actor, requires

blueprint = Blueprint("api_v1_review", __name__)
TAG = "Review"
PATH = "/admin/review"
_PAGING = ("sort", "limit", "before", "after")
_READERS: dict[str, Callable[[str], Any]] = {
    "sort": one_of(*SORTS),
    "before": lambda given: parse_cursor("before", given),
    "after": lambda given: parse_cursor("after", given),
}


@blueprint.get(PATH)
@describe(ReviewList, tag=TAG, query=ReviewQuery, errors=(400,))
@requires("admin:sync:read")
def list_waiting() -> Response:
    """List what waits for a person, or was rejected."""
    args = request.args
    wanted = parse_review_filter(args, also=_PAGING)
    how = read_args(_READERS, args, also=(*FILTERS, *_PAGING))
    limit, _ = parse_paging(args)
    page = list_review(db.session(), wanted, limit=limit, **how)
    return json_response(
        {
            "data": [item_json(row) for row in page.rows],
            "total": page.total,
            "total_is_capped": page.capped,
            "limit": limit,
            "previous": str(page.before) if page.before else None,
            "next": str(page.after) if page.after else None,
        }
    )


@blueprint.post(f"{PATH}/decide")
@describe(
    ReviewOutcome,
    tag=TAG,
    body=ReviewOrder,
    headers=ReasonHeaders,
    errors=(400, 409, 413, 415, 503),
)
@requires("admin:sync:review")
def decide() -> Response:
    """Approve or reject items of the queue, by id or all that a filter finds."""
    order, reason, session = read_body(ReviewOrder), read_reason(), db.session()
    which = _which(order)
    seen = preview_decision(session, which)
    if order.dry_run:
        return json_response(_outcome(seen, None, seen.total, 0))
    done = decide_items(
        session,
        current_actor(),
        order.decision,
        which,
        reason=reason,
        fingerprint=order.fingerprint,
    )
    response = json_response(_outcome(seen, done.batch, done.decided, done.skipped))
    return with_batch(response, done.batch) if done.batch else response


def _which(order: ReviewOrder) -> Any:
    """The items by id, or a query for those that the filter finds."""
    if order.items is not None and order.filter is None:
        return sorted(set(order.items))
    if order.filter is None or order.items is not None:
        problem = FieldProblem("items", "say either items or filter")
        raise ValidationError(problem.message, [problem])
    given = order.filter.model_dump(exclude_none=True)
    return waiting_ids(db.session(), parse_review_filter({n: str(v) for n, v in given.items()}))


def _outcome(seen: ReviewPreview, batch: str | None, decided: int, skipped: int) -> dict[str, Any]:
    return {
        "batch_id": batch,
        "decided_count": decided,
        "skipped_count": skipped,
        "record_count": seen.records,
        "by_reason": seen.by_reason,
        "by_feed": seen.by_feed,
        "fingerprint": seen.fingerprint,
    }
