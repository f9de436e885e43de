"""Almanac: the admin console for the model catalog of an LLM gateway."""

from app.factory import create_app

__all__ = ["create_app"]
