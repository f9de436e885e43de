"""The commands that pages offer to copy: what they send is what the page would have done."""

import html
import json
import re
import shlex
from urllib.parse import urlsplit

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Batch, CatalogEntry, Change
from app.web.curl import api_call
from tests.support.client import IsolatedClient
from tests.support.factories import make_entry

HARD = 'it\'s "so" $HOME `id` \\ \n 模型 !'


def commands(page: str) -> dict[str, str]:
    """The commands of a page by label, as a person reads them."""
    found = re.findall(r'<pre[^>]*aria-label="Command: ([^"]*)"[^>]*>(.*?)</pre>', page, re.DOTALL)
    return {html.unescape(label): html.unescape(command) for label, command in found}


def run(client: IsolatedClient, command: str) -> TestResponse:
    """Send what a shell would hand to curl."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == ["curl", "-X"]
    assert "Authorization: Bearer $ALMANAC_TOKEN" in words
    assert urlsplit(words[3]).scheme in {"http", "https"}
    body = words[words.index("--data-raw") + 1] if "--data-raw" in words else None
    kind = "application/json" if body else None
    return client.open(urlsplit(words[3]).path, method=words[2], data=body, content_type=kind)


def test_commands_of_an_entry_do_what_its_page_does_and_can_be_undone(
    editor: IsolatedClient, api_editor: IsolatedClient, session: Session
) -> None:
    made = make_entry(session, public_id="acme/it's:1@b", description=HARD, active=True)
    session.commit()
    offered = commands(editor.get("/catalog/acme/it's:1@b").text)

    assert run(api_editor, offered["Switch Active off"]).status_code == 200
    session.refresh(made)
    assert made.active is False
    kept = run(api_editor, offered["Set Description"])
    assert kept.status_code == 200
    assert kept.get_json()["description"] == made.description == HARD

    batch = session.scalars(
        select(Batch.public_id).join(Change).where(Change.field == "active")
    ).one()
    undo = commands(editor.get(f"/changes/{batch}").text)["Undo"]
    assert run(api_editor, undo).status_code == 200
    session.refresh(made)
    assert session.get_one(CatalogEntry, made.id).active is True


def test_viewers_are_offered_no_commands_that_would_be_refused(
    viewer: IsolatedClient, session: Session
) -> None:
    make_entry(session, public_id="acme/one")
    session.commit()

    assert commands(viewer.get("/catalog/acme/one").text) == {}


def test_a_shell_reads_every_value_back_as_it_was(app: Flask) -> None:
    with app.test_request_context(base_url="https://almanac.example"):
        command = api_call("api_v1_feeds.sync", {"x": HARD}, feed_name="a b'c")
    words = shlex.split(command.replace("\\\n", " "))

    assert words[3] == "https://almanac.example/v1/admin/feeds/a%20b'c/sync"
    assert json.loads(words[-1]) == {"x": HARD}
