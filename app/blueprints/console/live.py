"""`/live`: what others changed of the rows and the page that somebody looks at.

Open pages ask every few seconds. Where nothing was written since they asked last, the
answer is 204 after one short query. Else the rows shown are made anew and compared by
their marks, so that whatever changes a row's look is noticed, whoever wrote it and how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from flask import Blueprint, Response, jsonify, render_template, request

from app.blueprints.console.catalog import entry_table
from app.blueprints.console.cells import Row, table_row
from app.blueprints.console.kinds import ENTRY, PROVIDER_MODEL, RecordKind
from app.blueprints.console.layout import Layout
from app.blueprints.console.listing import TABLES, Listing, parse_listing
from app.blueprints.console.provider_models import model_table
from app.blueprints.console.record_pages import live_mark
from app.blueprints.console.review import review_badge
from app.blueprints.console.table_state import current_layout, shown_columns
from app.core.errors import FieldProblem, NotFoundError, ValidationError
from app.models import db
from app.queries.change_filter import parse_change_filter
from app.queries.change_find import find_batches
from app.queries.entries import get_entry, list_entries_by_pk
from app.queries.live import (
    ItemState,
    RecordKey,
    Touch,
    item_states,
    last_touches,
    owners_of_models,
    this_moment,
)
from app.queries.provider_models import get_provider_model, list_provider_models_by_pk
from app.queries.review import count_review, counted_up_to
from app.queries.review_filter import ReviewFilter, parse_review_filter
from app.web.addresses import read_row_id
from app.web.permissions import current_actor, may, requires

blueprint = Blueprint("live", __name__)
MOST = 200
_ROW = re.compile(r"([0-9]+)-([0-9a-z]{0,16})")
_MOMENT = re.compile(r"[0-9]{1,18}\.([0-9]{1,18})")
_REVIEW_PLACE = ("sort", "before", "after")
_COUNTED_BATCHES = 30
GONE = "gone"  # the mark of a row whose record is no more
_BECAME = {
    "applied": "approved",
    "rejected": "rejected",
    "waiting": "put back",
    GONE: "removed",
}
_VERBS = {"waiting": ("waits", "wait"), "rejected": ("is rejected", "are rejected")}
_GONE = "This is not there any more: it was merged into another, or its provider was deleted."
News = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page shows: its address, its rows with their marks, and the count it gives."""

    path: str
    args: dict[str, str]
    rows: dict[int, str]
    mark: str
    total: int
    after: int | None


@blueprint.get("/live")
@requires("admin:catalog:read")
def live() -> Response:
    moment = str(this_moment(db.session()))
    if request.args.get("since") == moment:
        return Response(status=204)
    asked = read_asked(request.args)
    news: News = {"rows": "", "changed": [], "note": None, "anew": False, "final": False} | _news(
        asked
    )
    waiting = review_badge() if may("admin:sync:read") else ""
    return jsonify({"moment": moment, "waiting": waiting, **news})


def read_asked(args: Mapping[str, str]) -> Asked:
    """Reads what a page says of itself; raises `ValidationError`."""
    at = urlsplit(args.get("at", ""))
    since = _MOMENT.fullmatch(args.get("since", "")) if args.get("since") else None
    if args.get("since") and since is None:
        raise _refusal("since", "must be a moment that an answer named")
    total = args.get("total") or "0"
    if not (total.isdecimal() and len(total) < 10):
        raise _refusal("total", "must be a number")
    return Asked(
        path=unquote(at.path),
        args=dict(parse_qsl(at.query)),
        rows=dict(_rows(args.get("rows", ""))),
        mark=args.get("mark", ""),
        total=int(total),
        after=int(since[1]) if since else None,
    )


def _rows(text: str) -> Iterable[tuple[int, str]]:
    given = [one for one in text.split(",") if one]
    if len(given) > MOST:
        raise _refusal("rows", f"must be at most {MOST}")
    for one in given:
        match = _ROW.fullmatch(one)
        pk = read_row_id(match[1]) if match else None
        if match is None or pk is None:
            raise _refusal("rows", "must be row ids with their marks: 12-0a1b2c3d,13-…")
        yield pk, match[2]


def _refusal(name: str, said: str) -> ValidationError:
    return ValidationError(f"{name} {said}", [FieldProblem(name, said)])


def _news(asked: Asked) -> News:
    if asked.path == "/review":
        return _review(asked)
    if asked.path == "/changes":
        return _changes(asked)
    for kind, table in _TABLES.items():
        if asked.path == kind.table:
            return _table(kind, table, asked)
    for kind, get in _RECORDS.items():
        if asked.path.startswith(f"{kind.table}/"):
            return _record(kind, get, asked)
    raise _refusal(
        "at", "must be the address of a table, a record, the review queue or the changes"
    )


def _table(
    kind: RecordKind, table: Callable[[Listing, Layout], dict[str, Any]], asked: Asked
) -> News:
    listing = parse_listing(asked.args, TABLES[kind.record_type])
    # The columns that are on the screen: the person's choice may be another by now.
    columns = shown_columns(kind.record_type, listing)
    context = table(listing, replace(current_layout(listing), columns=columns))
    fresh: list[Row] = context["rows"]
    known = {row.id: row for row in fresh}
    left = [pk for pk in asked.rows if pk not in known]
    known |= {
        record.id: table_row(kind, record, columns, editable=context["editable"])
        for record in _BY_PK[kind](db.session(), left)
    }
    shown = ((known[pk], mark) for pk, mark in asked.rows.items() if pk in known)
    changed = [row for row, mark in shown if row.mark != mark]
    gone = [pk for pk, mark in asked.rows.items() if pk not in known and mark != GONE]
    touches = _touches(kind, [*(row.id for row in changed), *gone], asked.after)
    told = [_told(kind, row, row.name, touches.get(row.id)) | {"mark": row.mark} for row in changed]
    return {
        "rows": render_template("console/_live_rows.html", **context | {"rows": changed}),
        "changed": [*told, *(_lost(kind, pk, touches.get(pk)) for pk in gone)],
        "note": _note(kind, asked, [row.id for row in fresh], context["pages"].total),
    }


def _note(kind: RecordKind, asked: Asked, ids: list[int], total: int) -> str | None:
    """How the list differs from what is shown of it, apart from its rows; None: not at all."""
    if more := total - asked.total:
        noun = kind.noun if abs(more) == 1 else kind.nouns
        word = "more" if more > 0 else "fewer"
        verb = "matches" if abs(more) == 1 else "match"
        return f"{abs(more):,} {word} {noun} {verb} now"
    return None if ids == list(asked.rows) else "The order of this page is another one now"


def _touches(kind: RecordKind, ids: Sequence[int], after: int | None) -> dict[int, Touch]:
    """Who changed the rows: themselves, else what else they show, of their entry or provider."""
    session = db.session()
    own: list[RecordKey] = [(kind.record_type, pk) for pk in ids]
    found = {pk: touch for (_, pk), touch in last_touches(session, own, after).items()}
    rest = [pk for pk in ids if pk not in found]
    if kind is ENTRY or not rest:
        return found
    keys: dict[int, list[RecordKey]] = {
        pk: [("entry", entry), ("provider", provider)]
        for pk, (entry, provider) in owners_of_models(session, rest).items()
    }
    touched = last_touches(session, {key for pair in keys.values() for key in pair}, after)
    by_owner = ((pk, touched.get(key)) for pk, pair in keys.items() for key in pair)
    return found | {pk: touch for pk, touch in by_owner if touch is not None}


def _record(kind: RecordKind, get: Callable[..., Any], asked: Asked) -> News:
    try:
        record = get(db.session(), asked.path.removeprefix(f"{kind.table}/"))
    except NotFoundError:
        return {"note": _GONE, "final": True}
    mark = live_mark(kind, record)
    if mark == asked.mark:
        return {}
    touch = _touches(kind, [record.id], asked.after).get(record.id)
    told = _told(kind, record, kind.name_of(record), touch)
    return {"anew": True, "changed": [told | {"mark": mark}]}


def _told(kind: RecordKind, record: Any, name: str, touch: Touch | None) -> News:
    fields = [f.name for f in kind.fields.values() if touch and f.name in touch.fields]
    return {
        "id": f"{kind.row}-{record.id}",
        "name": name,
        "fields": fields,
        "labels": [kind.fields[name].label for name in fields],
        "by": _who(touch.actor_kind, touch.actor) if touch else None,
    }


def _lost(kind: RecordKind, pk: int, touch: Touch | None) -> News:
    """A record that is no more: its row stays under the hand until the table is shown anew."""
    by = _who(touch.actor_kind, touch.actor) if touch else None
    return {"id": f"{kind.row}-{pk}", "mark": GONE, "became": "removed", "by": by}


def _who(actor_kind: str, actor: str) -> str:
    if actor_kind == "user" and actor == current_actor().name:
        return "you, elsewhere"
    return f"the feed {actor}" if actor_kind == "feed" else actor


def _review(asked: Asked) -> News:
    wanted = parse_review_filter(asked.args, also=_REVIEW_PLACE)
    states = item_states(db.session(), asked.rows)
    states |= {pk: ItemState(GONE, None) for pk in asked.rows if pk not in states}
    changed = [
        {
            "id": f"item-{pk}",
            "mark": one.state,
            "became": _BECAME.get(one.state, "overtaken"),
            "open": one.state == wanted.state,
            "by": _who("user", one.decided_by) if one.decided_by else None,
        }
        for pk, one in states.items()
        if one.state != asked.rows[pk]
    ]
    left = sum(one.state != wanted.state for one in states.values())
    return {"changed": changed, "note": _review_note(asked, wanted, left)}


def _review_note(asked: Asked, wanted: ReviewFilter, left: int) -> str | None:
    """What the queue has beyond what is shown; ``left``: so many rows are no part of it now."""
    most = counted_up_to(wanted)
    total = count_review(db.session(), wanted, most)
    more = total + left - asked.total if total < most else 0
    one, many = _VERBS[wanted.state]
    said = []
    if left:
        said.append(f"{left:,} of these no longer {one if left == 1 else many}")
    if more > 0:
        said.append(f"1 more item {one} now" if more == 1 else f"{more:,} more items {many} now")
    return ", ".join(said) or None


def _changes(asked: Asked) -> News:
    """How many batches of the filter are newer than the newest when the page was made."""
    if not (asked.mark.isdecimal() and len(asked.mark) < 19):
        raise _refusal("mark", "must be the number of the newest action")
    args = {name: value for name, value in asked.args.items() if value.strip()}
    found = find_batches(db.session(), parse_change_filter(args), _COUNTED_BATCHES)
    count = sum(pk > int(asked.mark) for pk in found.ids)
    more = "" if count < _COUNTED_BATCHES else " or more"
    said = "1 new action" if count == 1 else f"{count}{more} new actions"
    return {"note": said if count else None}


_TABLES: dict[RecordKind, Callable[[Listing, Layout], dict[str, Any]]] = {
    ENTRY: entry_table,
    PROVIDER_MODEL: model_table,
}
_BY_PK: dict[RecordKind, Callable[..., list[Any]]] = {
    ENTRY: list_entries_by_pk,
    PROVIDER_MODEL: list_provider_models_by_pk,
}
_RECORDS: dict[RecordKind, Callable[..., Any]] = {
    ENTRY: get_entry,
    PROVIDER_MODEL: get_provider_model,
}
