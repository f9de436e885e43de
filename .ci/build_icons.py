"""Makes one SVG sprite of the icons that the console uses; called by vendor.py."""

from __future__ import annotations

import re
from pathlib import Path

BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
# Every outline icon carries the same invisible square; the sprite does not need it a hundred times.
SQUARE = re.compile(r'\s*<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')
LOOK = (
    'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round"'
)


def icon_names(list_file: Path) -> list[str]:
    lines = (line.strip() for line in list_file.read_text().splitlines())
    return sorted({line for line in lines if line and not line.startswith("#")})


def symbol(name: str, source: str) -> str:
    match = BODY.search(source)
    if match is None:
        raise ValueError(f"{name}: not an SVG file")
    shapes = re.sub(r"\s*\n\s*", "", SQUARE.sub("", match[1])).strip()
    return f'<symbol id="tabler-{name}" {LOOK}>{shapes}</symbol>'


def build_sprite(list_file: Path, icons: Path, version: str) -> bytes:
    """The sprite's bytes; raises FileNotFoundError for a name that is not an icon."""
    symbols = [symbol(name, (icons / f"{name}.svg").read_text()) for name in icon_names(list_file)]
    head = (
        f"<!-- Tabler Icons {version}, MIT, see LICENSE.txt; built from static/icons.txt -->\n"
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
    )
    return (head + "\n".join(symbols) + "\n</svg>\n").encode()
