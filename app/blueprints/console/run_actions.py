"""What people do with a run: apply its plan, all or some of it; reject it; take it back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.listing import parse_listing
from app.blueprints.console.messages import Link, answer, undo_action
from app.blueprints.console.runs import PATH, run_context
from app.core.errors import ConflictError, ValidationError
from app.forms.field import read_reason
from app.forms.items import read_item_wish
from app.models import db
from app.queries.run_items import parse_run_item_filter, run_item_ids
from app.queries.runs import RunRow, get_run
from app.services.run_actions import RunActed, apply_run, reject_run, revert_run
from app.web.addresses import local_path
from app.web.permissions import current_actor, requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("run_actions", __name__)


@blueprint.post(f"{PATH}/<run_id>/apply")
@requires("admin:sync:review")
def apply(run_id: str) -> Response:
    run = get_run(db.session(), run_id)
    try:
        ids = _chosen(run)
    except ValidationError as error:
        return _refused(run, error)
    reason = read_reason(request.form)
    return _acted(
        run,
        lambda: apply_run(db.session(), current_actor(), run_id, ids, reason=reason),
        _applied,
    )


@blueprint.post(f"{PATH}/<run_id>/reject")
@requires("admin:sync:review")
def reject(run_id: str) -> Response:
    run, reason = get_run(db.session(), run_id), read_reason(request.form)
    return _acted(
        run,
        lambda: reject_run(db.session(), current_actor(), run_id, reason=reason),
        lambda _: f"The answer of {run.feed} is rejected: nothing of it comes into force.",
    )


@blueprint.get(f"{PATH}/<run_id>/revert")
@requires("admin:sync:review")
def ask_to_revert(run_id: str) -> Response:
    run = get_run(db.session(), run_id)
    return render_page("console/runs/revert.html", run=run)


@blueprint.post(f"{PATH}/<run_id>/revert")
@requires("admin:sync:review")
def revert(run_id: str) -> Response:
    run, reason = get_run(db.session(), run_id), read_reason(request.form)
    return _acted(
        run,
        lambda: revert_run(db.session(), current_actor(), run_id, reason=reason),
        lambda acted: f"Taken back: {_count(acted.applied)} of the sync of {run.feed}.",
    )


def _chosen(run: RunRow) -> Collection[int] | None:
    """The items that were ticked or filtered; None: the whole plan."""
    if "scope" not in request.form:
        return None
    wish = read_item_wish(request.form)
    ids = wish.chosen()
    if ids is not None:
        return ids
    wanted = parse_run_item_filter(wish.args())
    if not wanted.to_args():
        return None
    return db.session().scalars(run_item_ids(run.id, wanted)).all()


def _acted(run: RunRow, act: Callable[[], RunActed], say: Callable[[RunActed], str]) -> Response:
    back = _back(run)
    try:
        acted = act()
    except ConflictError as refusal:
        said = f"{refusal.message[:1].upper()}{refusal.message[1:]}. Nothing was changed."
        return answer(said, back, category="warning", status=409)
    link: Link | None = None
    if acted.batch:
        link = {"url": f"/changes/{acted.batch}", "label": "See the changes"}
    return answer(say(acted), back, action=undo_action(acted.batch, back), link=link, changed=True)


def _applied(acted: RunActed) -> str:
    said = f"Applied: {_count(acted.applied)}."
    if acted.waiting:
        waits = "waits" if acted.waiting == 1 else "wait"
        said += f" {acted.waiting:,} {waits} in the review queue."
    if acted.replanned:
        said += f" {acted.replanned:,} of them changed since the plan was made."
    return said


def _refused(run: RunRow, error: ValidationError) -> Response:
    """What was wrong: the run again with it, or only a message for htmx."""
    said = f"{error.message[:1].upper()}{error.message[1:]}."
    if is_fragment():
        return answer(said, _back(run), category="warning", status=422)
    context = run_context(run, parse_listing({}), said)
    return render_page("console/runs/page.html", status=422, **context)


def _back(run: RunRow) -> str:
    """The run's page, or the list that its form stood on."""
    page = f"{PATH}/{run.public_id}"
    given = local_path(request.form.get("back"), page)
    return given if urlsplit(given).path in (page, "/review", "/feeds", PATH) else page


def _count(number: int) -> str:
    return "1 item" if number == 1 else f"{number:,} items"
