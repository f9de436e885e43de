"""The command `almanac`: results on stdout, the rest on stderr, exit codes 0, 1, 2."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from app.cli import almanac
from app.cli.sync import WORDS
from tests.support.paths import ROOT


class Shell:
    """Runs commands on a data folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.environ = {"ALMANAC_DATA_DIR": str(folder)}

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        foreign: dict[str, str | None] = dict.fromkeys(
            name for name in os.environ if name.startswith("ALMANAC_")
        )
        return CliRunner().invoke(almanac, arguments, input=stdin, env=foreign | self.environ)

    def ok(self, *arguments: str, stdin: str | None = None) -> str:
        result = self(*arguments, stdin=stdin)
        assert result.exit_code == 0, result.output
        return result.stdout


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """A command sets up the logging of its process, which here is the tests'."""
    root = logging.getLogger()
    handlers, level, config = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers, root.level = handlers, level
    structlog.configure(**config)


@pytest.fixture
def empty(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def shell(empty: Shell) -> Shell:
    empty.ok("db", "upgrade")
    return empty


def paths() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [()]
    for name, command in almanac.commands.items():
        found.append((name,))
        found += [(name, sub) for sub in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("path", paths(), ids=" ".join)
def test_every_command_explains_itself(empty: Shell, path: tuple[str, ...]) -> None:
    text = empty.ok(*path, "--help")
    assert text.startswith("Usage:")
    assert len(text.splitlines()) > 3


def test_help_is_quick() -> None:
    command = [sys.executable, "-c", "import sys; from app.cli import almanac; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert not loaded & {"flask", "sqlalchemy", "alembic", "httpx", "joserfc", "granian"}


def test_migrations_go_up_and_down(empty: Shell) -> None:
    assert "the database is at 0" in empty.ok("db", "upgrade")
    assert "the database is at 0" in empty.ok("db", "upgrade")
    assert empty.ok("db", "downgrade", "--to", "base") == "the database is at no migration\n"
    wrong = empty("db", "downgrade", "--to", "nothing")
    assert wrong.exit_code == 1
    assert wrong.stderr.startswith("error: cannot go back to 'nothing'")


def test_without_tables_one_line_says_what_to_do(empty: Shell) -> None:
    result = empty("feed", "list")
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert "almanac db upgrade" in line


def test_a_wrong_variable_is_one_line(empty: Shell) -> None:
    empty.environ["ALMANAC_PUBLIC_FEEDS"] = "maybe"
    for command in (("feed", "list"), ("serve",)):
        result = empty(*command)
        assert result.exit_code == 1
        expected = "error: ALMANAC_PUBLIC_FEEDS='maybe' is not accepted: true or false\n"
        assert result.stderr == expected


def test_users_are_made_with_a_given_or_a_new_password(shell: Shell) -> None:
    given = ("user", "create", "--email", "a@b.c", "--role", "admin", "--password-stdin")
    assert shell.ok(*given, stdin="long enough\n") == ""
    made = shell.ok("user", "create", "--email", "d@e.f", "--role", "viewer")
    assert len(made.strip()) >= 20
    again = shell(*given, stdin="long enough\n")
    assert again.exit_code == 1
    assert "there is a user a@b.c already" in again.stderr
    assert shell(*given[:3], "g@h.i", *given[4:], stdin="short\n").exit_code == 1


def test_a_token_alone_is_on_stdout(shell: Shell) -> None:
    text = shell.ok("token", "create", "--name", "robot", "--role", "viewer", "--days", "1")
    assert text.count(".") == 2
    assert len(text.split()) == 1
    assert shell.ok("token", "revoke", "robot") == ""
    assert shell("token", "revoke", "nobody").exit_code == 1


@pytest.mark.parametrize(
    "wrong",
    [
        ("nothing",),
        ("user", "create", "--email", "a@b.c"),
        ("user", "create", "--email", "a@b.c", "--role", "root"),
        ("token", "create", "--name", "x", "--role", "viewer", "--days", "0"),
        ("feed", "add", "x"),
        ("feed", "add", "x", "--kind", "openrouter", "--url", "http://a", "--file", "b"),
        ("feed", "add", "x", "--kind", "openrouter", "--mode", "sometimes"),
        ("sync", "--file", "x"),
        ("sync", "a", "b", "--file", "x"),
        ("serve", "--port", "99999"),
    ],
    ids=" ".join,
)
def test_wrong_use_is_exit_code_2(shell: Shell, wrong: tuple[str, ...]) -> None:
    result = shell(*wrong)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_feeds_are_listed_added_and_removed(shell: Shell) -> None:
    assert shell.ok("feed", "list") == ""
    shell.ok("feed", "add", "cloud", "--kind", "openrouter", "--url", "https://a.example/models")
    assert shell.ok("feed", "list") == "cloud\topenrouter\tauto\thttps://a.example/models\n"
    shell.ok("feed", "remove", "cloud")
    assert shell.ok("feed", "list") == ""
    assert shell("feed", "remove", "cloud").exit_code == 1
    assert shell("feed", "add", "x", "--kind", "carrier-pigeon").exit_code == 1


MODELS = {
    "object": "list",
    "data": [{"id": f"model-{n}", "object": "model", "created": 1, "owned_by": "x"} for n in "abc"],
}


def test_settings_of_a_feed_are_changed(shell: Shell) -> None:
    place = ("--url", "https://a.example/models", "--interval", "30", "--priority", "7")
    shell.ok("feed", "add", "cloud", "--kind", "openrouter", *place)
    wishes = ("mode=review", 'guards={"price_factor": 3}', "enabled=false", "url=null")
    shell.ok("feed", "edit", "cloud", *(word for wish in wishes for word in ("--set", wish)))
    assert shell.ok("feed", "list").startswith("cloud\topenrouter\toff\thttps://openrouter.ai/")
    for wrong in ("priority=high", "prority=1", "interval_minutes=1"):
        assert shell("feed", "edit", "cloud", "--set", wrong).exit_code == 1
    for unusable in (("cloud",), ("cloud", "--set", "priority")):
        assert shell("feed", "edit", *unusable).exit_code == 2
    assert shell("feed", "edit", "none", "--set", "priority=1").exit_code == 1
    assert shell("feed", "add", "x", "--kind", "litellm", "--interval", "1").exit_code == 1


def test_a_sync_says_one_line_per_feed(shell: Shell, tmp_path: Path) -> None:
    source = tmp_path / "models.json"
    source.write_text(json.dumps(MODELS))
    shell.ok("feed", "add", "local", "--kind", "openai_compatible", "--file", str(source))
    counts = "updated 0, protected 0, retired 0, reactivated 0, unchanged 0, quarantined 0"
    assert shell.ok("sync", "--dry-run") == f"local: added 3, {counts}\n"
    assert shell.ok("sync", "local") == f"local: added 3, {counts}\n"
    (result,) = json.loads(shell.ok("sync", "--json"))
    assert list(result)[:8] == ["feed", *WORDS]
    assert result["unchanged"] == 3
    assert result["error"] is None


def test_one_failing_feed_does_not_stop_the_others(shell: Shell, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(MODELS))
    bad.write_text("<html>")
    for path in (bad, good):
        shell.ok("feed", "add", path.stem, "--kind", "openai_compatible", "--file", str(path))
    result = shell("sync", "bad", "good", "--json")
    assert result.exit_code == 1
    first, second = json.loads(result.stdout)
    assert first["error"]
    assert first["added"] == 0
    assert (second["feed"], second["added"], second["error"]) == ("good", 3, None)
    assert result.stderr.startswith("error: bad: ")
    assert shell("sync", "nobody").exit_code == 1


def test_without_feeds_there_is_nothing_to_do(shell: Shell) -> None:
    assert shell.ok("sync") == ""
    assert json.loads(shell.ok("sync", "--json")) == []


def test_the_console_script_is_installed(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("almanac")
    started = time.perf_counter()
    done = subprocess.run([script, "--help"], capture_output=True, text=True, check=True)
    assert "Exit code 0: done" in done.stdout
    assert time.perf_counter() - started < 5
