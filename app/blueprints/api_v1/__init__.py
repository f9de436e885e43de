"""`/v1`: JSON for programs, with bearer tokens. One module per resource."""

from __future__ import annotations

from flask import Flask
from werkzeug.routing import PathConverter

from app.blueprints.api_v1 import (
    bulk,
    catalogs,
    changes,
    feeds,
    openapi,
    provider_models,
    providers,
    review,
    sync_runs,
    webhooks,
)

RESOURCES = (
    bulk.blueprint,
    catalogs.blueprint,
    changes.blueprint,
    feeds.blueprint,
    provider_models.blueprint,
    providers.blueprint,
    review.blueprint,
    sync_runs.blueprint,
    webhooks.blueprint,
    openapi.blueprint,
)


class PublicIdConverter(PathConverter):
    """Everything up to the end, slashes at its beginning too: those are no other address."""

    regex = ".+?"
    part_isolating = False


def register(app: Flask) -> None:
    """Register every resource."""
    app.url_map.converters["public_id"] = PublicIdConverter
    for blueprint in RESOURCES:
        app.register_blueprint(blueprint, url_prefix="/v1")
