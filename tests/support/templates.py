"""Finds in templates what the strict Content-Security-Policy would silently disable.

`python -m tests.support.templates` checks the folder `templates` and is part of `make lint`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import ROOT

NOT_MARKUP = re.compile(r"\{#.*?#\}|<!--.*?-->|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
FORBIDDEN = (
    (re.compile(r"\shx-on[:\-=]"), "hx-on needs eval: put the handler into static/js"),
    (re.compile(r"""\shx-[\w:.-]+\s*=\s*["']\s*(?:js|javascript):"""), "js: values need eval"),
    (
        re.compile(r"""\shx-trigger\s*=\s*(["'])[^"'\[]*\w\[(?!["'])"""),
        "trigger filters need eval: let the server or a module decide",
    ),
    (re.compile(r"\sstyle\s*=", re.IGNORECASE), "inline style is blocked: use a class"),
    (re.compile(r"<style\b", re.IGNORECASE), "style blocks are blocked: use static/css"),
    (
        re.compile(
            r"<script\b(?![^>]*\ssrc\s*=)(?![^>]*type\s*=\s*.application/json)", re.IGNORECASE
        ),
        "inline scripts are blocked: use static/js",
    ),
    (
        re.compile(r"<[a-z][^<>]*?\son[a-z]+\s*=", re.IGNORECASE),
        "inline event handlers are blocked: listen from static/js",
    ),
    (re.compile(r"""=\s*["']\s*javascript:""", re.IGNORECASE), "javascript: addresses are blocked"),
    (
        re.compile(r"""\s(?:src|hx-get)\s*=\s*["'](?:https?:)?//""", re.IGNORECASE),
        "the page loads from its own address only: vendor the file",
    ),
)


def blanked(text: str) -> str:
    """The markup alone: comments and template code give way to as many line breaks."""
    return NOT_MARKUP.sub(lambda match: "\n" * match[0].count("\n"), text)


def problems(text: str) -> Iterator[tuple[int, str]]:
    """Line number and advice for everything the policy would block."""
    text = blanked(text)
    for pattern, advice in FORBIDDEN:
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.end()) + 1, advice


def main(folder: Path = ROOT / "templates") -> int:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {advice}"
        for path in sorted(folder.rglob("*.html"))
        for line, advice in sorted(problems(path.read_text()))
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
