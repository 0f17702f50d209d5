#!/usr/bin/env bash
# Builds couplet if needed and runs its relay; all arguments go to it.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cargo build --release --manifest-path "$here/Cargo.toml"
exec "${CARGO_TARGET_DIR:-$here/target}/release/couplet-relay" "$@"
