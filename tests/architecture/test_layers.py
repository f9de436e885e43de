"""Imports run downwards, and one function writes."""

import ast

from importlinter.cli import lint_imports

from tests.support.paths import ROOT
from tests.support.sources import own_files, relative, syntax_tree


def test_import_contracts_hold() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


def calls(method: str) -> list[str]:
    return [
        f"{relative(path)}:{node.lineno}"
        for path in own_files(".py", "app/")
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == method
    ]


def test_there_is_one_commit() -> None:
    places = calls("commit")
    assert len(places) == 1, f"the one write path commits, nothing else does: {places}"
