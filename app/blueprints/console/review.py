"""`/review`: what feeds say and nobody has let into force yet, and the decisions about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, request
from werkzeug.wrappers import Response

from app.blueprints.console.item_words import field_choices, kind_label, reason_label
from app.blueprints.console.listing import address_of, filter_chips, parse_listing
from app.blueprints.console.messages import Link, answer, undo_action
from app.blueprints.console.tables import shown_address
from app.core.errors import ConflictError, FieldProblem, ValidationError
from app.forms.field import read_reason
from app.forms.items import Decision, ItemWish, read_decision, read_item_id, read_item_wish
from app.models import db, now
from app.queries.review import (
    COUNTED,
    SEARCHED,
    ReviewPage,
    count_review,
    list_review,
    parse_cursor,
    review_facets,
    waiting_ids,
)
from app.queries.review_filter import SORTS, ReviewFilter, parse_review_filter
from app.queries.runs import held_runs
from app.queries.sync_items import KINDS, RECORD_TYPES
from app.services.review import Decided, decide_items, preview_decision
from app.web.addresses import local_path
from app.web.permissions import current_actor, may, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("review", __name__)
PATH = "/review"
ROWS = 50
BADGE = 100
_PLACE = ("sort", "before", "after")
_SORTS = {"newest": "newest first", "oldest": "oldest first", "size": "greatest change first"}
_FILTERS = {
    "q": "Search",
    "feed": "Feed",
    "reason": "Reason",
    "field": "Field",
    "kind": "Kind",
    "size_min": "Changed at least",
    "record_type": "Record",
    "record": "Id",
    "run": "Run",
    "state": "Waiting",
}
_SIZES = {
    "2": "2 times",
    "5": "5 times",
    "10": "10 times",
    "100": "100 times",
    "1000": "1,000 times",
}


@blueprint.get(PATH)
@requires("admin:sync:read")
def review() -> Response:
    args = parse_listing(request.args).args
    try:
        context = _context(args)
    except ValidationError as error:
        context = _context({}) | {"problem": error.message}
    status = 400 if context["problem"] else 200
    response = render_page(
        "console/review.html", "console/review/_list.html", status=status, **context
    )
    if is_fragment() and shown_address() != context["here"]:
        response.headers["HX-Push-Url"] = context["here"]
    return response


def _context(args: Mapping[str, str]) -> dict[str, Any]:
    """What the page needs; raises `ValidationError` for an address that is none of it."""
    session = db.session()
    wanted = parse_review_filter(args, also=_PLACE)
    sort = args.get("sort") or ("size" if wanted.size_min else "newest")
    if sort not in SORTS:
        said = f"must be one of {', '.join(SORTS)}"
        raise ValidationError(f"sort {said}", [FieldProblem("sort", said)])
    place = {name: parse_cursor(name, args.get(name)) for name in ("before", "after")}
    page = list_review(session, wanted, limit=ROWS, sort=sort, **place)
    kept = wanted.to_args() | ({"sort": args["sort"]} if "sort" in args else {})
    place_args = {name: args[name] for name in ("before", "after") if name in args}
    return {
        "wanted": wanted,
        "rows": page.rows,
        "page": page,
        "args": kept,
        "filtered": not wanted.is_everything(),
        "where": urlencode(wanted.to_args()),
        "here": address_of(PATH, kept | place_args),
        "around": _around(page, kept),
        "total": f"{page.total:,}{'+' if page.capped else ''}",
        "searched": SEARCHED if wanted.q and review_is_long() else None,
        "held": held_runs(session) if wanted.is_everything() and not place_args else [],
        "choices": _choices(wanted),
        "chosen": filter_chips(PATH, kept, _FILTERS, _words(wanted)),
        "editable": may("admin:sync:review"),
        "problem": None,
        "now": now(),
    }


def _words(wanted: ReviewFilter) -> dict[str, dict[str, str]]:
    """What people call the values of the filters."""
    return {
        "reason": {wanted.reason or "": reason_label(wanted.reason)},
        "kind": KINDS,
        "record_type": RECORD_TYPES,
        "field": field_choices(),
        "size_min": _SIZES,
    }


def _around(page: ReviewPage, kept: Mapping[str, str]) -> dict[str, str | None]:
    """The addresses of the pages before and after this one."""
    places = {"before": page.before, "after": page.after}
    return {n: address_of(PATH, {**kept, n: str(c)}) if c else None for n, c in places.items()}


def _choices(wanted: ReviewFilter) -> dict[str, Any]:
    """What each filter offers: the values there are, with how many have them."""
    facets = review_facets(db.session(), wanted.state)
    labels = field_choices()
    return {
        "feed": {name: f"{name} ({counted_to(n)})" for name, n in facets.feed.items()},
        "reason": {r: f"{reason_label(r)} ({counted_to(n)})" for r, n in facets.reason.items()},
        "field": {f: f"{labels.get(f, f)} ({counted_to(n)})" for f, n in facets.field.items()},
        "kind": {k: f"{kind_label(k)} ({counted_to(n)})" for k, n in facets.kind.items()},
        "record_type": RECORD_TYPES,
        "size_min": _SIZES,
        "state": {"rejected": "rejected"},
        "sort": _SORTS,
    }


@blueprint.post(f"{PATH}/decide")
@requires("admin:sync:review")
def decide() -> Response:
    """One item, from its own button."""
    sent = [(name, request.form[name]) for name in ("approve", "reject") if name in request.form]
    if len(sent) != 1:
        problem = FieldProblem("approve", "say either approve or reject, with one item")
        raise ValidationError(problem.message, [problem])
    decision, ids = read_decision(sent[0][0]), (read_item_id(sent[0][1]),)
    return _decide(decision, ids, None)


@blueprint.post(f"{PATH}/preview")
@requires("admin:sync:review")
def preview() -> Response:
    try:
        wish, decision = read_item_wish(request.form), read_decision(request.form.get("action", ""))
        which = _which(wish)
    except ValidationError as error:
        return _ask_again(error)
    return _preview(wish, decision, which)


@blueprint.post(f"{PATH}/apply")
@requires("admin:sync:review")
def apply() -> Response:
    try:
        wish, decision = read_item_wish(request.form), read_decision(request.form.get("action", ""))
        which = _which(wish)
        fingerprint = _fingerprint()
    except ValidationError as error:
        return _ask_again(error)
    try:
        return _decide(decision, which, fingerprint, refuse=True)
    except ConflictError as refusal:
        return _preview(wish, decision, which, seen=refusal.message)


def _which(wish: ItemWish) -> Any:
    """The ticked items, or a query for those that the filter finds."""
    ids = wish.chosen()
    if ids is not None:
        return ids
    return waiting_ids(db.session(), parse_review_filter(wish.args()))


def _fingerprint() -> str:
    given = request.form.get("fingerprint", "")
    if not given:
        raise ValidationError("look at the preview first, then confirm")
    return given


def _preview(wish: ItemWish, decision: Decision, which: Any, seen: str | None = None) -> Response:
    """What the decision would be about; with ``seen``: why an older preview is not done."""
    found = preview_decision(db.session(), which)
    return render_page(
        "console/review/page.html",
        "console/review/_preview.html",
        status=200 if seen is None else 409,
        step="preview",
        wish=wish,
        decision=decision,
        preview=found,
        seen=seen,
        reason=request.form.get("reason", ""),
        back=_back(),
    )


def _ask_again(error: ValidationError) -> Response:
    return render_page(
        "console/review/page.html",
        "console/review/_problem.html",
        status=422,
        step="problem",
        problem=error.message,
        back=_back(),
    )


def _decide(
    decision: Decision, which: Any, fingerprint: str | None, *, refuse: bool = False
) -> Response:
    back, reason = _back(), read_reason(request.form)
    session, actor = db.session(), current_actor()
    try:
        done = decide_items(session, actor, decision, which, reason=reason, fingerprint=fingerprint)
    except ConflictError as refusal:
        if refuse:
            raise
        said = f"{refusal.message[:1].upper()}{refusal.message[1:]}."
        return answer(said, back, category="warning", status=409, changed=True)
    link: Link | None = None
    if done.batch:
        link = {"url": f"/changes/{done.batch}", "label": "See the changes"}
    undo = undo_action(done.batch, back)
    return answer(_said(decision, done), back, action=undo, link=link, changed=True)


def _said(decision: Decision, done: Decided) -> str:
    word = "Approved" if decision == "approve" else "Rejected"
    said = f"{word}: 1 item." if done.decided == 1 else f"{word}: {done.decided:,} items."
    if done.skipped:
        were = "was" if done.skipped == 1 else "were"
        said += f" {done.skipped:,} {were} decided or overtaken meanwhile."
    return said


def _back() -> str:
    """The queue as it was shown."""
    given = local_path(request.form.get("back"), PATH)
    return given if urlsplit(given).path in (PATH, "/sync-runs") else PATH


def counted_to(number: int) -> str:
    """A count, with a plus where it stopped."""
    return f"{number:,}{'+' if number >= COUNTED else ''}"


def review_is_long() -> bool:
    """Whether more waits than a search looks through."""
    return count_review(db.session(), ReviewFilter(), SEARCHED + 1) > SEARCHED


def review_badge() -> str:
    """How many items wait, for the navigation; empty where none does."""
    if "review_badge" not in g:
        number = count_review(db.session(), ReviewFilter(), BADGE)
        g.review_badge = "99+" if number >= BADGE else str(number or "")
    badge: str = g.review_badge
    return badge


HELPERS = (review_badge,)
