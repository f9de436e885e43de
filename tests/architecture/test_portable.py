"""What is committed means the same on every machine."""

import re
import stat

from tests.support.paths import ROOT
from tests.support.sources import FOREIGN, relative, tracked_files

# Put together here so that this file does not find itself.
MACHINE_PATHS = [re.compile(r"(?<![\w./-])/" + name + "/") for name in ("work", "root")]
REGISTRIES = [
    re.compile(re.escape(".".join(parts)))
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
    )
]


def matches(patterns: list[re.Pattern[str]]) -> list[str]:
    found = []
    for path in tracked_files():
        if relative(path).startswith(FOREIGN):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{relative(path)}: {m[0]}" for p in patterns if (m := p.search(text))]
    return found


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert matches(MACHINE_PATHS) == []


def test_no_file_names_a_package_registry() -> None:
    assert matches(REGISTRIES) == []


def test_locks_hold_hashes_and_no_addresses() -> None:
    for lock in ("requirements.lock", "requirements-dev.lock", ".ci/uv.lock"):
        text = (ROOT / lock).read_text()
        assert "://" not in text
        assert re.findall(r"(?m)^(?![ #]).*==.*(?<!\\)$", text) == [], "a line without hashes"


def test_scripts_can_be_run() -> None:
    scripts = [p for p in tracked_files() if p.parent.name == ".ci" and p.suffix in {"", ".sh"}]
    assert scripts
    assert [relative(p) for p in scripts if not p.stat().st_mode & stat.S_IXUSR] == []
