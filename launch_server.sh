#!/usr/bin/env bash
# Builds couplet's relay if needed and runs it; all arguments go to it.
# Built by itself, so that there is no code in it that could open what it moves.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cargo build --release --package couplet-relay --manifest-path "$here/Cargo.toml"
exec "${CARGO_TARGET_DIR:-$here/target}/release/couplet-relay" "$@"
