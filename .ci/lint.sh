#!/bin/sh
# Runs every linter, also after one has failed, so that one run shows everything.
set -u
cd "$(dirname "$0")/.."
failed=

run() {
    echo "==> $*"
    "$@" || failed="$failed $(basename "$1")"
}

run .venv/bin/ruff check .
run .venv/bin/ruff format --check .
run .venv/bin/mypy
run .venv/bin/djlint --quiet --lint --allow-empty-input templates
run .venv/bin/python -m tests.support.templates
run .venv/bin/lint-imports --no-logo

if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
