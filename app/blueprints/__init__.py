"""Views: parse the request, call one service or query, render."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

PACKAGES = ("auth", "public", "console", "api_v1")


def register_all(app: Flask) -> None:
    """Register every package of views; each has a function `register(app)`."""
    for name in PACKAGES:
        full_name = f"{__name__}.{name}"
        if find_spec(full_name) is not None:
            package = import_module(full_name)
            if hasattr(package, "register"):
                package.register(app)
