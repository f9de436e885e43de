"""Headers, cookies, CSRF, and what proxies may say."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.web.security import CONTENT_SECURITY_POLICY
from tests.web.probe import probe_app

PATHS = ["/healthz", "/login", "/v1/missing", "/console/missing", "/static/css/almanac.css"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_is_guarded(prober: FlaskClient, path: str) -> None:
    headers = prober.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers
    assert headers["X-Request-ID"]


def test_the_policy_is_the_one_that_htmx_was_tried_with() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


def cookie(client: FlaskClient, **headers: str) -> str:
    return client.get("/login", headers=headers).headers["Set-Cookie"]


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(prober: FlaskClient) -> None:
    flags = cookie(prober)
    assert "HttpOnly" in flags
    assert "SameSite=Lax" in flags
    assert "Secure" not in flags


def test_behind_tls_the_cookie_is_secure(probe: Flask) -> None:
    assert "Secure" in cookie(probe.test_client(), **{"X-Forwarded-Proto": "https"})
    answer = probe.test_client().get("/login", base_url="https://almanac.example")
    assert "Secure" in answer.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in answer.headers


def test_the_visitors_address_comes_from_a_proxy_only_if_there_is_one() -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.7"}
    for proxies, seen in ((0, "127.0.0.1"), (1, "198.51.100.7")):
        with probe_app(trusted_proxies=proxies) as app, app.test_client() as client:
            client.get("/healthz", headers=forwarded)
            from flask import request

            assert request.remote_addr == seen


def test_a_browsers_mutation_without_token_is_refused(prober: FlaskClient) -> None:
    answer = prober.post("/write")
    assert answer.status_code == 400
    assert "The form has expired" in answer.text


def test_programs_need_no_such_token(prober: FlaskClient) -> None:
    assert prober.post("/v1/echo", json={"a": 1}).get_json() == {"got": {"a": 1}}


def test_public_feeds_are_open_unless_the_operator_closes_them(prober: FlaskClient) -> None:
    assert prober.get("/feeds/openai/v1/probe").get_json() == {"open": True}
    with probe_app(public_feeds=False) as app:
        answer = app.test_client().get("/feeds/openai/v1/probe")
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/healthz", "/v1/missing", "/static/css/almanac.css"])
def test_what_no_login_changes_may_be_shared_by_caches(prober: FlaskClient, path: str) -> None:
    assert "Cookie" not in prober.get(path).headers.get("Vary", "")


@pytest.mark.parametrize("address", ["/healthz?q=a%00b", "/v1/a%00b", "/console/a%00b"])
def test_a_nul_in_an_address_is_refused(prober: FlaskClient, address: str) -> None:
    assert prober.get(address).status_code == 400
