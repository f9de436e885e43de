"""`/feeds`: the table, each feed's page, and everything that changes a feed."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.messages import answer, undo_action
from app.core.errors import (
    AlmanacError,
    ConflictError,
    FieldProblem,
    PreconditionError,
    ValidationError,
)
from app.core.feeds import BOUNDS, LABELS, MODES, TRUSTED, WEIGHTY, is_switch
from app.core.fields import FIELDS
from app.core.guards import THRESHOLDS, limits_of
from app.forms.feed import (
    Data,
    blank_data,
    default_fields,
    problems_of,
    sent_data,
    stored_data,
    values_of,
)
from app.forms.field import read_reason
from app.jobs.nudge import nudge
from app.models import db, now
from app.queries.feeds import FeedRow, count_claims, get_feed_row, list_feed_rows, provider_choices
from app.queries.history import list_history
from app.queries.runs import latest_runs
from app.services.feed_consequences import FeedConsequences
from app.services.feeds import (
    add_feed,
    edit_feed,
    pending_change,
    preview_feed_change,
    remove_feed,
)
from app.services.runs import request_run
from app.upstreams import FEED_KINDS
from app.web.addresses import local_path
from app.web.permissions import current_actor, may, requires
from app.web.render import render_page

blueprint = Blueprint("feeds", __name__)
PATH = "/feeds"
RUNS = 10
_NOT_SENT_AGAIN = ("csrf_token", "fingerprint", "back")
_STALE = (
    "What would change is not what it was when you looked at it. Nothing was saved: look again."
)
_CHANGED = (
    "Somebody changed this feed since you opened it."
    " Save again to put your settings in place of theirs."
)


@blueprint.get(PATH)
@requires("admin:feed:read")
def feeds() -> Response:
    return render_page(
        "console/feeds/list.html",
        "console/feeds/_table.html",
        feeds=list_feed_rows(db.session()),
        editable=may("admin:feed:manage"),
        here=PATH,
        now=now(),
    )


@blueprint.get(f"{PATH}/new")
@requires("admin:feed:manage")
def new_feed() -> Response:
    return _form_page(blank_data(""), None)


@blueprint.post(f"{PATH}/new")
@requires("admin:feed:manage")
def create_feed() -> Response:
    data = sent_data(request.form)
    try:
        name, batch = _add(values_of(data, new=True))
    except (ConflictError, ValidationError) as error:
        return _form_page(data, None, error)
    return answer(f"{name} is there now.", f"{PATH}/{name}", action=undo_action(batch, PATH))


@blueprint.get(f"{PATH}/<name>")
@requires("admin:feed:read")
def show_feed(name: str) -> Response:
    session = db.session()
    row = get_feed_row(session, name)
    return render_page(
        "console/feeds/page.html",
        "console/feeds/_page.html",
        feed=row,
        kind=FEED_KINDS.get(row.kind),
        claims=count_claims(session, row.id),
        runs=latest_runs(session, row.id, RUNS),
        history=list_history(session, "feed", row.id, limit=20).rows,
        editable=may("admin:feed:manage"),
        here=f"{PATH}/{name}",
        now=now(),
        **_settings(row),
    )


@blueprint.get(f"{PATH}/<name>/edit")
@requires("admin:feed:manage")
def open_feed(name: str) -> Response:
    row = get_feed_row(db.session(), name)
    return _form_page(stored_data(row), row)


@blueprint.post(f"{PATH}/<name>/edit")
@requires("admin:feed:manage")
def save_feed(name: str) -> Response:
    row, data = get_feed_row(db.session(), name), sent_data(request.form)
    if "back" in request.form:
        return _form_page(data, row)
    try:
        values = values_of(data, new=False)
        return _looked_at(row, values) or _saved(row, values)
    except (ConflictError, PreconditionError, ValidationError) as error:
        return _form_page(data, row, error)


@blueprint.post(f"{PATH}/<name>/enabled")
@requires("admin:feed:manage")
def switch_feed(name: str) -> Response:
    if request.form.get("enabled") not in ("true", "false"):
        raise ValidationError("enabled must be true or false")
    on = request.form["enabled"] == "true"
    written = edit_feed(db.session(), current_actor(), name, {"enabled": on})
    back = local_path(request.form.get("back"), PATH)
    said = f"{name} is {'on' if on else 'off'}."
    return answer(said, back, action=undo_action(written.batch, back), changed=True)


@blueprint.get(f"{PATH}/<name>/delete")
@requires("admin:feed:manage")
def confirm_delete(name: str) -> Response:
    row = get_feed_row(db.session(), name)
    return render_page(
        "console/feeds/delete.html", feed=row, claims=count_claims(db.session(), row.id)
    )


@blueprint.post(f"{PATH}/<name>/delete")
@requires("admin:feed:manage")
def delete_feed(name: str) -> Response:
    batch = remove_feed(db.session(), current_actor(), name, reason=_reason())
    return answer(f"{name} is removed.", PATH, action=undo_action(batch, PATH))


@blueprint.post(f"{PATH}/<name>/sync")
@requires("admin:feed:sync")
def sync_feed(name: str) -> Response:
    dry_run = request.form.get("dry_run") == "true"
    try:
        session, actor = db.session(), current_actor()
        run = request_run(session, actor, name, trigger="console", dry_run=dry_run)
        nudge()
    except ConflictError as error:
        said = f"{error.message[:1].upper()}{error.message[1:]}."
        return answer(said, f"{PATH}/{name}", category="error", status=409)
    said = f"{'Dry run' if dry_run else 'Sync'} of {name} is under way."
    return answer(said, f"/sync-runs/{run.public_id}", category="success" if run.is_new else "info")


def _add(values: dict[str, Any]) -> tuple[str, str | None]:
    if not values.get("kind"):
        raise ValidationError("kind is missing", [FieldProblem("kind", "must be chosen")])
    own = {name: values.pop(name, None) for name in ("url", "path")}
    feed = add_feed(
        db.session(),
        current_actor(),
        values.pop("name", ""),
        values.pop("kind"),
        **own,
        provider_public_id=values.pop("provider", None),
        mode=values.pop("mode", "auto"),
        settings=values,
        check_file=True,
        reason=_reason(),
    )
    return feed.name, list_history(db.session(), "feed", feed.id, limit=1).rows[0].batch


def _looked_at(row: FeedRow, values: dict[str, Any]) -> Response | None:
    """The page that shows what would change, where rank or trust do and nobody has seen it."""
    session, actor = db.session(), current_actor()
    if request.form.get("fingerprint"):
        return None
    changed = pending_change(session, actor, row.name, values)
    if request.form.get("tag", row.tag()) != row.tag():
        raise PreconditionError("the settings are others now")
    if not changed.keys() & set(WEIGHTY):
        return None
    found = preview_feed_change(session, actor, row.name, values)
    return _preview_page(row, changed, found)


def _saved(row: FeedRow, values: dict[str, Any]) -> Response:
    session, actor = db.session(), current_actor()
    fingerprint = request.form.get("fingerprint") or None
    tag = request.form.get("tag") or None
    try:
        written = edit_feed(
            session,
            actor,
            row.name,
            values,
            if_match=tag,
            reason=_reason(),
            fingerprint=fingerprint,
            check_file=True,
        )
    except ConflictError as error:
        if fingerprint is None or error.details:
            raise
        changed = pending_change(session, actor, row.name, values)
        found = preview_feed_change(session, actor, row.name, values)
        return _preview_page(row, changed, found, problem=_STALE, status=409)
    page = f"{PATH}/{written.name}"
    return answer(_words(written.name, written), page, action=undo_action(written.batch, page))


def _words(name: str, written: Any) -> str:
    if written.batch is None:
        return "Nothing was changed."
    values = written.consequences.values
    put = f" {values:,} {'value' if values == 1 else 'values'} changed with it." if values else ""
    return f"{name} is saved.{put}"


def _preview_page(
    row: FeedRow, changed: dict[str, Any], found: FeedConsequences, **more: Any
) -> Response:
    sent = [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in _NOT_SENT_AGAIN
    ]
    return render_page(
        "console/feeds/preview.html",
        feed=row,
        changed=changed,
        found=found,
        sent=sent,
        feed_labels=LABELS,
        **more,
    )


def _form_page(data: Data, row: FeedRow | None, error: AlmanacError | None = None) -> Response:
    problems, status = problems_of(error) if error else {}, 422 if error else 200
    tag = request.form.get("tag") or (row.tag() if row else "")
    if isinstance(error, PreconditionError):
        problems, tag = {"": _CHANGED}, row.tag() if row else ""
    if isinstance(error, PreconditionError | ConflictError):
        status = 409
    return render_page(
        "console/feeds/form.html",
        status=status,
        data=data,
        feed=row,
        tag=tag,
        problems=problems,
        kinds=FEED_KINDS,
        modes=MODES,
        bounds=BOUNDS,
        providers=provider_choices(db.session()),
        back=f"{PATH}/{row.name}" if row else PATH,
        **(_settings(row) if row else {}),
    )


def _settings(row: FeedRow) -> dict[str, Any]:
    return {
        "labels": LABELS,
        "thresholds": THRESHOLDS,
        "limits": limits_of(row.guards),
        "trusts": {name: FIELDS[record_type] for name, record_type in TRUSTED.items()},
        "defaults": default_fields(row),
        "is_switch": is_switch,
    }


def interval_words(minutes: int | None) -> str:
    """How often, as people say it."""
    if minutes is None:
        return "only when somebody asks"
    for size, unit in ((1_440, "day"), (60, "hour")):
        if minutes % size == 0:
            count = minutes // size
            return f"every {unit}" if count == 1 else f"every {count} {unit}s"
    return f"every {minutes} minutes"


def until(seconds: int | None, moment: int) -> str:
    """How long it is until then, in the largest unit that says enough."""
    if seconds is None:
        return "never"
    left = seconds - moment
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if left >= size:
            return f"in {left // size} {unit}"
    return "now" if left <= 0 else "in a moment"


def _reason() -> str | None:
    return read_reason(request.form)


def setting_text(feed: FeedRow, name: str, value: Any) -> str:
    """A setting as a person reads it; a list of fields by their labels."""
    if name in TRUSTED:
        fields = FIELDS[TRUSTED[name]]
        listed = default_fields(feed)[name] if value is None else value
        return ", ".join(fields[one].label for one in listed) or "nothing"
    if name == "interval_minutes":
        return interval_words(value)
    if name == "guards":
        return (
            ", ".join(f"{THRESHOLDS[n].label} {v:g}" for n, v in (value or {}).items()) or "default"
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


HELPERS = (interval_words, setting_text, until)
