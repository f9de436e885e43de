#!/bin/sh
# Prepares .venv: `.ci/install.sh runtime` for running Almanac, `.ci/install.sh dev` for its tests and
# linters as well. A stamp beside the packages makes a second call return at once.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
scope=${1:-runtime}
case "$scope" in
    runtime) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) echo "usage: .ci/install.sh runtime|dev" >&2; exit 2 ;;
esac

say() { echo "==> $*" >&2; }

# The first Python that is new enough. PYTHON=... chooses another one.
find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Almanac needs Python 3.11 or newer; none was found on the path (PYTHON=... names one)." >&2
    exit 1
}

# The stamp changes with the lock, the project file, the place and the interpreter.
stamp_value() {
    { cat "$1" pyproject.toml .ci/uv.lock; echo "$root"; .venv/bin/python -VV; } | cksum | tr -d '\n'
}

is_current() {
    [ -x .venv/bin/python ] && [ -x .venv/bin/almanac ] && [ -f ".venv/.stamp-$1" ] &&
        [ "$(cat ".venv/.stamp-$1")" = "$(stamp_value "$2")" ]
}

create_environment() {
    # An environment that was moved or whose Python is gone cannot be repaired.
    if [ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null &&
        grep -qsF "$root/.venv" .venv/bin/activate; then
        return
    fi
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        .ci/ensure-debian.sh "creating a Python environment" python3-venv
    fi
    say "creating .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
}

install_with_uv() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .ci/uv.lock &&
        VIRTUAL_ENV="$root/.venv" .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r "$lock" &&
        VIRTUAL_ENV="$root/.venv" .venv/bin/uv pip install --quiet --no-deps --no-build-isolation -e .
}

install_with_pip() {
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock" &&
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
}

is_current "$scope" "$lock" && exit 0
create_environment
say "installing $lock"
if ! install_with_uv; then
    say "uv did not manage it; once more with pip"
    install_with_pip
fi
stamp_value "$lock" >".venv/.stamp-$scope"
# The development lock holds everything of the runtime lock in the same versions.
[ "$scope" = runtime ] || stamp_value requirements.lock >.venv/.stamp-runtime
