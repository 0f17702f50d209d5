#!/usr/bin/env bash
# Measures couplet beside its peers and the floor, and prints the tables; README.md says what and how.
#   benches/peers/run.sh [big|small|tiny|all] [--runs N] [--peers a,b,c]
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
root=$(cd -- "$here/../.." && pwd)
# Also makes it absolute: the programs run in directories of their own.
target=$(realpath -m -- "${CARGO_TARGET_DIR:-$root/target}")
peers=$(realpath -m -- "${COUPLET_PEERS:-$target/peers}")

for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
        exec python3 "$here/harness/main.py" --help
    fi
done
if [[ $EUID != 0 ]]; then
    echo "run.sh needs root, for a network of its own (see $here/README.md)" >&2
    exit 2
fi

cargo build --release --workspace --manifest-path "$root/Cargo.toml" --target-dir "$target"
cargo build --release --locked --manifest-path "$here/perfkit/Cargo.toml" --target-dir "$target/perfkit"

# Couplet's own programs come first, whatever is installed; sshd is not on every PATH.
export PATH="$target/release:$target/perfkit/release:$peers/bin:$PATH:$peers/venv/bin:/usr/sbin"
export PYTHONDONTWRITEBYTECODE=1
# Nothing leaves this machine, the ports are free, and whatever was started ends with the script.
exec unshare --net --pid --fork --mount-proc --kill-child \
    python3 "$here/harness/main.py" --home "$peers" "$@"
