"""Which addresses of other servers may be written down."""

import re

import pytest

from app.core.urls import MAX_URL, URL_PATTERN, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "http://x",
        "https://api.example.org:8443/v1?a=b#c",
        "http://localhost:65535/",
        "https://xn--mnchen-3ya.example/v1",
        "http://[::1]:8080/v1",
    ],
)
def test_an_address_that_can_be_fetched_is_accepted(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://0*", "ASCII"),
        ("http://a,b/", "ASCII"),
        ("https://münchen.example/", "ASCII"),
        ("http://x/ü", "ASCII"),
        ("http://[nothing]/", "not a URL"),
        ("http://[::1", "not a URL"),
        ("http://x:65536/", "not a URL"),
        ("http://x:0/", "http or https"),
        ("ftp://x/", "http or https"),
        ("x.example", "http or https"),
        ("http://a:b@x/", "password"),
        ("http://x/a b", "spaces"),
        ("http://x/\u2028", "spaces"),
        ("http://x/" + "a" * MAX_URL, "characters"),
    ],
)
def test_another_is_refused_with_the_reason(url: str, said: str) -> None:
    assert said in (url_problem(url) or "")


def test_what_the_documents_promise_is_accepted() -> None:
    for url in ("http://0", "https://A_b.c-d:1/~!?#", "http://x?y"):
        assert re.fullmatch(URL_PATTERN, url)
        assert url_problem(url) is None
