"""The commands that pages offer to copy: read as a person reads them, sent as `curl` would."""

import html
import re
import shlex
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.models import Batch, Change
from tests.support.client import IsolatedClient

Changes = list[tuple[Any, ...]]
_FIELDS = ("record_type", "record_id", "field", "old", "new", "old_manual", "new_manual")
_ONE = re.compile(r'<pre[^>]*aria-label="Command: ([^"]*)"[^>]*>(.*?)</pre>', re.DOTALL)


def offered(page: str) -> dict[str, str]:
    """The commands of a page by label."""
    found = [(html.unescape(label), html.unescape(said)) for label, said in _ONE.findall(page)]
    assert len(dict(found)) == len(found), f"a label stands twice: {[label for label, _ in found]}"
    return dict(found)


def run(client: IsolatedClient, command: str) -> TestResponse:
    """Send what a shell would hand to curl."""
    words = shlex.split(command.replace("\\\n", " "))
    assert words[:2] == ["curl", "-X"]
    assert "Authorization: Bearer $ALMANAC_TOKEN" in words
    assert urlsplit(words[3]).scheme in {"http", "https"}
    body = words[words.index("--data-raw") + 1] if "--data-raw" in words else None
    kind = "application/json" if body else None
    return client.open(urlsplit(words[3]).path, method=words[2], data=body, content_type=kind)


def count_batches(session: Session) -> int:
    session.rollback()
    return session.execute(select(func.count()).select_from(Batch)).scalar_one()


def newest_changes(session: Session) -> Changes:
    """What the last batch changed, whoever did it; of a time, that there is one.

    Two who do the same one after the other do not do it in the same second.
    """
    session.rollback()
    last = select(func.max(Batch.id)).scalar_subquery()
    columns = [getattr(Change, name) for name in (*_FIELDS, "new_protection")]
    found = session.execute(select(*columns).where(Change.batch_id == last)).all()
    rows = [dict(row._mapping) for row in found]
    for row in rows:
        if row["field"].endswith("_at"):
            row |= {name: "a time" for name in ("old", "new") if row[name] is not None}
    return sorted((tuple(row.values()) for row in rows), key=repr)


def assert_same(
    session: Session, api: IsolatedClient, command: str, by_hand: Callable[[], TestResponse]
) -> Changes:
    """The command changes what the page changes ``by_hand`` after the command was undone."""
    answer = run(api, command)
    assert answer.status_code in {200, 204}, answer.text
    by_command, before = newest_changes(session), count_batches(session)
    assert by_command
    last = session.scalars(select(Batch.public_id).order_by(Batch.id.desc()).limit(1)).one()
    assert api.post(f"/v1/admin/batches/{last}/undo").status_code == 200
    reply = by_hand()
    assert reply.status_code == 303, reply.text
    assert count_batches(session) == before + 2
    by_page = newest_changes(session)
    assert by_page == by_command, f"{by_page} by hand, {by_command} by command"
    return by_command
