"""What the browser tests find: one person of each role, and the embedded catalog."""

from flask import Flask

from app.core.permissions import Role
from app.models import db
from app.services.bootstrap import seed_catalog
from tests.support.people import ensure_user


def seed(app: Flask) -> None:
    """Fills an empty, migrated database."""
    with app.app_context():
        for role in Role:
            ensure_user(role)
        seed_catalog(db.session())
