#!/usr/bin/env bash
# Measures the finished program from outside: cold builds against jq on the same output, and a batch
# of 10,000 workflows written to a null sink. Needs hyperfine, jq and GNU time (Debian packages
# hyperfine, jq, time). Prints ratios; absolute times depend on the machine.
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in hyperfine jq /usr/bin/time; do
    command -v "$tool" > /dev/null || { echo "benches/run.sh needs $tool" >&2; exit 2; }
done
cargo build --release --quiet
wfc=$PWD/target/release/wfc
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), jq $(jq --version)"
for preset in presets/*.toml; do
    name=$(basename "$preset" .toml)
    "$wfc" build "$preset" -o "$out" > /dev/null
    # The manifest is removed before every run, so that both files are written and synced anew.
    hyperfine -N --warmup 3 --runs 40 --export-json "$out/times.json" \
        --prepare "rm -f $out/$name.wfc.json $out/$name.workflow_api.json" "$wfc build $preset -o $out" \
        --prepare "$wfc build $preset -o $out" "jq . $out/$name.workflow_api.json" > /dev/null 2>&1
    memory=$(/usr/bin/time -f %M "$wfc" build "$preset" -o "$out" 2>&1 > /dev/null)
    jq -r --arg name "$name" --arg memory "$memory" \
        '"\($name): wfc build takes \(.results[0].median / .results[1].median * 100 | round / 100) times the wall time of jq, peak memory \($memory | tonumber / 1024 * 10 | round / 10) MiB"' \
        "$out/times.json"
done

matrix() { # presets extending the cascade, with $1 combinations
    printf 'extends = "%s/presets/scail-uni3c-wan22.toml"\n[matrix]\nseed = [%s]\nuni3c_strength = [%s]\n' \
        "$PWD" "$(seq -s, 1 "$(($1 / 100))")" "$(seq -s, 0.01 0.01 1.00)"
}
rate() { # what, number of workflows, further arguments of `wfc build`
    local what=$1 count=$2 result
    shift 2
    result=$(/usr/bin/time -f '%e %M' taskset -c 0 "$wfc" build "$out/matrix.toml" -o - "$@" 2>&1 > /dev/null)
    echo "$count $result" | awk -v what="$what" '{
        printf "%d workflows (%s) on one core to a null sink: %d per second, peak memory %.1f MiB\n", $1, what, $1 / $2, $3 / 1024
    }'
}
for count in 1000 10000 100000; do
    matrix "$count" > "$out/matrix.toml"
    rate lists "$count"
done
rate "lists, --optimize" 100000 --optimize
{
    printf 'extends = "%s/presets/scail-uni3c-wan22.toml"\n' "$PWD"
    printf '[matrix]\nseed = { from = 1, count = 1000 }\nuni3c_strength = { from = 0.01, to = 1.0, step = 0.01 }\n'
    printf '[[ladder]]\nname = "draft"\nparams = { wan_steps = 8 }\n[[ladder]]\nname = "final"\n'
} > "$out/matrix.toml"
rate "ranges on two rungs" 200000
