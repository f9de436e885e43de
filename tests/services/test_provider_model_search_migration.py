"""What is in the database already is found after the upgrade; down and up again is the same."""

from collections.abc import Iterator

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import inspect, text

from app.models import db
from app.queries.provider_model_filter import ProviderModelFilter
from app.queries.provider_models import list_provider_models
from tests.support.database import make_settings, migrated_app, scratch_folder
from tests.support.factories import make_entry, make_provider, make_provider_model


@pytest.fixture
def own_app(engine_kind: str, request: pytest.FixtureRequest) -> Iterator[Flask]:
    """A database of its own: migrations must not touch the one that other tests share."""
    with scratch_folder() as folder:
        url = f"sqlite:///{folder / 'migrated.db'}"
        if engine_kind == "postgresql":
            url = request.getfixturevalue("postgres").create()
        app = migrated_app(make_settings(url, folder))
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


def stored() -> list[tuple[object, ...]]:
    key = "rowid" if db.engine.dialect.name == "sqlite" else "provider_model_id"
    grams = "" if db.engine.dialect.name == "sqlite" else ", grams"
    statement = text(f"SELECT {key}, text{grams} FROM provider_model_search ORDER BY {key}")
    with db.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def indexes() -> set[str | None]:
    return {index["name"] for index in inspect(db.engine).get_indexes("provider_models")}


def test_the_upgrade_indexes_what_is_there(own_app: Flask) -> None:
    session = db.session()
    provider = make_provider(session, name="Größe AG")
    entry = make_entry(session, public_id="openai/gpt-4o")
    make_provider_model(session, provider, entry, raw_id="GPT", model_display_name=None)
    make_provider_model(session, provider, entry, raw_id="ΟΔΥΣΣΕΥΣ", model_display_name="Straße")
    session.commit()
    db.session.remove()
    before, names = stored(), indexes()
    assert len(before) == 2
    for _ in range(2):
        flask_migrate.downgrade(revision="0002")
        assert "ix_provider_models_provider_id_active" in indexes()
        assert "provider_model_search" not in inspect(db.engine).get_table_names()
        flask_migrate.upgrade()
        assert (stored(), indexes()) == (before, names)
    for words, total in (("strasse", 1), ("σσευσ", 1), ("gpt-4o", 2), ("grösse", 2)):
        wanted = ProviderModelFilter(search=words)
        assert list_provider_models(db.session(), wanted, limit=9, offset=0).total == total
