"""Which Chromium the browser tests start, and how.

`python -m tests.support.browser` prints its path, or fails where there is none.
"""

import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# The shell first: the same engine without the browser's own windows and tabs, which nobody sees
# here and which cost a quarter of the time. It is also what Playwright brings for itself.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
)

# Whether a page is wider than its window.
# Asked after the next frame has been drawn: by then the window has its new width, also on a busy
# machine, and whatever observes sizes has been told of it.
SIDEWAYS = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() =>
  done(document.documentElement.scrollWidth > innerWidth))))"""

# They keep Chromium from talking to anybody but the tests. Playwright itself starts it without the
# sandbox, which neither root nor most containers could use.
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def find_chromium() -> str | None:
    """The path of an installed Chromium, or None where Playwright must use its own."""
    named = os.environ.get("ALMANAC_TEST_CHROMIUM")
    if named:
        return named
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch_arguments() -> dict[str, object]:
    """What Playwright's `launch` is given."""
    executable = find_chromium()
    return {"args": ARGUMENTS} | ({"executable_path": executable} if executable else {})


def show_in(page: "Page", theme: str) -> None:
    """From the next page on, what is shown has these colours: light or dark."""
    page.add_init_script(f"localStorage.setItem('almanac-theme', '{theme}')")


def scroll_table(page: "Page", left: int, top: int) -> list[int]:
    """Scrolls the table and says where it then is, in CSS pixels from its left and its top.

    For a moment after the page has come, rows below the window are not laid out: a person's wheel
    would bring them, a script's scrolling has to wait for them.
    """
    from playwright.sync_api import expect

    expect(page.locator("[data-grid]")).not_to_have_class(re.compile("is-opening"))
    scroller = page.locator(".grid-scroll")
    scroller.evaluate("(table, [left, top]) => table.scrollTo(left, top)", [left, top])
    return table_place(page)


def table_place(page: "Page") -> list[int]:
    """How far the table is scrolled, in CSS pixels from its left and its top."""
    place: list[int] = page.locator(".grid-scroll").evaluate("t => [t.scrollLeft, t.scrollTop]")
    return place


def main() -> int:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium() or playwright.chromium.executable_path
    print(path)
    return 0 if Path(path).exists() else 1


if __name__ == "__main__":
    sys.exit(main())
