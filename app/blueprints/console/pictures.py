"""Pictures with their tables: capabilities by family, price against context, activity by day."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.console.activity_plot import activity_path, day_of, draw_activity
from app.blueprints.console.price_plot import draw
from app.core.errors import NotFoundError
from app.core.fields import CAPABILITIES
from app.models import db, now
from app.queries.activity import count_activity
from app.queries.coverage import capability_coverage
from app.queries.facets import provider_names
from app.queries.list_args import one_of, read_args
from app.queries.price_map import price_map
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("pictures", __name__)
DAYS = (30, 90)  # that the picture of activity may show


@blueprint.get("/coverage")
@requires("admin:catalog:read")
def coverage() -> Response:
    families = capability_coverage(db.session())
    return render_page("console/pictures/coverage.html", families=families, fields=CAPABILITIES)


@blueprint.get("/prices")
@requires("admin:catalog:read")
def prices() -> Response:
    session, wanted = db.session(), request.args.get("provider_id") or None
    providers = provider_names(session)
    if wanted is not None and wanted not in providers:
        raise NotFoundError(f"there is no provider {wanted!r}")
    found = price_map(session, wanted)
    return render_page(
        "console/pictures/prices.html",
        map=found,
        plot=draw(found, wanted),
        providers=providers,
        wanted=wanted,
    )


@blueprint.get("/activity")
@requires("admin:catalog:read")
def activity() -> Response:
    wanted = read_args({"days": one_of(*map(str, DAYS))}, request.args, ())
    chosen = int(wanted.get("days", DAYS[0]))
    days = count_activity(db.session(), chosen, now())
    return render_page(
        "console/pictures/activity.html",
        days=days,
        activity=draw_activity(days),
        choices=DAYS,
        chosen=chosen,
        activity_path=activity_path,
        day_of=day_of,
    )
