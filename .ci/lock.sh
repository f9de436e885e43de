#!/bin/sh
# Writes the lock files again. They hold hashes for every platform and Python 3.11 to 3.14, and name
# no package index: whatever index pip or uv is set up with must deliver the same bytes.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}

compile pyproject.toml --group build -o requirements.lock
compile pyproject.toml --group build --group dev --constraints requirements.lock -o requirements-dev.lock
echo uv | compile - -o .ci/uv.lock
