#!/usr/bin/env bash
# Runs all tests. Installs first what they need beside the Rust toolchain and is missing: Debian's packages, as
# root; pyzmq and axe-core go into target/. Arguments go to `cargo test`.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

has_pyzmq() { "${COUPLET_PYTHON:-python3}" -c 'import zmq' 2>/dev/null; }

# For tests/passwords.rs: a real keyring, on a session bus of its own.
missing=()
command -v gnome-keyring-daemon >/dev/null || missing+=(gnome-keyring)
command -v dbus-run-session >/dev/null || missing+=(dbus)
# For plain rooms: somebody else's program. (And C, whose compiler Rust links with.)
command -v nc >/dev/null || missing+=(netcat-openbsd)
# For the ZeroMQ door: clients that aren't couplet's, in C and in Python.
echo '#include <czmq.h>' | cc -E - >/dev/null 2>&1 || missing+=(libczmq-dev)
has_pyzmq || python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
# For the page: a browser, and what drives it.
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
axe=4.14.1
has_axe() { [ -n "${COUPLET_AXE:-}" ] || grep -qs "axe v$axe" target/axe/axe.min.js; }
has_axe || command -v npm >/dev/null || missing+=(npm)
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
if ((${#missing[@]})); then
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi
if ! has_pyzmq; then
    export COUPLET_PYTHON="$PWD/target/python/bin/python3"
    has_pyzmq || python3 -m venv target/python
    has_pyzmq || "$COUPLET_PYTHON" -m pip install --quiet pyzmq
fi
# It checks whether everybody can use the page. Nothing of it is run here.
if ! has_axe; then
    mkdir -p target/axe
    (cd target/axe && npm pack --silent "axe-core@$axe" >/dev/null)
    tar -xzf "target/axe/axe-core-$axe.tgz" -C target/axe --strip-components=1 package/axe.min.js package/LICENSE
fi

exec cargo test "$@"
