"""The dashboard."""

from __future__ import annotations

from flask import Blueprint, Response

from app.blueprints.console.activity_plot import draw_activity
from app.blueprints.console.changes import latest_decisions
from app.blueprints.console.needs import need_lines
from app.blueprints.console.price_plot import draw
from app.blueprints.console.start import first_steps
from app.core.fields import CAPABILITIES
from app.models import db, now
from app.queries.activity import count_activity
from app.queries.coverage import capability_coverage
from app.queries.feeds import list_feed_rows
from app.queries.overview import count_everything
from app.queries.price_map import price_map
from app.queries.runs import run_strips
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("pages", __name__)
FAMILIES = 8  # the largest
DAYS = 30  # of activity
RUNS = 14  # of each feed


@blueprint.get("/")
@requires("admin:catalog:read")
def dashboard() -> Response:
    session, moment = db.session(), now()
    counts = count_everything(session)
    return render_page(
        "console/dashboard.html",
        steps=first_steps(),
        counts=counts,
        needs=need_lines(counts.drift),
        feeds=list_feed_rows(session),
        strips=run_strips(session, RUNS),
        families=capability_coverage(session)[:FAMILIES],
        fields=CAPABILITIES,
        activity=draw_activity(count_activity(session, DAYS, moment)),
        plot=draw(price_map(session), None),
        **latest_decisions(10),
        here="/",
        now=moment,
    )
