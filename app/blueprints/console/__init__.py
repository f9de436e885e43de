"""The pages of the console: dashboard, catalog, entries, and what feeds and providers hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from app.blueprints.console import (
    api_calls,
    bulk,
    catalog,
    change_export,
    changes,
    compare,
    editing,
    entry,
    feeds,
    find,
    flags,
    item_words,
    layouts,
    links,
    live,
    pages,
    pictures,
    provider_models,
    providers,
    review,
    run_actions,
    runs,
    start,
    undo,
    views,
    webhooks,
)
from app.blueprints.console.cell_texts import availability, per_million
from app.blueprints.console.display import (
    ago,
    change_text,
    change_words,
    entry_path,
    field_of,
    is_link,
    label_of,
    moment,
    moment_iso,
    price_per_million,
    provider_model_path,
    provider_path,
    reason_label,
    shown,
)
from app.blueprints.console.icons import icon_html
from app.blueprints.console.navigation import navigation
from app.blueprints.console.options import facet_json, options
from app.blueprints.console.plots import plot_value

HELPERS: tuple[Callable[..., Any], ...] = (
    *api_calls.HELPERS,
    *bulk.HELPERS,
    *changes.HELPERS,
    *feeds.HELPERS,
    *item_words.HELPERS,
    *review.HELPERS,
    *runs.HELPERS,
    *layouts.HELPERS,
    ago,
    availability,
    change_text,
    change_words,
    entry_path,
    facet_json,
    field_of,
    icon_html,
    is_link,
    label_of,
    moment,
    moment_iso,
    options,
    per_million,
    price_per_million,
    provider_model_path,
    plot_value,
    provider_path,
    reason_label,
    shown,
)


def register(app: Flask) -> None:
    """Add the console to the application."""
    for module in (
        *(bulk, catalog, change_export, changes, entry, feeds, flags, layouts, links, live),
        *(pages, provider_models, providers, undo, views, webhooks),
        *(review, runs, run_actions),
        *(compare, find, pictures, start),
    ):
        app.register_blueprint(module.blueprint)
    for blueprint in editing.blueprints:
        app.register_blueprint(blueprint)
    app.context_processor(lambda: {"navigation": navigation()})
    app.jinja_env.globals.update({helper.__name__: helper for helper in HELPERS})
