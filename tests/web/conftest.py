"""Fixtures of the tests of what lies between HTTP and the views."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.client import IsolatedClient
from tests.web.probe import probe_app


@pytest.fixture(scope="module")
def probe() -> Iterator[Flask]:
    """The application with views that raise and answer what tests need."""
    with probe_app() as app:
        app.test_client_class = IsolatedClient
        yield app


@pytest.fixture
def prober(probe: Flask) -> FlaskClient:
    return probe.test_client()
