"""The lock files hold what the project asks for."""

import re
import tomllib
from typing import Any

import pytest

from tests.support.paths import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUNTIME = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["build"]
DEVELOPMENT = RUNTIME + PROJECT["dependency-groups"]["dev"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[str, set[str]]:
    """Versions by name; a package may have one for older and one for newer Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"(?m)^([\w.-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / lock).read_text()
    ):
        found.setdefault(normal(name), set()).add(version)
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("requirements.lock", RUNTIME), ("requirements-dev.lock", DEVELOPMENT)],
    ids=["runtime", "development"],
)
def test_every_dependency_is_locked(lock: str, wanted: list[str]) -> None:
    names = {normal(re.split(r"[\[<>=~! ;]", requirement)[0]) for requirement in wanted}
    assert names - set(locked(lock)) == set(), "run `make lock`"


def test_development_runs_what_runs_in_production() -> None:
    development = locked("requirements-dev.lock")
    runtime = locked("requirements.lock")
    assert {name: development.get(name) for name in runtime} == runtime
