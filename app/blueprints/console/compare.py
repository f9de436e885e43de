"""`/compare`: entries side by side, or the offers of one entry; what differs comes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.blueprints.console.compare_rows import Priced, Row, entry_rows, offer_rows
from app.blueprints.console.display import entry_path, provider_model_path
from app.core.errors import NotFoundError
from app.core.row_ids import read_row_id
from app.core.values import MAX_TEXT
from app.models import db
from app.queries.entries import EntryRow, get_entry, list_entries_by_pk
from app.queries.provider_models import list_provider_models_by_pk
from app.queries.record_detail import OfferRow, list_offers
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("compare", __name__)
PATH = "/compare"
MOST = 5
DIFFERENCES = "differences"


class Head(NamedTuple):
    """The head of a column; ``without`` is the address of the same without it."""

    title: str
    detail: str
    path: str
    without: str
    retired: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for."""

    entries: tuple[str, ...]
    entry: str
    hidden: frozenset[str]
    only: bool

    def address(self, **changes: Any) -> str:
        """The address of the same with something else."""
        asked = replace(self, **changes)
        pairs = [("entry", asked.entry)] if asked.entry else []
        pairs += [("entries", name) for name in asked.entries]
        pairs += [("hide", name) for name in sorted(asked.hidden)]
        pairs += [("only", DIFFERENCES)] if asked.only else []
        return f"{PATH}?{urlencode(pairs, safe='/:@')}" if pairs else PATH


@blueprint.get(PATH)
@requires("admin:catalog:read")
def compare() -> Response:
    asked = _asked()
    if asked.entry and asked.entries:
        problem = "Ask for entries, or for the providers of one entry; not for both at once."
        return _page(asked, [], [], problem=problem, status=400)
    return _offers_page(asked) if asked.entry else _entries_page(asked)


@blueprint.post(PATH)
@requires("admin:catalog:read")
def compare_picked() -> BaseResponse:
    """The ticked rows of the catalog, where no script makes the link."""
    numbers = [read_row_id(text) for text in request.form.getlist("id")]
    ids = [number for number in dict.fromkeys(numbers) if number is not None]
    names = [row.public_id for row in list_entries_by_pk(db.session(), ids[: MOST + 1])]
    return redirect(Asked(tuple(names), "", frozenset(), only=False).address(), 303)


def _asked() -> Asked:
    def given(name: str) -> list[str]:
        texts = (text.replace("\x00", "").strip() for text in request.args.getlist(name))
        return [text[:MAX_TEXT] for text in texts if text]

    entry = given("entry")
    return Asked(
        tuple(dict.fromkeys(given("entries"))),
        entry[0] if entry else "",
        frozenset(given("hide")),
        request.args.get("only") == DIFFERENCES,
    )


def _entries_page(asked: Asked) -> Response:
    session = db.session()
    found: dict[int, EntryRow] = {}
    unknown, twice = [], []
    for name in asked.entries:
        try:
            entry = get_entry(session, name)
        except NotFoundError:
            unknown.append(name)
            continue
        if entry.id in found:
            twice.append(name)
        found.setdefault(entry.id, entry)
    problem, status = _problem(unknown, twice, len(found))
    shown = list(found.values())[:MOST]
    names = [entry.public_id for entry in shown]
    asked = replace(asked, entries=tuple(names))
    heads = [
        Head(
            entry.model_display_name or entry.public_id,
            entry.public_id,
            entry_path(entry.public_id),
            asked.address(entries=tuple(name for name in names if name != entry.public_id)),
            entry.retired_at is not None,
        )
        for entry in shown
    ]
    rows = entry_rows([Priced(entry, _live(list_offers(session, entry.id))) for entry in shown])
    return _page(asked, heads, rows, problem=problem, status=status, names=names)


def _problem(unknown: list[str], twice: list[str], found: int) -> tuple[str, int]:
    """What is wrong with the entries asked for, and the status that says it to programs."""
    if unknown:
        names = ", ".join(f"“{name}”" for name in unknown)
        return f"There is no catalog entry {names}.", 404
    if found > MOST:
        return f"At most {MOST} entries fit side by side: the first {MOST} are shown.", 400
    if twice:
        names = ", ".join(f"“{name}”" for name in twice)
        return f"{names} is another spelling of an entry that is here already: shown once.", 200
    return "", 200


def _live(offers: Sequence[OfferRow]) -> list[OfferRow]:
    return [offer for offer in offers if offer.retired_at is None]


def _offers_page(asked: Asked) -> Response:
    session = db.session()
    try:
        entry = get_entry(session, asked.entry)
    except NotFoundError:
        problem = f"There is no catalog entry “{asked.entry}”."
        return _page(asked, [], [], problem=problem, status=404)
    ids = [offer.id for offer in list_offers(session, entry.id)]
    models = [
        m for m in list_provider_models_by_pk(session, ids) if m.public_id not in asked.hidden
    ]
    heads = [
        Head(
            model.provider_name,
            model.raw_id,
            provider_model_path(model.public_id),
            asked.address(hidden=asked.hidden | {model.public_id}),
            model.retired_at is not None,
        )
        for model in models
    ]
    left_out = len(ids) - len(models)
    return _page(asked, heads, offer_rows(models), entry=entry, left_out=left_out)


def _page(
    asked: Asked,
    heads: Sequence[Head],
    rows: Sequence[Row],
    *,
    problem: str = "",
    status: int = 200,
    **context: Any,
) -> Response:
    several = len(heads) > 1
    return render_page(
        "console/compare/page.html",
        status=status,
        asked=asked,
        heads=heads,
        different=[row for row in rows if row.differs] if several else [],
        same=[row for row in rows if not row.differs] if several else list(rows),
        problem=problem,
        given={},
        **({"entry": None, "names": [], "left_out": 0, "most": MOST} | context),
    )
