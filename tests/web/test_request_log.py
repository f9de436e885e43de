"""One line per request, without secrets."""

import json
import logging
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from tests.support.client import IsolatedClient

SCRIPT = """
import structlog, logging
from app.web.logging import configure_logging
configure_logging()
structlog.get_logger("almanac").info("hello", status=200)
logging.getLogger("library").warning("from %s", "elsewhere")
try:
    1 / 0
except ZeroDivisionError as error:
    structlog.get_logger("almanac").error("failed", exc_info=error)
"""


@pytest.mark.engines("sqlite")
def test_a_request_is_one_line(admin: IsolatedClient) -> None:
    with capture_logs() as lines:
        admin.get("/users?q=confidential", headers={"X-Request-ID": "log-1"})
    (line,) = [x for x in lines if x["event"] == "request"]
    assert line["method"] == "GET"
    assert line["path"] == "/users"
    assert line["status"] == 200
    assert line["actor"] == "user:admin@example.org"
    assert line["ms"] > 0
    assert "confidential" not in str(lines)


@pytest.mark.engines("sqlite")
def test_a_password_is_never_logged(client: IsolatedClient) -> None:
    with capture_logs() as lines:
        client.post("/login", data={"email": "a@example.org", "password": "hunter2-hunter2"})
    assert lines
    assert "hunter2" not in str(lines)


def test_lines_are_json_where_nobody_watches() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["hello", "from elsewhere", "failed"]
    assert lines[0]["status"] == 200
    assert lines[1]["level"] == "warning"
    assert "ZeroDivisionError" in lines[2]["exception"]


def test_this_process_keeps_its_own_logging() -> None:
    assert all(type(h).__name__ != "_Stderr" for h in logging.getLogger().handlers)
