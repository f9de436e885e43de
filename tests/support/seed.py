"""What the browser tests find: an admin and a catalog."""

from flask import Flask

from app.core.permissions import Role
from tests.support.people import PASSWORD, email_of, ensure_user

ADMIN_EMAIL = email_of(Role.ADMIN)
ADMIN_PASSWORD = PASSWORD


def seed(app: Flask) -> None:
    """Writes one person of each role."""
    with app.app_context():
        for role in Role:
            ensure_user(role)
