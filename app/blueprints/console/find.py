"""`/find`: anything by what somebody typed, as a page or as the options of the command palette."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from app.blueprints.console.display import entry_path, provider_model_path
from app.blueprints.console.find_things import (
    ACTION,
    FEED,
    PAGE,
    PROVIDER,
    Names,
    Thing,
    general,
    list_things,
    read_names,
    words_besides,
)
from app.blueprints.console.navigation import may_see
from app.core.finding import MAX_QUERY, Wanted, marked, parse_query
from app.models import db
from app.queries.find import find_entries, find_models
from app.queries.find_words import vocabulary
from app.web.permissions import requires
from app.web.render import is_fragment, render_page

blueprint = Blueprint("find", __name__)
ENTRY, MODEL = "entry", "model"
TITLES = {
    PAGE: "Pages",
    ENTRY: "Catalog entries",
    MODEL: "Provider models",
    PROVIDER: "Providers",
    FEED: "Feeds",
    ACTION: "Actions",
}
# How many of each: in the palette, on the page.
FEW = {PAGE: 4, ENTRY: 7, MODEL: 7, PROVIDER: 4, FEED: 3, ACTION: 5}
MANY = 25
COMPARED = 3


@dataclass(frozen=True, slots=True)
class Group:
    """Results of one kind, the best first."""

    kind: str
    title: str
    things: list[Thing]


@blueprint.get("/find")
@requires("admin:catalog:read")
def find() -> Response:
    """The groups in the order of their best results."""
    typed = request.args.get("q", "").replace("\x00", "").strip()[:MAX_QUERY]
    session = db.session()
    names = read_names(session)
    wanted = parse_query(typed, vocabulary(session, words_besides(names)))
    # Where nothing is typed: the pages, and what can be done from everywhere.
    found = general() if wanted.is_empty else _found(session, names, wanted)
    groups = list(_grouped(found, few=is_fragment()))
    return render_page(
        "console/find/page.html",
        "console/find/_options.html",
        typed=typed,
        groups=groups,
        count=sum(len(group.things) for group in groups),
    )


def _found(session: Session, names: Names, wanted: Wanted) -> list[Thing]:
    return [
        *_comparisons(session, wanted),
        *list_things(names, wanted),
        *_entries(session, wanted),
        *(_models(session, wanted) if may_see("provider_models.models") else ()),
    ]


def _comparisons(session: Session, wanted: Wanted) -> Iterator[Thing]:
    """Beside the word "compare": the entries whose providers can be compared."""
    rest = tuple(meant for meant in wanted.words if all(one.word != "compare" for one in meant))
    if not rest or len(rest) == len(wanted.words):
        return
    asked = Wanted(" ".join(meant[0].word for meant in rest), rest)
    for one in find_entries(session, asked, COMPARED):
        label = f"Compare providers of {one.row.title}"
        yield Thing(
            ACTION,
            label,
            f"/compare?entry={quote(one.row.public_id, safe='/:@')}",
            "git-compare",
            one.row.public_id,
            score=one.score + 6,
            spans=marked(wanted, label),
            detail_spans=marked(wanted, one.row.public_id),
        )


def _entries(session: Session, wanted: Wanted) -> Iterator[Thing]:
    for one in find_entries(session, wanted, MANY):
        row = one.row
        yield Thing(
            ENTRY,
            row.title,
            entry_path(row.public_id),
            "table",
            row.public_id,
            active=row.active and row.retired_at is None,
            score=one.score + 2,
            spans=marked(wanted, row.title),
            detail_spans=marked(wanted, row.public_id),
        )


def _models(session: Session, wanted: Wanted) -> Iterator[Thing]:
    for one in find_models(session, wanted, MANY):
        row = one.row
        detail = f"{row.provider} · {row.raw_id}"
        yield Thing(
            MODEL,
            row.title,
            provider_model_path(row.public_id),
            "packages",
            detail,
            active=row.active and row.retired_at is None,
            score=one.score,
            spans=marked(wanted, row.title),
            detail_spans=marked(wanted, detail),
        )


def _grouped(found: Iterable[Thing], *, few: bool) -> Iterator[Group]:
    by_kind: dict[str, list[Thing]] = {kind: [] for kind in TITLES}
    for thing in found:
        by_kind[thing.kind].append(thing)
    for things in by_kind.values():
        things.sort(key=lambda thing: -thing.score)
    kinds = [kind for kind in TITLES if by_kind[kind]]
    for kind in sorted(kinds, key=lambda kind: -by_kind[kind][0].score):
        most = FEW[kind] if few and by_kind[kind][0].score else MANY
        yield Group(kind, TITLES[kind], by_kind[kind][:most])
