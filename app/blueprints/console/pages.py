"""The small pages that are read: dashboard, feeds, changes, providers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session

from app.blueprints.console.changes import latest_decisions
from app.blueprints.console.listing import Pages, parse_listing
from app.blueprints.console.needs import need_lines
from app.blueprints.console.price_plot import draw
from app.core.fields import CAPABILITIES
from app.models import db, now
from app.queries.coverage import capability_coverage
from app.queries.feeds import list_feeds
from app.queries.overview import count_everything
from app.queries.price_map import price_map
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("pages", __name__)
ROWS = 50
FAMILIES = 8  # of the dashboard: the largest


@blueprint.get("/")
@requires("admin:catalog:read")
def dashboard() -> Response:
    session = db.session()
    counts = count_everything(session)
    return render_page(
        "console/dashboard.html",
        counts=counts,
        needs=need_lines(counts.drift),
        feeds=list_feeds(session),
        families=capability_coverage(session)[:FAMILIES],
        fields=CAPABILITIES,
        plot=draw(price_map(session), None),
        **latest_decisions(10),
        here="/",
        now=now(),
    )


def _list(
    template: str,
    path: str,
    count: Callable[[Session], int],
    rows: Callable[..., Sequence[Any]],
) -> Response:
    session = db.session()
    pages = Pages(parse_listing(request.args).page, count(session), ROWS)
    found = rows(session, limit=ROWS, offset=(pages.page - 1) * ROWS)
    return render_page(template, rows=found, pages=pages, path=path, now=now())
