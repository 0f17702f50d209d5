#!/usr/bin/env bash
# Takes what runs of libFuzzer have learnt into the corpus: the smallest files that cover the same.
#
# Files whose names don't look like hashes were put there by hand, for a find, and stay.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

cargo fuzz build --sanitizer none
readarray -t targets < <(if [ $# -gt 0 ]; then printf '%s\n' "$@"; else cargo fuzz list; fi)
for target in "${targets[@]}"; do
    new=$(mktemp -d)
    mkdir -p "learnt/$target" "corpus/$target"
    program=$(find target -maxdepth 3 -path "target/*-*/release/$target" -type f | head -n 1)
    "$program" -set_cover_merge=1 -max_len=2048 "$new" "corpus/$target" "learnt/$target" \
        2>"learnt/$target.log"
    find "corpus/$target" -type f -regextype posix-extended -regex '.*/[0-9a-f]{40}' -delete
    # Of more than 150 some of every size.
    count=$(find "$new" -type f | wc -l)
    find "$new" -type f -printf '%s %p\n' | sort -n |
        awk -v n="$count" 'n <= 150 || int(NR * 150 / n) > int((NR - 1) * 150 / n) { print $2 }' |
        xargs -r cp -t "corpus/$target"
    rm -r "$new"
    echo "$target: $(find "corpus/$target" -type f | wc -l) files, $(du -sb "corpus/$target" | cut -f 1) bytes"
done
