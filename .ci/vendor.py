"""Fetches the vendored browser files again from their npm packages.

    python .ci/vendor.py            fetch every package named in a VENDOR.toml
    python .ci/vendor.py icons      only rebuild the icon sprite from static/icons.txt
    python .ci/vendor.py --check    compare what lies here with the recorded checksums (no network)

A new version: change `version` in the VENDOR.toml, run this, look at the difference, commit both.
Needs `npm` for fetching; nothing else in the project does.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from build_icons import build_sprite

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = (ROOT / "static/vendor/VENDOR.toml", ROOT / "tests/browser/vendor/VENDOR.toml")


def unpack(package: str, version: str, folder: Path) -> Path:
    """Downloads one npm package into `folder` and returns where its files lie."""
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{package}@{version}"],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    target = folder / re.sub(r"\W+", "-", package)
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def produce(package: dict[str, Any], file: dict[str, Any], folder: Path) -> bytes:
    if file["source"] == "icons.txt":
        return build_sprite(ROOT / "static/icons.txt", folder / "icons/outline", package["version"])
    return (folder / file["source"]).read_bytes()


def fetch(manifest: Path, only: str | None) -> None:
    text = manifest.read_text()
    for package in tomllib.loads(text)["package"]:
        if only == "icons" and package["npm"] != "@tabler/icons":
            continue
        with tempfile.TemporaryDirectory() as temporary:
            folder = unpack(package["npm"], package["version"], Path(temporary))
            for file in package["file"]:
                path = manifest.parent / file["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(produce(package, file, folder))
                pattern = rf'(path = "{re.escape(file["path"])}".*?sha256 = ")[^"]*'
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                text = re.sub(pattern, rf"\g<1>{digest}", text, count=1, flags=re.DOTALL)
                print(f"{package['npm']} {package['version']}: {file['path']}")
    manifest.write_text(text)


def check(manifest: Path) -> int:
    wrong = 0
    for package in tomllib.loads(manifest.read_text())["package"]:
        for file in package["file"]:
            path = manifest.parent / file["path"]
            if hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
                wrong += 1
                print(f"{path.relative_to(ROOT)} is not what its VENDOR.toml says", file=sys.stderr)
    return wrong


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        return 1 if sum(check(manifest) for manifest in MANIFESTS) else 0
    for manifest in MANIFESTS:
        fetch(manifest, arguments[0] if arguments else None)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
