"""What answers everybody: health."""

from __future__ import annotations

from flask import Flask

from app.blueprints.public import health


def register(app: Flask) -> None:
    """Add these pages to the application."""
    app.register_blueprint(health.blueprint)
