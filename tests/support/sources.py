"""The files that belong to the project, for tests that police the house."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.paths import ROOT

FOREIGN = ("static/vendor/", "tests/browser/vendor/", "tests/data/")


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control and every new one that is not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return tuple(path for name in names if (path := ROOT / name).is_file())


def own_files(suffix: str, *folders: str) -> list[Path]:
    """Our own files of one kind, as opposed to vendored ones and samples."""
    return [
        path
        for path in tracked_files()
        if path.suffix == suffix
        and relative(path).startswith(folders or ("",))
        and not relative(path).startswith(FOREIGN)
    ]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def line_count(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function; decorators and docstring are not counted."""
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node, clean=False) is not None:
                first = node.body[0]
                lines -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield node.name, lines
