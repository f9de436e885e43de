"""Every route says who may call it, and a viewer really is refused what is not a viewer's."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from app.core.permissions import PERMISSIONS, Role
from app.web.permissions import PUBLIC, declared_permission, requires
from tests.support.client import IsolatedClient

# What answers without login or token. A new line here needs a reason.
OPEN = {
    "auth.login",
    "auth.log_in_with_password",
    "auth.logout",  # whoever has no session has nothing to end
    "public.healthz",
    "public.readyz",
}


def routes(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]


def permission_of(app: Flask, rule: Rule) -> str | None:
    return declared_permission(app.view_functions[rule.endpoint])


def address(app: Flask, rule: Rule) -> str:
    """Some address of the route; what it names need not exist to be refused."""
    values: dict[str, Any] = {
        name: 1 if isinstance(c, IntegerConverter) else "x" for name, c in rule._converters.items()
    }
    with app.test_request_context("/"):
        return app.url_for(rule.endpoint, **values)


@pytest.mark.engines("sqlite")
def test_every_route_declares_its_permission(app: Flask) -> None:
    silent = {rule.endpoint for rule in routes(app) if permission_of(app, rule) is None}
    assert silent == set(), "put @requires(...) or @public below the route decorator"


@pytest.mark.engines("sqlite")
def test_what_is_open_to_everybody_is_listed(app: Flask) -> None:
    found = {rule.endpoint for rule in routes(app) if permission_of(app, rule) == PUBLIC}
    assert {name for name in found if not name.startswith("api")} <= OPEN


@pytest.mark.engines("sqlite")
def test_a_viewer_is_refused_everything_that_needs_a_greater_role(
    app: Flask, viewer: IsolatedClient, api_viewer: IsolatedClient
) -> None:
    refused = 0
    for rule in routes(app):
        permission = permission_of(app, rule)
        if permission in {PUBLIC, None} or PERMISSIONS[str(permission)] is Role.VIEWER:
            continue
        client = api_viewer if rule.rule.startswith("/v1/") else viewer
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(address(app, rule), method=method)
            assert answer.status_code == 403, (method, rule.rule, answer.status_code)
            refused += 1
    assert refused >= 8


@pytest.mark.engines("sqlite")
def test_nobody_is_sent_to_the_login(app: Flask, client: IsolatedClient) -> None:
    for rule in routes(app):
        if permission_of(app, rule) == PUBLIC or "GET" not in (rule.methods or set()):
            continue
        answer = client.get(address(app, rule))
        if rule.rule.startswith(("/v1/", "/feeds/")) and answer.is_json:
            assert answer.status_code == 401, rule.rule
        else:
            assert answer.status_code == 303, rule.rule
            assert answer.location.startswith("/login"), rule.rule


def test_a_misspelt_permission_stops_the_start() -> None:
    with pytest.raises(KeyError):
        requires("admin:catalogue:read")
