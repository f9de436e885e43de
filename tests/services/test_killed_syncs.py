"""Syncs, approvals and reverts killed at random moments: nothing half done, nothing lost."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.killing import Victims, kill_loop
from tests.support.processes import Installation, installation

KILLS = {"sqlite": 35, "postgresql": 15}
MODELS = 150

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


def test_killed_at_any_moment_nothing_is_half_done_and_the_next_run_completes(
    almanac: Installation, engine_kind: str
) -> None:
    victims = Victims(almanac, random.Random(4), MODELS)
    victims.start()
    hits = kill_loop(victims, KILLS[engine_kind])
    assert hits["sync", "apply"] >= 1, hits
    assert hits["approve", "approve"] + hits["revert", "revert"] >= 1, hits
