#!/usr/bin/env bash
# Installs the peers that couplet is measured beside: built programs into $COUPLET_PEERS (target/peers unless it
# is set), Debian's packages into the system. README.md says which.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$here/../../target}")
peers=$(realpath -m -- "${COUPLET_PEERS:-$target/peers}")
mkdir -p -- "$peers"

# One version of each for everybody, so that figures can be compared.
cargo install --locked --root "$peers" --target-dir "$peers/build" \
    magic-wormhole-cli@0.8.1 sendme@0.37.1 bore-cli@0.6.0
rm -rf -- "$peers/build"

python3 -m venv "$peers/venv"
"$peers/venv/bin/pip" install --quiet magic-wormhole==0.24.0 \
    magic-wormhole-mailbox-server==0.8.0 magic-wormhole-transit-relay==0.5.0

if command -v apt-get > /dev/null; then
    apt-get update
    apt-get install --yes --no-install-recommends \
        haproxy iproute2 netcat-openbsd openssh-client openssh-server rsync socat time
    echo "Debian may have started haproxy and sshd as services of this machine. The measures start their own;"
    echo "to stop these: systemctl disable --now haproxy ssh"
else
    echo "no apt-get: install haproxy, iproute2, OpenBSD's netcat, OpenSSH, rsync, socat and GNU time yourself" >&2
fi
echo "installed; now: COUPLET_PEERS=$peers $here/run.sh"
