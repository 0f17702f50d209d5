#!/usr/bin/env bash
# How long each database takes to build from nothing, with how many packages; README.md says more.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
target=$(mktemp -d)
trap 'rm -rf -- "$target"' EXIT
TIMEFORMAT="%R s, %U s of processor time"
cargo fetch --locked --quiet
for database in redb sqlite; do
    arguments=(--release --locked --no-default-features --features "$database" --target-dir "$target/$database")
    packages=$(cargo tree --locked --no-default-features --features "$database" --prefix none --edges normal,build |
        sort -u | wc -l)
    echo "$database: $packages packages with this one, rustix and theirs"
    time cargo build --quiet "${arguments[@]}"
    du -k "$target/$database/release/couplet-store-bench" | cut -f 1 | sed 's/$/ KiB/'
done
