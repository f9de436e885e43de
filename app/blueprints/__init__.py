"""Views: parse the request, call one service or query, render."""

from __future__ import annotations

from flask import Flask

from app.blueprints import api_v1, auth, console, public

PACKAGES = (auth, public, console, api_v1)


def register_all(app: Flask) -> None:
    """Register every package of views; each has a function `register(app)`."""
    for package in PACKAGES:
        package.register(app)
