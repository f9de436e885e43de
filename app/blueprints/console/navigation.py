"""The main navigation: what exists, as far as the role may see it."""

from __future__ import annotations

from typing import NamedTuple

from flask import current_app, request

from app.web.permissions import declared_permission, may


class Item(NamedTuple):
    """A place to go. `endpoint` names its view, which says who may see it.

    A `minor` one is visited now and then: it is found under "More".
    """

    label: str
    path: str
    icon: str
    endpoint: str
    minor: bool = False


class Shown(NamedTuple):
    """A place as the template needs it."""

    label: str
    path: str
    icon: str
    current: bool
    minor: bool


ITEMS = (
    Item("Dashboard", "/", "layout-dashboard", "pages.dashboard"),
    Item("Catalog", "/catalog", "table", "catalog.entries"),
    Item("Provider models", "/provider-models", "packages", "provider_models.models"),
    Item("Providers", "/providers", "server", "providers.providers"),
    Item("Feeds", "/feeds", "rss", "feeds.feeds"),
    Item("Review", "/review", "inbox", "review.review"),
    Item("Changes", "/changes", "history", "changes.changes"),
    Item("Coverage", "/coverage", "checkbox", "pictures.coverage", minor=True),
    Item("Activity", "/activity", "history", "pictures.activity", minor=True),
    Item("Prices", "/prices", "chart-dots", "pictures.prices", minor=True),
    Item("Sync runs", "/sync-runs", "refresh", "runs.runs", minor=True),
    Item("Feature flags", "/feature-flags", "flag", "flags.flags", minor=True),
    Item("Webhooks", "/webhooks", "webhook", "webhooks.webhooks", minor=True),
    Item("Users", "/users", "users", "accounts.users", minor=True),
    Item("Tokens", "/tokens", "key", "accounts.tokens", minor=True),
)


def navigation() -> list[Shown]:
    """The items for whoever makes this request."""
    here = request.path
    return [
        Shown(item.label, item.path, item.icon, _is_here(item.path, here), item.minor)
        for item in ITEMS
        if may_see(item.endpoint)
    ]


def may_see(endpoint: str) -> bool:
    """Whether there is such a view, for whoever makes this request."""
    permission = declared_permission(current_app.view_functions.get(endpoint))
    return permission is not None and may(permission)


def _is_here(path: str, here: str) -> bool:
    return here == path or (path != "/" and here.startswith(path + "/"))
