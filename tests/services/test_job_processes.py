"""Real processes, really killed: nothing that was asked for is lost, one consumes at a time."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.lists import ListServer, list_server
from tests.support.processes import Installation, installation, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture
def almanac(
    engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Installation]:
    url = f"sqlite:///{tmp_path / 'almanac.db'}"
    if engine_kind == "postgresql":
        url = request.getfixturevalue("postgres").create()
    with installation(url, tmp_path) as made:
        yield made


class SlowList(ListServer):
    """Says when it is asked, and answers when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = threading.Event()
        self.may_answer = threading.Event()

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.was_asked.set()
        self.may_answer.wait(60)
        return super().answer(path, headers)


@contextmanager
def slow_list() -> Iterator[SlowList]:
    about = SlowList()
    with list_server() as server:
        server.answer = about.answer  # type: ignore[method-assign]
        about.port = server.port
        try:
            yield about
        finally:
            about.may_answer.set()


def is_done(almanac: Installation, run: int) -> bool:
    return almanac.run(run).status == "applied"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_worker_does_what_was_asked_for_and_stops_on_sigint(almanac: Installation) -> None:
    with list_server() as server:
        almanac.add_feed(server.url)
        run = almanac.request()
        worker = almanac.start("worker")
        wait_until(lambda: is_done(almanac, run))
        assert worker.stop() == 0
    done = almanac.run(run)
    assert (done.attempts, done.holder, done.stage) == (1, None, None)
    assert done.counts is not None
    assert done.counts["added"] == 2
    lines = worker.said().splitlines()
    assert all(line.startswith("{") for line in lines), lines
    assert '"event": "worker stopped"' in lines[-1]


def test_a_run_whose_worker_was_killed_is_done_by_another(almanac: Installation) -> None:
    with slow_list() as server:
        almanac.add_feed(server.url)
        run = almanac.request()
        first = almanac.start("worker")
        assert server.was_asked.wait(30)
        first.stop(signal.SIGKILL)
        assert almanac.run(run).status == "running"
        server.may_answer.set()
        almanac.start("worker")
        wait_until(lambda: is_done(almanac, run))
    assert almanac.run(run).attempts == 2


def test_a_worker_that_is_stopped_finishes_its_run(almanac: Installation) -> None:
    with slow_list() as server:
        almanac.add_feed(server.url)
        run = almanac.request()
        worker = almanac.start("worker")
        assert server.was_asked.wait(30)
        worker.popen.send_signal(signal.SIGTERM)
        wait_until(lambda: '"event": "worker stops"' in worker.said())
        server.may_answer.set()
        assert worker.popen.wait(20) == 0
    assert is_done(almanac, run)


def test_a_worker_in_a_hurry_gives_its_run_back(almanac: Installation) -> None:
    with slow_list() as server:
        almanac.add_feed(server.url)
        run = almanac.request()
        worker = almanac.start("worker")
        assert server.was_asked.wait(30)
        worker.popen.send_signal(signal.SIGINT)
        wait_until(lambda: '"event": "worker stops"' in worker.said())
        assert worker.stop() == 0
        back = almanac.run(run)
        assert (back.status, back.holder, back.attempts) == ("queued", None, 0)
        server.may_answer.set()
        almanac.start("worker")
        wait_until(lambda: is_done(almanac, run))


def test_one_of_many_server_processes_consumes_and_another_follows_it(
    almanac: Installation,
) -> None:
    ports = [free_port() for _ in range(3)]
    for port in ports:
        almanac.start("serve", "--port", str(port))
    wait_until(lambda: all(answers(port) for port in ports), 120)
    wait_until(almanac.consumers)
    with list_server() as server:
        almanac.add_feed(server.url)
        first = almanac.request()
        assert len(almanac.consumers()) == 1
        os.kill(almanac.consumers()[0], signal.SIGKILL)
        wait_until(lambda: len(almanac.consumers()) > 1)
        wait_until(lambda: is_done(almanac, first))
    assert len(set(almanac.consumers())) == 2
    for process in almanac.processes:
        process.popen.send_signal(signal.SIGINT)
    assert {process.popen.wait(20) for process in almanac.processes} == {0}


def test_a_server_with_the_jobs_off_leaves_them_to_workers(almanac: Installation) -> None:
    port = free_port()
    almanac.start("serve", "--port", str(port), ALMANAC_JOBS="off")
    wait_until(lambda: answers(port), 40)
    with list_server() as server:
        almanac.add_feed(server.url)
        run = almanac.request()
        almanac.start("worker", "--threads", "1")
        wait_until(lambda: is_done(almanac, run))
    assert almanac.consumers() == []


def test_a_worker_does_not_start_on_a_database_that_was_not_migrated(tmp_path: Path) -> None:
    with installation(f"sqlite:///{tmp_path / 'almanac.db'}", tmp_path) as made:
        other = f"sqlite:///{tmp_path / 'empty.db'}"
        worker = made.start("worker", ALMANAC_DATABASE_URL=other)
        assert worker.popen.wait(20) == 1
        assert "run `almanac db upgrade` first" in worker.said()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5).is_success
    except httpx.HTTPError:
        return False
