"""What another person does while a test looks at a page, past the browser or in one of theirs."""

from typing import Any

from flask import Flask
from playwright.sync_api import Locator, Page

from app.core.permissions import Role
from app.models import db
from app.queries.entries import get_entry
from app.services.records import edit_record
from tests.support.people import actor_of

ENTRY = "anthropic/claude-sonnet-4-5"
LISTED = "/catalog?q=claude-sonnet-4"
EDITOR = actor_of(Role.EDITOR)
# A change is asked for every three seconds; a busy machine may take longer to show it.
SOON = 15_000


def row(page: Page, entry: str = ENTRY) -> Locator:
    """The entry's row of a table."""
    return page.locator(f'tr[data-public-id="{entry}"]')


def cell(page: Page, field: str) -> Locator:
    """A cell of the one entry that the tests change."""
    return row(page).locator(f'[data-field="{field}"]')


def edit(app: Flask, entry: str = ENTRY, **values: Any) -> str:
    """Changes an entry as another person would; gives the batch."""
    with app.app_context():
        pk = get_entry(db.session(), entry).id
        done = edit_record(db.session(), EDITOR, "entry", pk, values, default_protection="entry")
        db.session.remove()
        return done.batch
