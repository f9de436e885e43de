"""Pictures of the catalog, each with a table: capabilities by family, price against context."""

from __future__ import annotations

from flask import Blueprint, Response, request

from app.blueprints.console.price_plot import draw
from app.core.errors import NotFoundError
from app.core.fields import CAPABILITIES
from app.models import db
from app.queries.coverage import capability_coverage
from app.queries.facets import provider_names
from app.queries.price_map import price_map
from app.web.permissions import requires
from app.web.render import render_page

blueprint = Blueprint("pictures", __name__)


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
