"""Upkeep of the database that no transaction needs and every query profits from."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.orm import Session

_STATEMENTS = {
    "sqlite": (
        "PRAGMA analysis_limit = 1000",
        "ANALYZE",
        "INSERT INTO entry_search (entry_search) VALUES ('optimize')",
        "INSERT INTO provider_model_search (provider_model_search) VALUES ('optimize')",
    ),
    "postgresql": (
        "SELECT gin_clean_pending_list('ix_entry_search_grams')",
        "SELECT gin_clean_pending_list('ix_provider_model_search_grams')",
        (
            "ANALYZE catalog_entries, entry_search, entry_tags, entry_aliases, claims,"
            " providers, provider_models, provider_model_search"
        ),
    ),
}


def refresh_statistics(session: Session) -> None:
    """Tell the query planner what the tables hold now, and tidy the search index.

    Worth it after an import that changed a good part of the catalog. Takes a
    second or two at 100,000 entries; part of the caller's transaction.
    """
    for statement in _STATEMENTS[session.get_bind().dialect.name]:
        session.execute(text(statement))
