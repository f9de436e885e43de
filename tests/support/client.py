"""A test client that behaves as another process would."""

import contextvars
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.models import db


class IsolatedClient(FlaskClient):
    """Every request gets its own application context and database session.

    A test that holds an application context (the `session` fixture does) would otherwise share
    `flask.g`, the logged-in user and the identity map with the requests it makes. What the test
    has written so far is committed before the request, and read afresh after it.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if _has_context():
            db.session.commit()
        kwargs.setdefault("buffered", True)
        return contextvars.Context().run(super().open, *args, **kwargs)


def _has_context() -> bool:
    from flask import has_app_context

    return has_app_context()
