"""The words of names that are there already are known after the upgrade."""

from collections.abc import Iterator

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from app.models import SearchWord, db
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


def words() -> set[str]:
    return set(db.session().scalars(select(SearchWord.word)))


def test_down_and_up_again(own_app: Flask) -> None:
    session = db.session()
    entry = make_entry(session, public_id="openai/gpt-4o", model_display_name="Größe Omni")
    provider = make_provider(session, name="Acme Cloud", vendor="acme")
    make_provider_model(session, provider, entry, raw_id="azure-gpt", model_display_name=None)
    session.commit()
    written = words()
    assert {"openai", "gpt", "grösse", "omni", "acme", "cloud", "azure"} <= written
    db.session.remove()
    flask_migrate.downgrade(revision="0006")
    flask_migrate.upgrade()
    assert words() == written
