#!/usr/bin/env bash
# Builds couplet if needed and runs its client; all arguments go to it.
# Received files go to downloads/ in the current directory unless --downloads says otherwise.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# Whoever wants nothing but errors, or nothing but events, wants nothing of the building either.
quiet=
for argument; do
    case $argument in
        --) break ;;
        -q | --quiet | --json) quiet=--quiet ;;
    esac
done
# One after the other: built at once, the relay (for --host) would get what only clients need.
for package in couplet-ui couplet-relay; do
    cargo build --release ${quiet:+"$quiet"} --package "$package" --manifest-path "$here/Cargo.toml"
done
# What couplet tells a friend to type is what was typed here.
export COUPLET_STARTED_AS="${COUPLET_STARTED_AS:-bash launch_client.sh}"
exec "${CARGO_TARGET_DIR:-$here/target}/release/couplet" "$@"
