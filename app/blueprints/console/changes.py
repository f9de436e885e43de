"""`/changes`: the change log, batch by batch, and each batch with all its changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, request
from werkzeug.wrappers import Response

from app.blueprints.console.display import entry_path, label_of
from app.blueprints.console.listing import Pages, address_of, filter_chips, parse_listing
from app.core.errors import ValidationError
from app.core.feeds import LABELS as FEED_LABELS
from app.core.fields import FIELDS
from app.core.permissions import ACTOR_KINDS
from app.models import db, now
from app.queries.change_filter import NAMES, ChangeFilter, parse_change_filter
from app.queries.change_find import (
    COUNTED,
    Stretch,
    count_batches,
    find_batches,
    get_place,
    get_places,
    name_place,
)
from app.queries.changes import (
    BatchRow,
    first_changes,
    get_batch,
    list_actors,
    list_batch_changes,
    list_batches,
    list_kinds,
    list_sources,
)
from app.queries.live import this_moment
from app.queries.names import RecordName
from app.services.undo import PERMISSIONS
from app.web.permissions import may, requires
from app.web.render import render_page

blueprint = Blueprint("changes", __name__)
PATH = "/changes"
ROWS = 30
CHANGES = 100
# What says where in the list a page begins: the batch it comes before, or after.
PLACES = ("before", "after")
# What a batch did, where its summary does not say it better.
_WORDS = {
    "edit": "edited",
    "reset": "given back to the feeds",
    "protect": "what an edit holds",
    "sync": "sync",
    "flag": "feature flag",
    "user": "user",
    "token": "token",
    "feed": "feed",
    "provider": "provider",
    "webhook": "webhook",
    "create": "added",
    "delete": "deleted",
    "link": "moved to another entry",
    "merge": "entries merged",
    "split": "entry split",
    "bulk": "bulk action",
    "undo": "undo",
}
# Kinds of actors: all of them, and one.
ACTOR_WORDS = {"user": "People", "token": "API tokens", "feed": "Feeds", "system": "System"}
_ACTOR_PILLS = {"token": "API token", "feed": "feed", "system": "system"}
_FEED_DONE = {"created": "added", "removed": "removed"}
_NOUNS = {"entry": ("entry", "entries"), "provider_model": ("provider model", "provider models")}
_SYNCED = ("added", "updated", "retired", "reactivated", "quarantined")
# What is in the log, but no field of the registry.
_LABELS = {
    "model_public_id": "Catalog entry",
    "merged_into": "Merged into",
    "aliases": "Other spellings",
    "deleted_at": "Deleted",
    "api_key": "API key",
    "secret": "Signing secret",
    "base_url": "Address",
    "protection_choice": "Protection chosen",
    "miss_limit": FEED_LABELS["miss_limit"],
    "minimum_share": FEED_LABELS["minimum_share"],
}
# Nobody takes these back as a whole.
_KEPT = frozenset({"sync", "user", "token"})
_FIELDS = {
    name: field.label for fields in reversed(FIELDS.values()) for name, field in fields.items()
}
_FILTERS = {
    "record": "Record",
    "field": "Field",
    "actor": "Who",
    "actor_kind": "By whom",
    "feed": "Feed",
    "kind": "What",
    "since": "From",
    "until": "To",
    "batch": "Batch",
}
_FILTER_WORDS = {"field": _FIELDS, "kind": _WORDS, "actor_kind": ACTOR_WORDS}


@blueprint.get(PATH)
@requires("admin:change:read")
def changes() -> Response:
    args = {name: value for name, value in request.args.items() if value.strip()}
    kept = {name: args[name] for name in NAMES if name in args}
    problem, found = None, dict[str, Any](batches=[])
    try:
        wanted = parse_change_filter(args, PLACES)
        found = _listed(wanted, args, kept)
    except ValidationError as error:
        problem = error.message
    if not any(name in args for name in PLACES):
        # Only the newest page is told of what is newer still.
        found["newest"] = this_moment(db.session()).batch
    context = _filters(args) | {"query": urlencode(kept), "filtered": bool(kept)} | found
    context["chips"] = _actor_chips(kept)
    context["chosen"] = filter_chips(PATH, kept, _FILTERS, _FILTER_WORDS)
    return render_page(
        "console/changes.html",
        "console/changes/_list.html",
        status=400 if problem else 200,
        problem=problem,
        path=PATH,
        here=address_of(PATH, args),
        now=now(),
        **context,
    )


@blueprint.get(f"{PATH}/<batch_id>")
@requires("admin:change:read")
def show_batch(batch_id: str) -> Response:
    batch = get_batch(db.session(), batch_id)
    pages = Pages(parse_listing(request.args).page, batch.changes, CHANGES)
    offset = (pages.page - 1) * CHANGES
    return render_page(
        "console/changes/batch.html",
        "console/changes/_batch.html",
        batch=batch,
        rows=list_batch_changes(db.session(), batch.id, limit=CHANGES, offset=offset),
        pages=pages,
        path=f"{PATH}/{batch.public_id}",
        here=address_of(
            f"{PATH}/{batch.public_id}", {"page": str(pages.page)} if pages.page > 1 else {}
        ),
        now=now(),
    )


def latest_decisions(limit: int) -> dict[str, Any]:
    """The newest batches of people, for the dashboard."""
    session, wanted = db.session(), ChangeFilter(by_people=True)
    ids = find_batches(session, wanted, limit).ids
    return {"batches": list_batches(session, ids), "few": first_changes(session, ids, wanted, 2)}


def _listed(
    wanted: ChangeFilter, args: Mapping[str, str], kept: Mapping[str, str]
) -> dict[str, Any]:
    """The page of batches that the filter asks for, and the addresses of those beside it."""
    session = db.session()
    found, newer = _stretch(wanted, args)
    rows = list_batches(session, found.ids)
    further = name_place(session, found.further) if found.further else None
    count, whole = count_batches(session, wanted)
    return {
        "batches": rows,
        "few": first_changes(session, found.ids, wanted),
        "newer": address_of(PATH, {**kept, "after": newer}) if newer else None,
        "older": address_of(PATH, {**kept, "before": further}) if further else None,
        "count": f"{count:,}{'' if whole else '+'}",
    }


def _stretch(wanted: ChangeFilter, args: Mapping[str, str]) -> tuple[Stretch, str | None]:
    """The batches of this page, and the one that those of the newer page come after, if any."""
    session = db.session()
    if "after" in args:
        place = get_place(session, "after", args["after"])
        found = find_batches(session, wanted, ROWS, place, forward=True)
        if found.further is not None and found.ids:
            first, last = get_places(session, (found.ids[0], found.ids[-1]))
            return Stretch(found.ids, last), name_place(session, first)
    start = get_place(session, "before", args["before"]) if "before" in args else None
    found = find_batches(session, wanted, ROWS, start)
    if start is None or "after" in args:
        return found, None
    first = get_places(session, found.ids[:1])[0] if found.ids else start
    return found, name_place(session, first)


def _filters(args: Mapping[str, str]) -> dict[str, Any]:
    session = db.session()
    kinds = {kind: _WORDS.get(kind, kind) for kind in list_kinds(session)}
    actors = {actor: actor for actor in list_actors(session)}
    feeds = {feed: feed for feed in list_sources(session)}
    fields = dict(sorted(_FIELDS.items(), key=lambda pair: pair[1].casefold()))
    return {"args": args, "kinds": kinds, "actors": actors, "feeds": feeds, "fields": fields}


def _actor_chips(kept: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """For everybody and each kind of actor: the words, where it leads, whether it is chosen."""
    rest = {name: value for name, value in kept.items() if name != "actor_kind"}
    chosen = kept.get("actor_kind", "")
    chips = [("Everybody", address_of(PATH, rest), chosen not in ACTOR_KINDS)]
    for kind in ACTOR_KINDS:
        address = address_of(PATH, {**rest, "actor_kind": kind})
        chips.append((ACTOR_WORDS[kind], address, kind == chosen))
    return chips


def batch_title(batch: BatchRow) -> str:
    """What a batch did, in a few words."""
    said = _said(batch.kind, batch.summary)
    return said[:1].upper() + said[1:]


def _said(kind: str, summary: Mapping[str, Any]) -> str:
    if kind == "bulk" and "done" in summary:
        one, many = _NOUNS.get(summary.get("record_type", ""), ("record", "records"))
        count = summary.get("updated", 0)
        return f"{count:,} {one if count == 1 else many} {summary['done']}"
    if kind == "undo" and "kind" in summary:
        return f"undone: {_said(summary['kind'], summary.get('summary') or {})}"
    if kind == "sync":
        parts = [f"{summary[word]:,} {word}" for word in _SYNCED if summary.get(word)]
        return f"sync: {', '.join(parts)}" if parts else "sync"
    if kind == "feed" and "feed" in summary:
        what = next((word for word in ("created", "removed") if word in summary), None)
        names = ", ".join(FEED_LABELS.get(n, n).lower() for n in summary.get("changed", ()))
        return f"feed {summary['feed']}: {names or _FEED_DONE.get(what or '', 'changed')}"
    if kind in ("link", "split", "merge") and "to" in summary:
        return f"{_WORDS[kind]}: {summary['to']}"
    return _WORDS.get(kind, kind)


def batch_count(batch: BatchRow) -> str:
    """How many changes, counted as far as the list counts."""
    number = f"{batch.changes:,}{'+' if batch.changes == COUNTED else ''}"
    return f"{number} {'change' if batch.changes == 1 else 'changes'}"


def actor_pill(actor_kind: str) -> str:
    """What an actor is where that is not a person, whose name says so."""
    return _ACTOR_PILLS.get(actor_kind, "")


def change_label(record_type: str, name: str) -> str:
    """What people call a changed field, of whatever kind of record."""
    if name in _LABELS:
        return _LABELS[name]
    if any(name in FIELDS[t] for t in FIELDS if t == record_type) or name in (
        "*",
        "protection",
        "retired_at",
    ):
        return label_of(record_type, name)
    return name.replace("_", " ").capitalize()


def record_address(record_type: str, record: RecordName | None) -> str | None:
    """The page of a changed record, where it has one."""
    if record is None or record.gone:
        return None
    public_id = quote(record.public_id or "", safe="")
    return {
        "entry": entry_path(record.public_id or ""),
        "provider_model": f"/provider-models/{public_id}",
        "provider": f"/providers/{public_id}",
        "feature_flag": "/feature-flags",
        "feed": f"/feeds/{public_id}",
        "webhook": f"/webhooks/{public_id}",
    }.get(record_type)


def can_undo_batch(batch: BatchRow) -> bool:
    """Whether to offer the undo of a whole batch; the service has the last word."""
    return batch.kind not in _KEPT and batch.changes > 0 and may("admin:change:undo")


def can_undo_change(record_type: str, field: str) -> bool:
    """Whether to offer the undo of one change; the service has the last word."""
    if record_type not in PERMISSIONS or (record_type in FIELDS and field in ("*", "retired_at")):
        return False
    return may("admin:change:undo") and may(PERMISSIONS[record_type])


HELPERS = (
    *(batch_title, batch_count, actor_pill, change_label, record_address),
    *(can_undo_batch, can_undo_change),
)
