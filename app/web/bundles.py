"""One style sheet and one script for every page, put together from the files in `static/`.

A page that asks for thirty small files waits for each of them. The parts stay the files that people
edit: they are joined when the first browser asks, in the process that answers. That is forty lines
here instead of a bundler, a package manager and a build step for everybody who runs Almanac.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from app.web.css_subset import subset, without_unread_properties

# What every page uses, and what the tables use: they are where people spend the day.
STYLES = ("almanac", "find", "grid", "live", "table", "bulk")
TABLER = "vendor/tabler/tabler.min.css"
SCRIPT = "almanac"
BUNDLES = ("css/console.css", "js/console.js")

_COMMENT = re.compile(r"/\*.*?\*/\s*", re.DOTALL)
_REMARK = re.compile(r"^[ \t]*//.*\n", re.MULTILINE)  # a line that says nothing to a browser
_IMPORT = re.compile(r'^import (?:\{ ([\w, ]+) \} from )?"\./([\w-]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|let|class) (\w+))", re.MULTILINE)
_UNKNOWN = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_SOURCES = (("templates", "*.html"), ("static/js", "*.js"), ("app", "*.py"))
_WORD = re.compile(r"-?[A-Za-z_][\w-]*")


@lru_cache(maxsize=16)
def bundle(name: str, folder: Path) -> bytes:
    """The content of one of `BUNDLES`; `folder` is where the static files lie."""
    made = _styles(folder) if name.endswith(".css") else _script(folder / "js")
    return made.encode()


def _styles(folder: Path) -> str:
    every = "".join(sheet.read_text() for sheet in sorted((folder / "css").glob("*.css")))
    tabler = subset((folder / TABLER).read_text(), _words(folder.parent))
    own = [_COMMENT.sub("", (folder / f"css/{name}.css").read_text()) for name in STYLES]
    return "\n".join([without_unread_properties(tabler, every), *own])


def _words(root: Path) -> set[str]:
    """Every word of the templates, scripts and modules: a class in none of them is not used."""
    found: set[str] = set()
    for folder, pattern in _SOURCES:
        for file in (root / folder).rglob(pattern):
            found.update(_WORD.findall(file.read_text(encoding="utf-8")))
    return found


def _script(folder: Path) -> str:
    """The modules that `almanac.js` imports, each after those that it imports itself."""
    parts: dict[str, str] = {}
    _add(folder, SCRIPT, parts, ())
    return "\n".join(parts.values())


def _add(folder: Path, name: str, parts: dict[str, str], above: tuple[str, ...]) -> None:
    if name in parts:
        return
    if name in above:
        raise ValueError(f"static/js/{name}.js imports itself through {', '.join(above)}")
    source = (folder / f"{name}.js").read_text(encoding="utf-8")
    for needed in _IMPORT.finditer(source):
        _add(folder, needed[2], parts, (*above, name))
    parts[name] = _wrapped(name, source)


def _wrapped(name: str, source: str) -> str:
    """The module as a function's result: its names stay its own, what it exports is handed out."""
    exported = ", ".join(match[1] for match in _EXPORT.finditer(source))
    body = _EXPORT.sub("", _IMPORT.sub(_imported, _REMARK.sub("", source)))
    if strange := _UNKNOWN.search(body):
        raise ValueError(f"static/js/{name}.js: the bundle does not know: {strange[0]}")
    return f"const {_variable(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();"


def _imported(match: re.Match[str]) -> str:
    return f"const {{ {match[1]} }} = {_variable(match[2])};" if match[1] else ""


def _variable(module: str) -> str:
    return "module_" + module.replace("-", "_")
