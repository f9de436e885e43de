"""The first start, and every later one."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.models import CatalogEntry, Feed, User
from app.services.bootstrap import create_first_admin, seed_catalog
from app.services.users import authenticate
from app.web.permissions import current_settings
from tests.support.paths import ROOT


def test_the_first_admin_is_made_once(session: Session) -> None:
    settings = replace(current_settings(), admin_password=None)
    first = create_first_admin(session, settings)
    assert first is not None
    assert first.password
    assert authenticate(session, first.email, first.password)
    assert create_first_admin(session, settings) is None
    assert session.scalar(select(func.count()).select_from(User)) == 1


def test_a_given_password_is_not_repeated(session: Session) -> None:
    first = create_first_admin(session, current_settings())
    assert first is not None
    assert first.password is None
    assert authenticate(session, "admin@example.org", "correct horse battery staple")


@pytest.mark.engines("sqlite")
@pytest.mark.slow
def test_an_empty_database_gets_the_embedded_catalog(session: Session) -> None:
    stages: list[str] = []
    result = seed_catalog(session, lambda stage, _done, _total: stages.append(stage))
    assert result is not None
    assert result.counts["added"] > 4000
    assert stages[0] == "fetch"
    assert session.scalar(select(CatalogEntry.id).limit(1)) is not None
    assert seed_catalog(session) is None
    session.execute(delete(Feed))
    assert seed_catalog(session) is None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("ALMANAC_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "app.start", "--port", str(port)],
        cwd=ROOT,
        env=environ | {"ALMANAC_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def wait_until_ready(process: subprocess.Popen[str], port: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.mark.slow
def test_two_starts_from_nothing(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, port) as process:
        wait_until_ready(process, port, 120)
        assert process.stdout
        said = "".join(process.stdout.readline() for _ in range(3))
        assert re.search(r"the embedded catalog is loaded: \d{4} models", said)
        assert "log in as admin@localhost" in said
        assert re.search(r"password \S{20,}", said)
        second = subprocess.run(
            [sys.executable, "-m", "app.start", "--port", str(port)],
            cwd=ROOT,
            env=os.environ | {"ALMANAC_DATA_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert second.stderr.startswith(f"error: port {port} of 127.0.0.1 is in use")
    with started(tmp_path, port) as process:
        wait_until_ready(process, port, 30)
        process.send_signal(signal.SIGINT)
        output, _errors = process.communicate(timeout=20)
        assert output == ""
        assert process.returncode == 0
