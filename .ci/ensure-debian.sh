#!/bin/sh
# Installs Debian packages that are missing: `.ci/ensure-debian.sh "what for" package...`
# Does nothing when they are all there; asks for no password and never upgrades anything.
set -eu

purpose=$1
shift
missing=
for package in "$@"; do
    if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
        missing="$missing $package"
    fi
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "Needed for $purpose:$missing. There is no apt-get here, please install the equivalent by hand." >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Needed for $purpose:$missing. Please run: sudo apt-get install$missing" >&2
    exit 1
fi

echo "==> apt-get install$missing (for $purpose)" >&2
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086  # a list of package names
if ! { $as_root apt-get update -qq &&
    $as_root apt-get install -y -qq --no-install-recommends $missing; } </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    echo "Could not install$missing, needed for $purpose." >&2
    exit 1
fi
