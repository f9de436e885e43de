"""`/v1`: JSON for programs, with bearer tokens. One module per resource."""

from __future__ import annotations

from flask import Flask

from app.blueprints.api_v1 import catalogs, openapi

RESOURCES = (catalogs.blueprint, openapi.blueprint)


def register(app: Flask) -> None:
    """Register every resource."""
    for blueprint in RESOURCES:
        app.register_blueprint(blueprint, url_prefix="/v1")
