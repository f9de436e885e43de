"""Which Chromium the browser tests start, and how.

`python -m tests.support.browser` prints its path, or fails where there is none.
"""

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

# As root Chromium has no sandbox; the rest keeps it from talking to anybody but the tests.
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
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    executable = find_chromium()
    return {"args": arguments} | ({"executable_path": executable} if executable else {})


def main() -> int:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium() or playwright.chromium.executable_path
    print(path)
    return 0 if Path(path).exists() else 1


if __name__ == "__main__":
    sys.exit(main())
