#!/usr/bin/env bash
# Builds couplet's relay if needed and runs it; all arguments go to it.
# Built by itself, so that there is no code in it that could open what it moves.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
cargo build --release --package couplet-relay --manifest-path "$here/Cargo.toml"
# What it tells a friend to type is what starts a client here.
export COUPLET_STARTED_AS="${COUPLET_STARTED_AS:-bash launch_client.sh}"
exec "${CARGO_TARGET_DIR:-$here/target}/release/couplet-relay" "$@"
