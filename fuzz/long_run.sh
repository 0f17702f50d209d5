#!/usr/bin/env bash
# Runs targets with libFuzzer, one after the other: bash long_run.sh SECONDS [TARGET…]
#
# Goes on after a find, and ends with 1 if there was any. FUZZ_SANITIZER=address watches memory, too.
set -uo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

seconds=${1:-600}
shift || true
sanitizer=${FUZZ_SANITIZER:-none}
options=(--sanitizer "$sanitizer")
if [ "$sanitizer" != none ]; then
    # Sanitizers are an unstable option of the compiler's.
    export RUSTC_BOOTSTRAP=1
    options+=(--target-dir "target/$sanitizer")
fi
if [ $# -eq 0 ]; then
    readarray -t targets < <(cargo fuzz list)
    set -- "${targets[@]}"
fi
cargo fuzz build "${options[@]}" || exit 2

found=0
mkdir -p learnt artifacts
for target in "$@"; do
    mkdir -p "learnt/$target"
    log="learnt/$target.log"
    if cargo fuzz run "${options[@]}" "$target" "learnt/$target" "corpus/$target" -- \
        -max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -max_len=4096 -dict=words.dict \
        -print_final_stats=1 >"$log" 2>&1; then
        verdict=nothing
    else
        verdict="SOMETHING, see fuzz/$log"
        found=1
    fi
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    covered=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1)
    echo "$target: ${runs:-?} runs, ${covered:-cov: ?}, found $verdict"
done
exit "$found"
