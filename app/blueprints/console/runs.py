"""`/sync-runs`: what every sync was asked, how far it is, what it found and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.api_calls import run_calls
from app.blueprints.console.item_words import field_choices
from app.blueprints.console.listing import Pages, address_of, filter_chips, parse_listing
from app.blueprints.console.tables import shown_address
from app.core.errors import ValidationError
from app.forms.bulk import MAX_IDS
from app.models import db, now
from app.queries.feeds import list_feeds
from app.queries.review import count_review
from app.queries.review_filter import ReviewFilter
from app.queries.run_items import (
    COUNTED,
    RunItemFilter,
    fields_of_run,
    list_run_items,
    parse_run_item_filter,
    run_item_ids,
)
from app.queries.runs import RUN_STATUSES, RunRow, get_run, list_runs
from app.queries.sync_items import KINDS, RECORD_TYPES, STATES
from app.services.run_actions import KEPT
from app.web.permissions import may, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("runs", __name__)
PATH = "/sync-runs"
ROWS = 30
ITEMS = 50
STAGES = {"fetch": "Fetch", "parse": "Read", "plan": "Compare", "apply": "Write"}
# A run that nobody has taken up after so many seconds needs a worker.
PATIENCE = 10
STATUS_WORDS = {
    "queued": "waiting to begin",
    "running": "running",
    "applied": "applied",
    "failed": "failed",
    "planned": "planned",
    "held": "held back",
    "rejected": "rejected",
    "reverted": "taken back",
    "superseded": "overtaken",
}
_STYLES = {
    "applied": "pill-good",
    "failed": "pill-bad",
    "held": "pill-drift",
    "planned": "pill-manual",
}
COUNT_WORDS = (
    *("added", "updated", "protected", "retired", "reactivated", "quarantined"),
    *("unchanged", "rejected"),
)
_ITEM_FILTERS = {"kind": "Kind", "field": "Field", "state": "State", "record_type": "Record"}
_ITEM_WORDS = {"kind": KINDS, "state": STATES, "record_type": RECORD_TYPES}


@blueprint.get(PATH)
@requires("admin:sync:read")
def runs() -> Response:
    listing = parse_listing(request.args)
    problem = _problem(listing.args)
    args = {n: listing.args[n] for n in ("feed", "status") if n in listing.args}
    page, offset = listing.page, (listing.page - 1) * ROWS
    found = list_runs(db.session(), **({} if problem else args), limit=ROWS, offset=offset)
    context = {
        "rows": [] if problem else found.rows,
        "pages": Pages(page, 0 if problem else found.total, ROWS),
        "args": args,
        "query": urlencode(args),
        "path": PATH,
        "here": address_of(PATH, args | ({"page": str(page)} if page > 1 else {})),
        "problem": problem,
        "feeds": {feed.name: feed.name for feed in list_feeds(db.session())},
        "statuses": {status: STATUS_WORDS[status] for status in RUN_STATUSES},
        "chosen": filter_chips(
            PATH, args, {"feed": "Feed", "status": "Status"}, {"status": STATUS_WORDS}
        ),
        "now": now(),
    }
    return _listed("console/runs.html", "console/runs/_list.html", context)


def _problem(args: Mapping[str, str]) -> str | None:
    strange = [name for name in args if name not in ("feed", "status")]
    if strange:
        return f"{strange[0][:80]} is not a filter here: there are feed and status"
    if args.get("status", "applied") not in RUN_STATUSES:
        return f"status must be one of {', '.join(RUN_STATUSES)}"
    return None


@blueprint.get(f"{PATH}/<run_id>")
@requires("admin:sync:read")
def show_run(run_id: str) -> Response:
    run = get_run(db.session(), run_id)
    context = run_context(run, parse_listing(request.args))
    return _listed("console/runs/page.html", "console/runs/_run.html", context)


def run_context(run: RunRow, listing: Any, problem: str | None = None) -> dict[str, Any]:
    """What the page of a run needs."""
    session = db.session()
    try:
        wanted = parse_run_item_filter(listing.args)
    except ValidationError as error:
        wanted, problem = RunItemFilter(), error.message
    offset = (listing.page - 1) * ITEMS
    items = list_run_items(session, run.id, wanted, limit=ITEMS, offset=offset)
    args, path = wanted.to_args(), f"{PATH}/{run.public_id}"
    labels = field_choices()
    waiting = count_review(session, ReviewFilter(run=run.public_id))
    return {
        "run": run,
        "rows": items.rows,
        "pages": Pages(listing.page, items.total, ITEMS),
        "capped": items.total == COUNTED,
        "args": args,
        "query": urlencode(args),
        "path": path,
        "here": address_of(path, args | ({"page": str(listing.page)} if listing.page > 1 else {})),
        "problem": problem,
        "chosen": filter_chips(path, args, _ITEM_FILTERS, _ITEM_WORDS | {"field": labels}),
        "kinds": KINDS,
        "states": STATES,
        "record_types": RECORD_TYPES,
        "fields": {name: labels[name] for name in fields_of_run(session, run.id)},
        "waiting": waiting,
        "can_decide": may("admin:sync:review") and run.status in KEPT,
        "calls": run_calls(run, waiting, _filtered(run, wanted, items.total)),
        "stages": STAGES,
        "now": now(),
    }


def _filtered(run: RunRow, wanted: RunItemFilter, total: int) -> Sequence[int]:
    """The items of a plan that a filter finds, as far as they can be named."""
    if run.status not in KEPT or not wanted.to_args() or total > MAX_IDS:
        return ()
    return sorted(db.session().scalars(run_item_ids(run.id, wanted)))


def _listed(template: str, fragment: str, context: dict[str, Any]) -> Response:
    status = 400 if context["problem"] else 200
    response = render_page(template, fragment, status=status, **context)
    if is_fragment() and shown_address() != context["here"]:
        response.headers["HX-Push-Url"] = context["here"]
    return response


def run_pill(status: str) -> str:
    """The style of a run's status."""
    return _STYLES.get(status, "")


def run_words(status: str) -> str:
    """A run's status in words."""
    return STATUS_WORDS.get(status, status)


def run_took(run: RunRow, moment: int) -> str:
    """How long a run took, or has taken so far."""
    if run.started_at is None:
        return ""
    seconds = max((run.finished_at or moment) - run.started_at, 0)
    if seconds < 1:
        return "under 1 s"
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def run_counts(run: RunRow) -> list[tuple[str, int]]:
    """What a run found, as far as it found any."""
    counts = run.counts or {}
    return [(word, counts[word]) for word in COUNT_WORDS if counts.get(word)]


def run_is_ignored(run: RunRow, moment: int) -> bool:
    """Whether nobody takes the run up."""
    return run.status == "queued" and moment - max(run.run_at, run.created_at) > PATIENCE


HELPERS = (run_pill, run_words, run_took, run_counts, run_is_ignored)
