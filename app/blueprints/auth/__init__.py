"""Logging in and out; the pages for users and tokens."""

from __future__ import annotations

from flask import Flask

from app.blueprints.auth import accounts, login, own_account


def register(app: Flask) -> None:
    """Add these pages to the application."""
    app.register_blueprint(login.blueprint)
    app.register_blueprint(accounts.blueprint)
    app.register_blueprint(own_account.blueprint)
