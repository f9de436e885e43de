"""Page or fragment."""

import pytest
from flask import Flask

from app.web.render import is_fragment, timestamp

CASES = [
    ({}, False),
    ({"HX-Request": "true"}, True),
    ({"HX-Request": "true", "HX-Request-Type": "partial"}, True),
    ({"HX-Request": "true", "HX-Request-Type": "full"}, False),
    ({"HX-Request": "true", "HX-Boosted": "true"}, False),
    ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
]


@pytest.mark.parametrize(("headers", "expected"), CASES)
def test_who_wants_a_fragment(probe: Flask, headers: dict[str, str], expected: bool) -> None:
    with probe.test_request_context("/", headers=headers):
        assert is_fragment() is expected


def test_caches_keep_pages_and_fragments_apart(probe: Flask) -> None:
    page = probe.test_client().get("/piece")
    fragment = probe.test_client().get("/piece", headers={"HX-Request": "true"})
    assert "<html" in page.text
    assert "<html" not in fragment.text
    for answer in (page, fragment):
        assert "HX-Request" in answer.headers["Vary"]


def test_a_time_is_written_in_utc() -> None:
    assert timestamp(0) == '<time datetime="1970-01-01T00:00:00Z">1970-01-01 00:00 UTC</time>'
