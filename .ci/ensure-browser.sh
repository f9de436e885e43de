#!/bin/sh
# Makes sure that the browser tests find a Chromium: one on the path, else Debian's, else Playwright's.
set -eu
cd "$(dirname "$0")/.."

# Playwright's driver is a Node.js program that is linked against libatomic.
if command -v apt-get >/dev/null; then
    .ci/ensure-debian.sh "Playwright's driver" libatomic1
fi

find_browser() {
    .venv/bin/python -m tests.support.browser 2>/dev/null
}

if ! find_browser >/dev/null; then
    # Not every release has the shell, which is the quicker of the two.
    .ci/ensure-debian.sh "the browser tests" chromium-headless-shell fonts-dejavu-core ||
        .ci/ensure-debian.sh "the browser tests" chromium fonts-dejavu-core ||
        .venv/bin/python -m playwright install chromium ||
        { echo "The browser tests need Chromium: install it, or name one in ALMANAC_TEST_CHROMIUM." >&2; exit 1; }
fi
