"""Rate limits: counted in memory, or in Redis where several processes share them."""

from __future__ import annotations

from flask import Flask, request
from flask_limiter import Limiter

from app.config import Settings


def address() -> str:
    """Where the request comes from."""
    return request.remote_addr or "unknown"


# Where Redis cannot be reached each process counts for itself: nobody is locked out by that, and
# nobody gets in without being counted.
limiter = Limiter(key_func=address, in_memory_fallback_enabled=True, strategy="moving-window")


def init(app: Flask, settings: Settings) -> None:
    """Count where the settings say."""
    app.config["RATELIMIT_STORAGE_URI"] = settings.redis_url or "memory://"
    limiter.init_app(app)
