"""Servers to measure, and the yardstick they are measured against.

The yardstick is a bare Flask "hello" page under gunicorn gthread 2x4, served and
asked in the same run, so that a slow or busy machine slows both.
"""

import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

HELLO = """
from flask import Flask
app = Flask("hello")
@app.get("/")
def hello():
    return "hello"
"""


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: list[str], port: int, env: Mapping[str, str], path: str) -> Iterator[None]:
    """Run a server until the block ends; wait until it answers ``path``."""
    process = subprocess.Popen(
        command,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(port, path, process)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _await(port: int, path: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with code {process.returncode}")
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not answer within a minute")


@contextmanager
def hello_server(folder: str) -> Iterator[int]:
    """The yardstick's server; gives its port."""
    port = free_port()
    Path(folder, "hello.py").write_text(HELLO, encoding="utf-8")
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "4"]
    command += ["-b", f"127.0.0.1:{port}", "--chdir", folder, "hello:app"]
    with serving(command, port, {}, "/"):
        yield port


@contextmanager
def almanac_server(env: Mapping[str, str]) -> Iterator[int]:
    """Almanac's own server on a database that is there already; gives its port."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", "2"]
    with serving(command, port, env, "/healthz"):
        yield port


class Browser:
    """One kept-alive connection that remembers cookies."""

    def __init__(self, port: int, headers: Mapping[str, str] | None = None) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = dict(headers or {})
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """One request; returns status, body and headers."""
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent = {**self.headers, **(cookie if self.cookies else {}), **headers}
        self.connection.request(method, path, body, sent)
        answer = self.connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.read(), answer.headers


def milliseconds(browser: Browser, path: str, count: int = 60, **headers: str) -> float:
    """The median time of a GET after ten to warm up; raises when an answer is no 200."""
    times = []
    for number in range(count + 10):
        start = time.perf_counter()
        status, _, _ = browser.ask("GET", path, **headers)
        if status != 200:
            raise RuntimeError(f"{path} answered {status}")
        if number >= 10:
            times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)
