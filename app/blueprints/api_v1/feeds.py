"""`/v1/admin/feeds`: add, read, change, remove and run feeds (contract section 4.4)."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request

from app.blueprints.api_v1.answers import json_response, with_batch
from app.blueprints.api_v1.feed_schemas import Feed, FeedList, FeedPatch, FeedPreview, NewFeed
from app.blueprints.api_v1.models import EditHeaders
from app.blueprints.api_v1.openapi import describe
from app.blueprints.api_v1.request_body import checked_name, read_body, read_reason
from app.blueprints.api_v1.run_schemas import RunOrder, SyncRun
from app.core.errors import PreconditionError
from app.core.hashing import content_hash
from app.jobs.nudge import nudge
from app.models import db
from app.queries.feeds import feed_json, get_feed_row, list_feed_rows
from app.queries.runs import get_run, run_json
from app.services.feed_consequences import FeedConsequences
from app.services.feeds import add_feed, edit_feed, preview_feed_change, remove_feed
from app.services.runs import request_run
from app.web.permissions import current_actor, requires

blueprint = Blueprint("api_v1_feeds", __name__)
TAG = "Feeds"
PATH = "/admin/feeds"
RUNS = "/v1/admin/sync-runs"
_TAG = re.compile(r'\s*(?:W/)?"([0-9a-f]{12})(?:\.[0-9a-f]+)?"\s*')


@blueprint.get(PATH)
@describe(FeedList, tag=TAG)
@requires("admin:feed:read")
def list_all() -> Response:
    """List feeds."""
    rows = [feed_json(row) for row in list_feed_rows(db.session())]
    return json_response({"data": rows, "total": len(rows)})


@blueprint.post(PATH)
@describe(Feed, status=201, tag=TAG, body=NewFeed, errors=(400, 409, 413, 415, 503))
@requires("admin:feed:manage")
def create() -> Response:
    """Add a feed; with an address it is read at once, and every hour unless told otherwise."""
    values, reason = read_body(NewFeed).given(), read_reason()
    own = {name: values.pop(name, None) for name in ("url", "path")}
    feed = add_feed(
        db.session(),
        current_actor(),
        values.pop("name"),
        values.pop("kind"),
        **own,
        provider_public_id=values.pop("provider", None),
        mode=values.pop("mode", "auto"),
        settings=values,
        check_file=True,
        reason=reason,
    )
    response = _answer(feed.name)
    response.status_code = 201
    response.headers["Location"] = f"/v1{PATH}/{feed.name}"
    return response


@blueprint.get(f"{PATH}/<feed_name>")
@describe(Feed, tag=TAG, errors=(404,), also=(304,))
@requires("admin:feed:read")
def read(feed_name: str) -> Response:
    """Read one feed."""
    response = _answer(checked_name(feed_name))
    response.make_conditional(request)
    return response


@blueprint.patch(f"{PATH}/<feed_name>")
@describe(
    Feed,
    tag=TAG,
    body=FeedPatch,
    headers=EditHeaders,
    errors=(400, 404, 409, 412, 413, 415, 503),
)
@requires("admin:feed:manage")
def change(feed_name: str) -> Response:
    """Change settings of a feed; what follows from them in force is changed in the same batch."""
    name = checked_name(feed_name)
    values, reason = read_body(FeedPatch).given(), read_reason()
    written = edit_feed(
        db.session(),
        current_actor(),
        name,
        values,
        if_match=_if_match(name),
        reason=reason,
        check_file=True,
    )
    response = _answer(written.name)
    return with_batch(response, written.batch) if written.batch else response


@blueprint.post(f"{PATH}/<feed_name>/preview")
@describe(FeedPreview, tag=TAG, body=FeedPatch, errors=(400, 404, 409, 413, 415))
@requires("admin:feed:manage")
def preview(feed_name: str) -> Response:
    """Say what a change of settings would change in force; nothing is written."""
    name, values = checked_name(feed_name), read_body(FeedPatch).given()
    return json_response(_found(preview_feed_change(db.session(), current_actor(), name, values)))


@blueprint.delete(f"{PATH}/<feed_name>")
@describe(None, status=204, tag=TAG, headers=EditHeaders, errors=(400, 404, 412, 503))
@requires("admin:feed:manage")
def delete(feed_name: str) -> Response:
    """Remove a feed; what is in force stays, and what it said last is kept."""
    name = checked_name(feed_name)
    session, actor, if_match = db.session(), current_actor(), _if_match(name)
    batch = remove_feed(session, actor, name, if_match=if_match, reason=read_reason())
    return with_batch(Response(status=204), batch)


@blueprint.post(f"{PATH}/<feed_name>/sync")
@describe(SyncRun, status=202, tag=TAG, body=RunOrder, errors=(400, 404, 409, 413, 415, 503))
@requires("admin:feed:sync")
def sync(feed_name: str) -> Response:
    """Ask for a run of a feed; the answer is the run, which goes on by itself."""
    name = checked_name(feed_name)
    order = read_body(RunOrder) if request.get_data() else RunOrder()
    session = db.session()
    run = request_run(session, current_actor(), name, trigger="api", dry_run=order.dry_run)
    nudge()
    response = json_response(run_json(get_run(session, run.public_id)))
    response.status_code = 202
    response.headers["Location"] = f"{RUNS}/{run.public_id}"
    return response


def _answer(name: str) -> Response:
    row = get_feed_row(db.session(), name)
    shown = feed_json(row)
    # The settings, then a digest of what a sync changes without anybody's doing.
    return json_response(shown, f"{row.tag()}.{content_hash(shown)[:8]}")


def _if_match(name: str) -> str | None:
    """The settings that `If-Match` demands, None where it demands nothing."""
    header = request.headers.get("If-Match")
    if header is None or header.strip() == "*":
        return None
    current = get_feed_row(db.session(), name).tag()
    tags = [_TAG.fullmatch(part) for part in header.split(",")]
    if current in {tag[1] for tag in tags if tag}:
        return current
    raise PreconditionError(f"the settings of {name} are others now; If-Match names none of them")


def _found(found: FeedConsequences) -> dict[str, Any]:
    fields: dict[str, dict[str, int]] = {}
    for (record_type, name), count in found.counts.items():
        fields.setdefault(record_type, {})[name] = count
    kept = ("record_type", "field", "old", "old_source", "new", "new_source")
    return {
        "checked": found.checked,
        "records": dict(found.records),
        "fields": fields,
        "moved": found.moved,
        "retired": found.retired,
        "reactivated": found.reactivated,
        "examples": [
            {"record_id": one.public_id, **{name: getattr(one, name) for name in kept}}
            for one in found.examples
        ],
    }
