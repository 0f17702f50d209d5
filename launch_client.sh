#!/usr/bin/env bash
# Builds couplet if needed and runs its client; all arguments go to it.
# Received files go to downloads/ in the current directory unless --downloads says otherwise.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cargo build --release --manifest-path "$here/Cargo.toml"
exec "${CARGO_TARGET_DIR:-$here/target}/release/couplet" "$@"
