"""What the browser tests find: an admin and a catalog."""

from argon2 import PasswordHasher
from flask import Flask

from app.models import User, db, now

ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery staple"


def seed(app: Flask) -> None:
    """Writes the first admin."""
    with app.app_context():
        db.session.add(
            User(
                email=ADMIN_EMAIL,
                password_hash=PasswordHasher().hash(ADMIN_PASSWORD),
                role="admin",
                created_at=now(),
            )
        )
        db.session.commit()
