"""Vendored browser files are the ones their manifest names, with their licences."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.sources import own_files, relative, tracked_files

MANIFESTS = ("static/vendor/VENDOR.toml", "tests/browser/vendor/VENDOR.toml")
SPRITE = ROOT / "static/vendor/tabler-icons/sprite.svg"
USED_ICON = re.compile(
    r"""sprite\.svg#tabler-([a-z0-9-]+)|\bicon(?:\(|=|["']:)\s*["']([a-z0-9-]+)["']"""
)


def packages(manifest: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((ROOT / manifest).read_text())["package"]
    return found


def vendored(manifest: str) -> dict[Path, str]:
    folder = (ROOT / manifest).parent
    return {
        folder / file["path"]: file["sha256"]
        for package in packages(manifest)
        for file in package["file"]
    }


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_checksums_are_those_of_the_manifest(manifest: str) -> None:
    wrong = [
        relative(path)
        for path, digest in vendored(manifest).items()
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest
    ]
    assert wrong == []


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_nothing_lies_there_unnamed(manifest: str) -> None:
    folder = (ROOT / manifest).parent
    there = {path for path in tracked_files() if folder in path.parents}
    licences = {path for path in there if path.name == "LICENSE.txt"}
    assert there - licences == set(vendored(manifest)) - licences | {ROOT / manifest}


@pytest.mark.parametrize("manifest", MANIFESTS)
def test_every_package_brings_its_licence(manifest: str) -> None:
    folders = {path.parent for path in vendored(manifest)}
    assert [relative(f) for f in folders if not (f / "LICENSE.txt").is_file()] == []
    assert all(package["licence"] and package["version"] for package in packages(manifest))


def icon_list() -> list[str]:
    lines = (ROOT / "static/icons.txt").read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_the_sprite_is_built_from_the_list() -> None:
    assert re.findall(r'<symbol id="tabler-([^"]+)"', SPRITE.read_text()) == icon_list()


def test_every_icon_that_is_used_is_in_the_sprite() -> None:
    sources = own_files(".html", "templates/") + own_files(".js", "static/")
    sources += own_files(".py", "app/")
    used = {
        name: relative(path)
        for path in sources
        for match in USED_ICON.finditer(path.read_text(encoding="utf-8"))
        if (name := match[1] or match[2])
    }
    assert {n: p for n, p in used.items() if n not in icon_list()} == {}
