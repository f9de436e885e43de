"""`/healthz`: the process lives. `/readyz`: it can work."""

from __future__ import annotations

import structlog
from flask import Blueprint
from sqlalchemy.exc import SQLAlchemyError

from app.models import db
from app.services.migrations import is_migrated
from app.web.permissions import public

blueprint = Blueprint("public", __name__)
_log = structlog.get_logger(__name__)


@blueprint.get("/healthz")
@public
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@blueprint.get("/readyz")
@public
def readyz() -> tuple[dict[str, str], int]:
    try:
        migrated = is_migrated(db.session())
    except SQLAlchemyError as error:
        _log.warning("database not reachable", exc_info=error)
        return {"status": "unavailable", "reason": "the database cannot be reached"}, 503
    if not migrated:
        return {"status": "unavailable", "reason": "the database is not migrated"}, 503
    return {"status": "ok"}, 200
